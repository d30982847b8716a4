"""Every tiny config is trained for real, by its own command, and its model answers through the embedded engine."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from schemas.training_report import TrainingReport
from serving.call_formats.open import open_call_format
from serving.embedded.load import load_model
from tests.training.example_rows import WEATHER, user, write_calls, write_chat, write_preferences

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "training" / "configs" / "tiny"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lora", "full", "special-tokens", "qwen-agent", "two-stage", "dpo"])
def test_a_tiny_config_trains_and_its_model_is_served(name: str, tiny_model: Path, tmp_path: Path) -> None:
    chat, calls = write_chat(tmp_path / "chat.parquet", 30), write_calls(tmp_path / "calls.parquet", 40)
    sources = {"data.0.path": calls}
    if name == "two-stage":
        sources = {"stages.0.data.0.path": chat, "stages.1.data.0.path": chat, "stages.1.data.1.path": calls}
    if name == "dpo":
        sources = {"data.0.path": write_preferences(tmp_path / "pairs.parquet", 24)}
    changes = {"base_model": tiny_model, "output": tmp_path / "model", "threads": 1, "max_tokens": 1024, **sources}
    words = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "training.run", str(CONFIGS / f"{name}.yaml"), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    report = TrainingReport.model_validate_json((tmp_path / "model" / "training.json").read_text())
    assert done.stdout.strip() == report.model_path
    stage = report.stages[-1]
    assert stage.losses[-1].loss < stage.losses[0].loss
    for folder in (report.model_path, tmp_path / "model"):
        loaded = load_model(folder)
        call_format = open_call_format(report.config.call_format)
        prompt = call_format.render([user("Weather in Rome?")], [WEATHER], loaded.tokenizer)
        ids = torch.tensor([loaded.tokenise(prompt)])
        assert loaded.model.generate(ids, max_new_tokens=8, do_sample=False).shape[1] > ids.shape[1]
