"""Configs load in milliseconds, say what is wrong with them, and every shipped one is loaded here."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.errors import UsageError
from schemas.training import TrainConfig
from training.config import load_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "training" / "configs"
SHIPPED = sorted(path for path in CONFIGS.rglob("*.yaml") if path.parent.name != "accelerate")
TWINS = {
    "lora": "qwen2.5-7b-lora",
    "full": "qwen2.5-7b-full",
    "special-tokens": "qwen2.5-7b-special-tokens",
    "qwen-agent": "qwen2.5-7b-qwen-agent",
    "two-stage": "qwen2.5-7b-two-stage",
    "dpo": "qwen2.5-7b-dpo",
}


def name_keys(value: Any) -> Any:
    """The keys of a config, without their values."""
    if isinstance(value, dict):
        return {key: name_keys(each) for key, each in value.items()}
    return (
        [name_keys(each) for each in value]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else None
    )


def test_there_are_as_many_configs_as_we_say() -> None:
    assert len(SHIPPED) == 16
    assert {path.stem for path in (CONFIGS / "tiny").iterdir()} == {*TWINS, "demo"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_config_loads_and_begins_with_its_command(path: Path) -> None:
    config = load_config(path)
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert f"training.run training/configs/{path.relative_to(CONFIGS).as_posix()}" in first
    launch = re.search(r"--config_file (\S+)", first)
    if launch:
        settings = yaml.safe_load((ROOT / launch[1]).read_text(encoding="utf-8"))
        assert settings["num_processes"] == config.devices
    knobs = [line for line in lines if re.match(r"\s*(- )?\w+: \S", line) and "- text:" not in line]
    assert [line for line in knobs if " # " not in line] == []


@pytest.mark.parametrize(("tiny", "big"), TWINS.items())
def test_a_tiny_twin_has_the_keys_of_the_big_one(tiny: str, big: str) -> None:
    first, second = (yaml.safe_load((CONFIGS / f"{name}.yaml").read_text()) for name in (f"tiny/{tiny}", big))
    assert name_keys(first) == name_keys(second)


def test_every_knob_says_what_it_does() -> None:
    assert [name for name, field in TrainConfig.model_fields.items() if not field.description] == []


def test_loading_imports_nothing_heavy() -> None:
    code = "import sys, training.config; print({'torch', 'transformers', 'datasets', 'pyarrow'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def write(path: Path, **values: Any) -> Path:
    """A config with these knobs."""
    (path / "config.yaml").write_text(
        yaml.safe_dump({"base_model": "base", "output": "out", "data": [{"path": "rows"}], **values})
    )
    return path / "config.yaml"


def test_changes_reach_into_the_config(tmp_path: Path) -> None:
    changes = ["data.0.path=there", "lora.r=4", "learning_rate=1.0e-3", "end_of_turn='<|end|>'"]
    config = load_config(write(tmp_path), changes)
    assert config.data[0].path == "there"
    assert config.lora is not None
    assert (config.lora.r, config.learning_rate, config.end_of_turn) == (4, 0.001, "<|end|>")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"learning_rat": 1}, "there is no knob 'learning_rat', did you mean 'learning_rate'"),
        ({"method": "sft"}, "method: Input should be 'sft-lora', 'sft-full' or 'dpo', and 'sft' came"),
        ({"batch_rows": 0, "seed": "x"}, "batch_rows: .*; seed: "),
        ({"data": []}, "give either data or stages"),
        ({"method": "sft-full", "lora": {"r": 2}}, "sft-full has no adapter"),
        ({"early_stop": 2}, "early_stop needs a validation_share"),
        ({"method": "dpo", "packing": True}, "dpo can't pack rows"),
        ({"attention": "blocked", "packing": True}, "blocked attention wants sft, packing: false"),
        ({"method": "sft-full", "weights": "4bit"}, "4bit weights can't be trained"),
        (
            {"data": [], "stages": [{"name": "a", "data": [{"path": "x", "share": 0.5}, {"path": "y"}]}]},
            "the shares of stage 'a' are .* give every source one",
        ),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        load_config(write(tmp_path, **values))


@pytest.mark.parametrize(
    ("change", "said"),
    [("lora", "changes nothing; write KNOB=VALUE"), ("data.3.path=x", "no place in the config"), ("a=[", "is no YAML")],
)
def test_a_wrong_change_is_said(change: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        load_config(write(tmp_path), [change])


def test_a_file_that_is_no_config_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(UsageError, match="holds list"):
        load_config(tmp_path / "list.yaml")
