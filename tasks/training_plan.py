"""What is to be trained on what; looked up before a Prefect server is started for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.training import TrainConfig
from training.config import load_config
from training.rows import find_files, hash_files


@dataclass(frozen=True)
class TrainingPlan:
    """A config and where it came from."""

    config_path: Path
    changes: tuple[str, ...]
    """knob=value over what the file says."""
    config: TrainConfig
    data_sha256: tuple[str, ...]
    """Of each source, in order."""


def read_plan(config_path: str, changes: Sequence[str]) -> TrainingPlan:
    """Read a config and look at its data.

    Raises:
        UsageError: the config or a file of its data is missing or does not fit.
    """
    config = load_config(Path(config_path), changes)
    hashes = [hash_files(find_files(source.path)) for stage in config.all_stages for source in stage.data]
    return TrainingPlan(Path(config_path), tuple(changes), config, tuple(hashes))


def estimate(config_path: Path, changes: Sequence[str]) -> str:
    """Expected memory and time, from the config alone."""
    from training.estimate import estimate_run

    config = load_config(config_path, changes)
    return estimate_run(config).describe(config)
