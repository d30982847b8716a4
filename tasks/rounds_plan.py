"""What is asked of `rounds`; looked at before a Prefect server is started for it."""

from collections.abc import Sequence
from pathlib import Path

from schemas.errors import UsageError
from schemas.evaluation_options import FolderServing
from schemas.record import Record
from schemas.training import TrainConfig
from tasks.training_plan import TrainingPlan, place_data, read_plan
from training.config import load_config


class RoundsOptions(Record):
    """What was asked of `rounds`; everything here is part of the job's identity, documents and models by content."""

    config: TrainConfig
    """Of the supervised training; its output is the run's own."""
    data_sha256: tuple[str, ...]
    dpo_config_path: str
    dpo_config: TrainConfig
    dpo_changes: tuple[str, ...]
    apis: tuple[str, ...]
    """Documents whose functions are practised on (train split) and scored on (test split)."""
    rounds: int
    cases: int
    """Practice cases of a round."""
    samples: int
    """Scored cases."""
    draws: int
    """Answers to each practice case; above 1 they are sampled, and right ones of the model's own are preferred."""
    teacher: str | None
    """Folder of an earlier checkpoint whose right answers are preferred."""
    serving: FolderServing
    """How models are served while they practise."""
    max_tokens: int
    """Of an answer to a practice case."""
    seed: int
    """Of the practice cases; each round has its own."""


def plan_rounds(
    config: str,
    changes: Sequence[str],
    data: str | None,
    dpo_config: str,
    dpo_changes: Sequence[str],
    apis: Sequence[str],
    engine: str,
    backend: str,
    **numbers: object,
) -> tuple[TrainingPlan, RoundsOptions]:
    """Read both configs and look at the words, before anything is started.

    Args:
        config: of the supervised training.
        changes: knob=value over it.
        data: folder of a data set in the place of its last source.
        dpo_config: of every round's DPO; its model and data need not be there.
        dpo_changes: knob=value over it.
        apis: documents to practise and score on.
        engine: that serves models in practice.
        backend: of their token masks.
        numbers: the other fields of RoundsOptions.

    Raises:
        UsageError: the first config prefers, the second does not, a number is below 1, or the teacher is no folder.
    """
    plan = read_plan(config, place_data(Path(config), changes, data))
    loaded = load_config(Path(dpo_config), dpo_changes)
    if plan.config.method == "dpo":
        raise UsageError(f"{config} prefers answers (dpo); the rounds start from a supervised training.")
    if loaded.method != "dpo":
        raise UsageError(f"{dpo_config} has method {loaded.method}; expected dpo.")
    words = {
        "config": plan.config,
        "data_sha256": plan.data_sha256,
        "dpo_config_path": dpo_config,
        "dpo_config": loaded,
        "dpo_changes": tuple(dpo_changes),
        "apis": tuple(apis),
        "serving": {"engine": engine, "call_format": plan.config.call_format, "backend": backend},
    }
    options = RoundsOptions.model_validate({**words, **numbers})
    for name in ("rounds", "cases", "samples", "draws", "max_tokens"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(options, name)} is too few; ask for 1 or more.")
    if options.teacher is not None and not Path(options.teacher).is_dir():
        raise UsageError(f"The teacher {options.teacher} is no folder; name an earlier model's.")
    return plan, options
