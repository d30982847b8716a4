"""Trains for real, in this process or in one of its own, and reads what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.training import TrainConfig
from schemas.training_report import TrainingReport
from training.run import train

SMALL = {"max_tokens": 512, "batch_rows": 2, "threads": 1, "use_gpu": False, "learning_rate": 0.01}
TOKENS = [
    {"text": '<tool_call>{"name": "', "mean_of": ["<tool_call>", "name"]},
    {"text": '", "arguments": '},
    {"text": "}</tool_call>"},
]
"""Marks of calls, as one token each."""


def make_config(base: Path, output: Path, data: Path | None, **values: Any) -> TrainConfig:
    """Few rows, few steps."""
    sources = [{"path": str(data)}] if data else []
    return TrainConfig.model_validate(
        {"base_model": str(base), "output": str(output), "data": sources, **SMALL, **values}
    )


def run(base: Path, output: Path, data: Path | None, *, resume: bool = False, **values: Any) -> TrainingReport:
    """Train in this process."""
    return train(make_config(base, output, data, **values), resume=resume, command="test", say=lambda text: None)


def read_losses(report: TrainingReport) -> list[float]:
    """Of every step of every stage."""
    return [each.loss for stage in report.stages for each in stage.losses]


def read_weights(folder: Path) -> Mapping[str, Any]:
    """Of a model's or an adapter's folder."""
    from safetensors.torch import load_file

    (file,) = folder.glob("*.safetensors")
    return load_file(file)


def have_same_weights(first: Path, second: Path) -> bool:
    """Whether two folders hold the very same numbers."""
    import torch

    one, other = read_weights(first), read_weights(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
