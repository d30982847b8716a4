"""What a `synth` job is, and the opening of a run at it."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from prompts.render import prompt_hashes
from schemas.job import Job, SynthOptions
from schemas.sample import Cell, Pair, Sample
from schemas.settings import Settings, TeacherSettings, load_settings, load_teacher
from schemas.verdict import Check
from tasks.check_arguments import ArgumentChecker
from tasks.ingest import Ingested
from tasks.run import end_of, flow_occurrence
from tasks.stored import read_checks, read_pairs, read_repairs, read_samples
from tasks.teacher_run import TeacherRun, open_teacher_run
from warehouse.store import Warehouse


@dataclass(kw_only=True)
class SynthRun(TeacherRun):
    """What the tasks of one `synth` run share."""

    options: SynthOptions
    arguments: ArgumentChecker = field(default_factory=ArgumentChecker)
    pairs: dict[Cell, Pair] = field(default_factory=dict)
    """Pairs asked for so far."""
    samples: dict[tuple[str, int], Sample] = field(default_factory=dict)
    """Candidates that earlier attempts have decided on, by kind and index."""
    checks: dict[str, Check] = field(default_factory=dict)
    """Semantic checks of earlier attempts, by sample."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """What each candidate so far says, to the first that said it."""

    @property
    def plan_seed(self) -> str:
        """What candidates are drawn by: the seed, and a schedule's date if there is one."""
        return f"{self.options.seed}:{self.job.occurrence or ''}"


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
        # Chat is another flow's, and a change to it makes no call again.
        "prompts": {name: text for name, text in prompt_hashes().items() if not name.startswith("answer_chat")},
    }
    return Job(
        flow="synth",
        parameters=parameters,
        document_ids=tuple(sorted(document_ids)),
        seed=options.seed,
        occurrence=occurrence,
    )


@contextlib.asynccontextmanager
async def open_synth(
    options: SynthOptions, ingested: Sequence[Ingested], occurrence: str | None, budget_usd: float | None
) -> AsyncIterator[SynthRun]:
    """Open a run at the job that these words ask for, on the warehouse and the teacher of the environment."""
    settings, teacher = load_settings(Settings), load_teacher()
    document_ids = [one.document.document_id for one in ingested]
    job = describe_job(options, teacher, document_ids, flow_occurrence(occurrence))
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    async with open_teacher_run(warehouse, job, settings, teacher, budget_usd, {}) as base:
        base.client.remember(read_repairs(warehouse, [teacher.writer_model_name, teacher.judge_model_name]))
        run = SynthRun(
            **vars(base),
            options=options,
            pairs=read_pairs(warehouse, job.job_id),
            samples=read_samples(warehouse, job.job_id),
            checks=read_checks(warehouse, job.job_id),
        )
        async with end_of(run):
            yield run
