"""What a `train` job is, and the opening of a run at it."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from schemas.evaluation import Suite
from schemas.job import Job
from schemas.settings import Settings, load_settings
from schemas.training_report import TrainingReport
from tasks.run import RunContext, end_of, flow_occurrence, open_run
from tasks.training_plan import TrainingPlan
from warehouse.store import Warehouse

_MANIFEST = "manifest.json"


@dataclass(kw_only=True)
class TrainingRun(RunContext):
    """What the tasks of one `train` run share."""

    plan: TrainingPlan

    @property
    def log_path(self) -> Path:
        """Where the training process's words go."""
        return self.settings.home / "trainings" / f"{self.job_id}.log"


def find_documents_of(plan: TrainingPlan, warehouse: Warehouse) -> list[str]:
    """API documents that the plan's data sets were made from, as far as they are data sets of ours and still there."""
    found: dict[str, None] = {}
    for stage in plan.config.all_stages:
        for source in stage.data:
            manifest = next(
                (
                    each
                    for each in (Path(source.path) / _MANIFEST, Path(source.path).parent / _MANIFEST)
                    if each.is_file()
                ),
                None,
            )
            if manifest is not None:
                job_id = json.loads(manifest.read_text(encoding="utf-8")).get("job_id")
                rows = warehouse.read_named("documents_of_dataset", {"job_id": job_id})
                found |= dict.fromkeys(path for path in rows["document_path"] if Path(path).exists())
    return list(found)


class EvaluationAsked(NamedTuple):
    """How a trained model is scored."""

    model: str
    against: tuple[str, ...]
    apis: tuple[str, ...]
    suite: Suite


def evaluation_of(run: TrainingRun, training: TrainingReport, apis: Sequence[str], suite: Suite) -> EvaluationAsked:
    """The trained model beside its base; without documents the public tiers instead of the kinds.

    A base that is only a name on a hub is left out: it would have to be downloaded to be served here.
    """
    documents = tuple(apis) or tuple(find_documents_of(run.plan, run.warehouse))
    base = training.config.base_model
    against = (base,) if Path(base).is_dir() else ()
    return EvaluationAsked(training.model_path, against, documents, suite if documents else "tiers")


@contextlib.asynccontextmanager
async def open_training(plan: TrainingPlan, occurrence: str | None) -> AsyncIterator[TrainingRun]:
    """Open a run at the job that these words ask for."""
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    parameters = {"config": plan.config.model_dump(mode="json"), "data_sha256": plan.data_sha256}
    seed = plan.config.seed
    job = Job(flow="train", parameters=parameters, document_ids=(), seed=seed, occurrence=flow_occurrence(occurrence))
    async with open_run(warehouse, job, settings, {"config_path": str(plan.config_path)}) as base:
        run = TrainingRun(**vars(base), plan=plan)
        async with end_of(run):
            yield run
