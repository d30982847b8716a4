"""One attempt at a job: its identity, its connections, its events."""

import asyncio
import contextlib
import importlib.metadata
import logging
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llm.client import TeacherClient, open_client
from llm.journal import Journal
from prompts.render import prompt_hashes
from schemas.answer import Request
from schemas.errors import BudgetSpentError, CallmillError, FellShortError
from schemas.job import Job, Run, RunEvent, SynthOptions
from schemas.record import Record
from schemas.sample import Cell, Pair, Sample
from schemas.settings import Settings, TeacherSettings
from schemas.verdict import Check
from tasks.check_arguments import ArgumentChecker
from tasks.job_lock import hold_job
from tasks.stored import read_answers, read_checks, read_pairs, read_repairs, read_samples, recover_answers
from warehouse.store import Warehouse

_PACKAGES = ["callmill", "prefect", "duckdb", "polars", "openai", "pydantic", "jsonschema-rs"]
_ROOT = Path(__file__).parent.parent

log = logging.getLogger("callmill")
log.setLevel(logging.INFO)

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) after every batch."""


@dataclass
class RunContext:
    """What the tasks of one run share."""

    warehouse: Warehouse
    job: Job
    run: Run
    settings: Settings
    teacher: TeacherSettings
    options: SynthOptions
    client: TeacherClient
    journal: Journal
    progress: Progress
    budget_usd: float | None = None
    started: float = field(default_factory=time.monotonic)
    arguments: ArgumentChecker = field(default_factory=ArgumentChecker)
    pairs: dict[Cell, Pair] = field(default_factory=dict)
    """Pairs asked for so far."""
    samples: dict[tuple[str, int], Sample] = field(default_factory=dict)
    """Candidates that earlier attempts have decided on, by kind and index."""
    checks: dict[str, Check] = field(default_factory=dict)
    """Semantic checks of earlier attempts, by sample."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """What each candidate so far says, to the first that said it."""
    budget_stop: str | None = None
    """Set when the budget ended the work."""
    stage_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """The job this run is an attempt at."""
        return self.run.job_id

    @property
    def plan_seed(self) -> str:
        """What candidates are drawn by: the seed, and a schedule's date if there is one."""
        return f"{self.options.seed}:{self.job.occurrence or ''}"

    async def commit(self, records: Iterable[Record]) -> None:
        """Store records together with the answers they were made from, so that neither exists without the other."""
        answers = self.client.take_unloaded()
        rows: list[Record] = [*records, *answers]
        try:
            await asyncio.to_thread(self.warehouse.commit, rows, self.job_id, self.run.run_id)
        except BaseException:
            self.client.put_back(answers)  # a retry commits its rows again, and must find their answers
            raise
        self.journal.mark_loaded(answers)

    async def recall(self, requests: Sequence[tuple[Request, int]]) -> None:
        """Give the client every answer to these that is stored, so that none is paid for again."""
        ids = [request.answer_id(draw) for request, draw in requests]
        self.client.remember(await asyncio.to_thread(read_answers, self.warehouse, ids))

    def log_event(self, event: str, stage: str | None = None, **detail: Any) -> None:
        """Append what happened, and say it in the log."""
        log.info("job %s, run %s: %s%s", self.job_id, self.run.run_id, event, f" ({stage})" if stage else "")
        happened = RunEvent(
            run_id=self.run.run_id, job_id=self.job_id, event_at=utc_now(), event=event, stage=stage, detail=detail
        )
        self.warehouse.commit([happened], self.job_id, self.run.run_id)

    @contextlib.contextmanager
    def until_budget(self) -> Iterator[None]:
        """Let a spent budget end the work without losing what is done."""
        try:
            yield
        except BudgetSpentError as error:
            self.budget_stop = str(error)

    @contextlib.contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add to the seconds of a stage."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.stage_seconds[stage] = self.stage_seconds.get(stage, 0.0) + time.monotonic() - started


def utc_now() -> str:
    """This moment, ISO 8601."""
    return datetime.now(UTC).isoformat()


def describe_run(job: Job, settings: dict[str, Any], parents: Sequence[str]) -> Run:
    """An attempt at a job, with what it runs on; secrets are masked by their type."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain")
    return Run(
        run_id=uuid.uuid4().hex[:20],
        job_id=job.job_id,
        flow=job.flow,
        started_at=utc_now(),
        settings=settings,
        git_commit=commit,
        is_dirty=None if changes is None else bool(changes),
        packages={name: importlib.metadata.version(name) for name in _PACKAGES},
        prompts=prompt_hashes(),
        seed=job.seed,
        parents=tuple(parents),
    )


@contextlib.asynccontextmanager
async def open_run(
    warehouse: Warehouse,
    job: Job,
    options: SynthOptions,
    settings: Settings,
    teacher: TeacherSettings,
    budget_usd: float | None,
    progress: Progress,
) -> AsyncIterator[RunContext]:
    """Record a run's start, lend its connections, record its end."""
    with hold_job(settings.journal_dir, job.job_id):
        run = describe_run(job, _describe_settings(settings, teacher, budget_usd), _earlier_runs(warehouse, job.job_id))
        recovered = recover_answers(warehouse, settings.journal_dir)
        warehouse.commit([job, run], job.job_id, run.run_id)
        with Journal(settings.journal_dir) as journal:
            client_opened = open_client(
                teacher,
                journal,
                job_id=job.job_id,
                run_id=run.run_id,
                spent_usd=_spent_usd(warehouse, job.job_id),
                budget_usd=budget_usd,
            )
            async with client_opened as client:
                client.remember(read_repairs(warehouse, [teacher.writer_model_name, teacher.judge_model_name]))
                context = RunContext(
                    warehouse, job, run, settings, teacher, options, client, journal, progress, budget_usd,
                    pairs=read_pairs(warehouse, job.job_id),
                    samples=read_samples(warehouse, job.job_id),
                    checks=read_checks(warehouse, job.job_id),
                )  # fmt: skip
                context.log_event("started", recovered_answers=recovered)
                async with _end_of(context):
                    yield context


@contextlib.asynccontextmanager
async def _end_of(context: RunContext) -> AsyncIterator[None]:
    """Whatever ends a run: its last answers are stored, and a failure is written down."""
    try:
        yield
    except FellShortError:
        raise
    except BaseException as error:
        words = str(error) if isinstance(error, CallmillError) else type(error).__name__
        context.log_event("failed", error=words)
        raise
    finally:
        await context.commit([])


def _describe_settings(settings: Settings, teacher: TeacherSettings, budget_usd: float | None) -> dict[str, Any]:
    return {
        "settings": settings.model_dump(mode="json"),
        "teacher": teacher.model_dump(mode="json"),  # the key is a SecretStr: it comes out as stars
        "budget_usd": budget_usd,
    }


def _earlier_runs(warehouse: Warehouse, job_id: str) -> list[str]:
    sql = "select run_id from core_runs where job_id = $job_id order by started_at"
    return warehouse.read(sql, {"job_id": job_id})["run_id"].to_list()


def _spent_usd(warehouse: Warehouse, job_id: str) -> float:
    sql = "select coalesce(sum(cost_usd), 0) as usd from raw_answers where job_id = $job_id"
    return float(warehouse.read(sql, {"job_id": job_id})["usd"][0])


def _git(*words: str) -> str | None:
    """What git says of our own checkout, or None where there is none."""
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *words], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
