"""What a `factory` job is, the opening of a run at it, and its end."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.context import FlowRunContext

from schemas.errors import FellShortError
from schemas.evaluation import EvaluationReport
from schemas.evaluation_options import FolderServing
from schemas.factory import FactoryReport, StageCost
from schemas.job import Job
from schemas.record import content_id
from schemas.report import SynthReport
from schemas.settings import Settings, load_settings
from schemas.training_report import TrainingReport
from tasks.factory_plan import FactoryOptions
from tasks.factory_tables import before_and_after, cost_rows
from tasks.run import RunContext, end_of, flow_occurrence, open_run
from tasks.targets import FREE_ENDING
from warehouse.store import Warehouse

_S_PER_HOUR = 3600


@dataclass(kw_only=True)
class FactoryRun(RunContext):
    """What the stages of one `factory` run share."""

    options: FactoryOptions

    def training_changes(self, made: SynthReport) -> list[str]:
        """Another data set or config gets another folder, so that nothing is overwritten."""
        options = self.options
        identity = content_id(options.config.model_dump(mode="json"), options.base_sha256, made.job_id)
        name = f"{Path(options.config_path).stem}-{identity[:8]}"
        return [*options.changes, f"output={self.settings.home / 'models' / name}"]

    def contestants(self, training: TrainingReport) -> list[str]:
        """The model and its base, with and without the grammar; a base that is only a name on a hub is left out."""
        base = training.config.base_model
        folders = [training.model_path, *([base] if Path(base).is_dir() else [])]
        return [f"{folder}{ending}" for folder in folders for ending in ("", FREE_ENDING)]

    def serving(self, training: TrainingReport) -> FolderServing:
        """How they are served while they are asked."""
        return FolderServing(engine=self.options.engine, call_format=training.config.call_format)


@contextlib.asynccontextmanager
async def open_factory(options: FactoryOptions, occurrence: str | None) -> AsyncIterator[FactoryRun]:
    """Open a run at the job that these words ask for; its stages are runs of their own."""
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    parameters = options.model_dump(mode="json")
    when = flow_occurrence(occurrence)
    job = Job(flow="factory", parameters=parameters, document_ids=(), seed=options.seed, occurrence=when)
    async with open_run(warehouse, job, settings, {}) as base:
        run = FactoryRun(**vars(base), options=options)
        async with end_of(run):
            try:
                yield run
            except FellShortError as error:
                run.log_event("fell_short", error=str(error))
                raise


async def report_factory(
    run: FactoryRun, made: SynthReport, training: TrainingReport, scored: EvaluationReport
) -> FactoryReport:
    """Add up the stages, show the tables in the UI, record the end."""
    taken = run.stage_seconds
    seconds = {
        "synth": taken["synth"],
        "train": taken["train"],
        "serve": scored.serve_seconds,
        "evaluate": taken["evaluate"] - scored.serve_seconds,
    }
    stages = tuple(
        StageCost(
            stage=stage,
            seconds=round(amount, 2),
            teacher_usd=made.cost_usd if stage == "synth" else None,
            machine_usd=_machine_usd(stage, amount, training.config.devices, run.options.gpu_usd_per_hour),
        )
        for stage, amount in seconds.items()
    )
    report = FactoryReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        stages=stages,
        seconds=round(sum(each.seconds for each in stages), 2),
        synth=made,
        training=training,
        evaluation=scored,
    )
    if FlowRunContext.get() is not None:
        await acreate_table_artifact(cost_rows(report), key="factory-stages", description=f"Stages, job {run.job_id}")
        await acreate_table_artifact(before_and_after(scored), key="factory-scores", description="Before and after, %")
        words = f"Model {training.model_path}\n\nReport {scored.report_path}"
        await acreate_markdown_artifact(words, key="factory-model", description="What came of it")
    run.log_event("ended", stages=[each.model_dump() for each in stages], model_path=training.model_path)
    return report


def _machine_usd(stage: str, seconds: float, devices: int, usd_per_hour: float | None) -> float | None:
    """Writing samples waits for an endpoint; the rest needs the GPUs, and only training all of them."""
    if usd_per_hour is None or stage == "synth":
        return None
    return seconds / _S_PER_HOUR * usd_per_hour * (devices if stage == "train" else 1)
