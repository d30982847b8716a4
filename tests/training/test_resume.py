"""A run that was killed goes on from its newest whole checkpoint to the same losses and the same weights."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.training_report import TrainingReport
from tests.training.example_rows import write_calls
from tests.training.runs import SMALL, have_same_weights, read_losses, run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("method", ["sft-lora", pytest.param("sft-full", marks=pytest.mark.slow)])
def test_a_run_goes_on_from_its_checkpoint(method: str, tiny_model: Path, tmp_path: Path) -> None:
    data = write_calls(tmp_path / "rows.parquet", 9)
    knobs: dict[str, Any] = {"method": method, "learning_rate": 1e-3, "steps": 6}
    knobs |= {"lora": {"dropout": 0.1}} if method == "sft-lora" else {}
    knobs |= {"checkpoint_every": 2, "checkpoints_kept": 3, "keep_checkpoints": True}
    whole = run(tiny_model, tmp_path / "whole", data, **knobs)
    run(tiny_model, tmp_path / "cut", data, **knobs)
    (tmp_path / "cut" / "training.json").unlink()
    (tmp_path / "cut" / "checkpoints" / "0-all" / "checkpoint-6" / "trainer_state.json").unlink()  # half written
    resumed = run(tiny_model, tmp_path / "cut", data, resume=True, **knobs)
    assert resumed.resumed_from == "stage all, checkpoint-4"
    assert read_losses(resumed) == read_losses(whole)
    assert have_same_weights(tmp_path / "cut", tmp_path / "whole")


def start(config: Path, *words: str) -> subprocess.Popen[str]:
    """The command, in a process group of its own."""
    command = [sys.executable, "-m", "training.run", str(config), *words]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sft-lora", "sft-full"])
def test_a_killed_run_resumes_to_the_same_losses_and_weights(method: str, tiny_model: Path, tmp_path: Path) -> None:
    data = write_calls(tmp_path / "rows.parquet", 30)
    values = {**SMALL, "learning_rate": 1e-3, "method": method, "data": [{"path": str(data)}], "steps": 400}
    values |= {"base_model": str(tiny_model), "checkpoint_every": 7}
    configs = {}
    for name in ("whole", "killed"):
        configs[name] = tmp_path / f"{name}.yaml"
        configs[name].write_text(yaml.safe_dump({**values, "output": str(tmp_path / name)}))
    process = start(configs["killed"])
    checkpoints = tmp_path / "killed" / "checkpoints" / "0-all"
    deadline = time.monotonic() + 240
    while not any(checkpoints.glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "killed" / "training.json").exists()
    refused = start(configs["killed"])
    _, said = refused.communicate(timeout=240)
    assert refused.returncode == 2
    assert "checkpoints of a run that did not end; add --resume" in said
    for name in ("killed", "whole"):
        process = start(configs[name], "--resume")
        _, said = process.communicate(timeout=480)
        assert process.returncode == 0, said
    files = [tmp_path / name / "training.json" for name in ("whole", "killed")]
    reports = [TrainingReport.model_validate_json(file.read_text()) for file in files]
    assert reports[1].resumed_from
    assert len(read_losses(reports[0])) == 400
    assert read_losses(reports[1]) == read_losses(reports[0])
    assert have_same_weights(tmp_path / "killed", tmp_path / "whole")
