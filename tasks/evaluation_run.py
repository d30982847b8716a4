"""What an `evaluate` job is, and the opening of a run at it."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from llm.client import TeacherClient, open_client
from schemas.evaluation import Case, Sampling, Score
from schemas.evaluation_options import EvaluationOptions
from schemas.job import Job
from schemas.record import Record, content_id
from schemas.settings import EvaluateSettings, Settings, load_settings
from tasks.run import RunContext, end_of, flow_occurrence, open_run
from tasks.targets import KnownTarget, reach
from warehouse.store import Warehouse


class SuiteName(Record):
    """Which cases exactly."""

    version: str
    hash: str


@dataclass(frozen=True)
class Contestant:
    """A model that is being asked."""

    target: KnownTarget
    settings: EvaluateSettings
    client: TeacherClient
    context: str
    """Makes its answers its own: the model's identity, and the occasion."""


@dataclass(kw_only=True)
class EvaluationRun(RunContext):
    """What the tasks of one `evaluate` run share."""

    options: EvaluationOptions
    evaluation: EvaluateSettings
    suite: SuiteName
    cases: dict[str, Case] = field(default_factory=dict)
    """By case_id, for the report."""
    scores: dict[str, list[Score]] = field(default_factory=dict)
    """By the model's label, in order."""
    contestants: dict[str, Contestant] = field(default_factory=dict)
    """By label; those that were asked so far, their clients closed."""
    open_faults: int = 0
    """Cases without an answer for a reason that may heal."""

    @property
    def draws(self) -> list[tuple[Sampling, int]]:
        """Every pass over the cases."""
        return [(sampling, repeat) for sampling in self.options.samplings for repeat in range(self.options.repeats)]

    @contextlib.asynccontextmanager
    async def ask(self, target: KnownTarget) -> AsyncIterator[Contestant]:
        """Open the way to one model; what it answers is journalled and stored like any paid answer."""
        async with contextlib.AsyncExitStack() as opened:
            with self.timed("serve"):
                endpoint = await opened.enter_async_context(reach(target, self.settings, self.evaluation))
            asking = open_client(endpoint, self.journal, job_id=self.job_id, run_id=self.run.run_id)
            client = await opened.enter_async_context(asking)
            self.clients.append(client)
            # An address may answer otherwise in the next job; a folder's answers are the same for every job.
            occasion = self.job_id if target.fingerprint is None else self.job.occurrence
            serving = target.serving or self.options.serving
            context = content_id(target.identity, serving.model_dump(), occasion)
            contestant = Contestant(target, endpoint, client, context)
            self.contestants[target.label] = contestant
            self.scores[target.label] = []
            try:
                yield contestant
            finally:
                await self.commit([])
                self.clients.remove(client)


def describe_job(
    options: EvaluationOptions,
    targets: Sequence[KnownTarget],
    suite: SuiteName,
    occurrence: str | None,
    warehouse: Warehouse,
) -> Job:
    """The job that these words ask for.

    An address may answer differently tomorrow, so an evaluation of one that has ended is not the same work again; one
    that was interrupted is. A folder is known by its content and gives the same job until it changes.
    """
    parameters = {
        **options.model_dump(mode="json", exclude={"targets"}),
        "targets": [target.model_dump(mode="json") for target in targets],
        "suite_version": suite.version,
        "suite_hash": suite.hash,
    }
    parameters["asked"] = content_id(parameters, occurrence)
    if any(target.fingerprint is None for target in targets):
        ended = warehouse.read_named("ended_evaluations", {"asked": parameters["asked"]})["ended"][0]
        occurrence = " ".join(filter(None, (occurrence, f"run {ended + 1}"))) if ended else occurrence
    return Job(flow="evaluate", parameters=parameters, document_ids=(), seed=0, occurrence=occurrence)


@contextlib.asynccontextmanager
async def open_evaluation(
    options: EvaluationOptions,
    targets: Sequence[KnownTarget],
    suite: SuiteName,
    occurrence: str | None,
) -> AsyncIterator[EvaluationRun]:
    """Open a run at the job that these words ask for."""
    settings, evaluation = load_settings(Settings), load_settings(EvaluateSettings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    job = describe_job(options, targets, suite, flow_occurrence(occurrence), warehouse)
    described = {"evaluation": evaluation.model_dump(mode="json")}
    async with open_run(warehouse, job, settings, described) as base:
        run = EvaluationRun(**vars(base), options=options, evaluation=evaluation, suite=suite)
        async with end_of(run):
            yield run
