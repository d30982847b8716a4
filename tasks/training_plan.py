"""What is to be trained on what; looked up before a Prefect server is started for it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UsageError
from schemas.settings import Settings, load_settings
from schemas.training import TrainConfig
from training.config import load_config
from training.rows import find_files, hash_files
from warehouse.store import Warehouse

NEWEST = "newest"


@dataclass(frozen=True)
class TrainingPlan:
    """A config and where it came from."""

    config_path: Path
    changes: tuple[str, ...]
    """knob=value over what the file says."""
    config: TrainConfig
    data_sha256: tuple[str, ...]
    """Of each source, in order."""


def place_data(config_path: Path, changes: Sequence[str], data: str | None) -> tuple[str, ...]:
    """Changes that make a data set the config's last source, where the calls are: earlier ones are chat.

    Each data set gets an output folder of its own, unless the changes name one.

    Args:
        config_path: YAML.
        changes: knob=value over what the file says.
        data: folder of a data set; newest: the one that `synth` wrote last; none: what the config names.

    Raises:
        UsageError: the config does not fit, or nothing was written yet.
    """
    if data is None:
        return tuple(changes)
    folder = _newest_data_set() if data == NEWEST else data
    config = load_config(config_path, changes)
    owner = f"stages.{len(config.stages) - 1}.data" if config.stages else "data"
    placed = (*changes, f"{owner}.{len(config.all_stages[-1].data) - 1}.path={json.dumps(folder)}")
    if any(change.startswith("output=") for change in changes):
        return placed
    return (*placed, f"output={config.output}-{hash_files(find_files(folder))[:8]}")


def _newest_data_set() -> str:
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    rows = warehouse.read_named("newest_data_set", {})
    if rows.is_empty():
        raise UsageError(
            f"The warehouse {settings.warehouse_path} knows no data set yet; run `callmill synth --apis PATH` first, "
            "or name a folder."
        )
    return str(rows["export_path"][0])


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
