"""What a `synth` job is, and the opening of a run at it."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar

from prefect.context import FlowRunContext

from prompts.render import prompt_hashes
from schemas.job import Job, SynthOptions
from schemas.settings import Settings, TeacherSettings, load_settings, load_teacher
from tasks.ingest import Ingested
from tasks.run import Progress, RunContext, open_run
from warehouse.store import Warehouse

PROGRESS: ContextVar[Progress | None] = ContextVar("progress", default=None)
"""Where progress is shown besides the Prefect UI; the command line sets it."""


def describe_job(
    options: SynthOptions, teacher: TeacherSettings, document_ids: Sequence[str], occurrence: str | None
) -> Job:
    """The job that these words ask for; places, budget and speed are not part of it."""
    parameters = {
        **options.model_dump(mode="json", exclude={"seed"}),
        "mix": {kind: weight for kind, weight in sorted(options.mix.items()) if weight},
        "writer_model": teacher.writer_model_name,
        "judge_model": teacher.judge_model_name,
        "temperature": teacher.temperature,
        "judge_temperature": teacher.judge_temperature,
        "max_tokens": teacher.max_tokens,
        "prompts": prompt_hashes(),
    }
    return Job(
        flow="synth",
        parameters=parameters,
        document_ids=tuple(sorted(document_ids)),
        seed=options.seed,
        occurrence=occurrence,
    )


def flow_occurrence(given: str | None) -> str | None:
    """What makes this job new: the word given, else a deployment's scheduled date (UTC), else nothing."""
    context = FlowRunContext.get()
    if given or context is None or context.flow_run is None or context.flow_run.deployment_id is None:
        return given
    moment = context.flow_run.expected_start_time
    return moment.date().isoformat() if moment else None


@contextlib.asynccontextmanager
async def open_synth(
    options: SynthOptions, ingested: Sequence[Ingested], occurrence: str | None, budget_usd: float | None
) -> AsyncIterator[RunContext]:
    """Open a run at the job that these words ask for, on the warehouse and the teacher of the environment."""
    settings, teacher = load_settings(Settings), load_teacher()
    document_ids = [one.document.document_id for one in ingested]
    job = describe_job(options, teacher, document_ids, flow_occurrence(occurrence))
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    progress = PROGRESS.get() or (lambda stage, done, total: None)
    async with open_run(warehouse, job, options, settings, teacher, budget_usd, progress) as run:
        yield run
