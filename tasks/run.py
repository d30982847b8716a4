"""One attempt at a job: its identity, its journal, its events. What a flow adds to it stands in `<flow>_run.py`."""

import asyncio
import contextlib
import importlib.metadata
import logging
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect.context import FlowRunContext

from llm.client import TeacherClient
from llm.journal import Journal
from prompts.render import prompt_hashes
from schemas.answer import Request
from schemas.errors import CallmillError, FellShortError
from schemas.job import Job, Run, RunEvent
from schemas.record import Record
from schemas.settings import Settings
from tasks.job_lock import hold_job
from tasks.stored import read_answers, recover_answers
from warehouse.store import Warehouse

_PACKAGES = ["callmill", "prefect", "duckdb", "polars", "openai", "pydantic", "jsonschema-rs"]
_ROOT = Path(__file__).parent.parent

log = logging.getLogger("callmill")
log.setLevel(logging.INFO)

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) after every batch."""

PROGRESS: ContextVar[Progress | None] = ContextVar("progress", default=None)
"""Where progress is shown besides the Prefect UI; the command line sets it."""


@dataclass
class RunContext:
    """What the tasks of one run share."""

    warehouse: Warehouse
    job: Job
    run: Run
    settings: Settings
    journal: Journal
    progress: Progress
    clients: list[TeacherClient] = field(default_factory=list)
    """Whoever is asked in this run; their answers are stored with the rows made from them."""
    started: float = field(default_factory=time.monotonic)
    stage_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """The job this run is an attempt at."""
        return self.run.job_id

    async def commit(self, records: Iterable[Record]) -> None:
        """Store records together with the answers they were made from, so that neither exists without the other."""
        taken = [(client, client.take_unloaded()) for client in self.clients]
        answers = [answer for _, some in taken for answer in some]
        rows: list[Record] = [*records, *answers]
        try:
            await asyncio.to_thread(self.warehouse.commit, rows, self.job_id, self.run.run_id)
        except BaseException:
            for client, some in taken:
                client.put_back(some)  # a retry commits its rows again, and must find their answers
            raise
        self.journal.mark_loaded(answers)

    async def recall(self, client: TeacherClient, requests: Sequence[tuple[Request, int]]) -> None:
        """Give a client every answer to these that is stored, so that none is paid for again."""
        ids = [request.answer_id(draw) for request, draw in requests]
        client.remember(await asyncio.to_thread(read_answers, self.warehouse, ids))

    def log_event(self, event: str, stage: str | None = None, **detail: Any) -> None:
        """Append what happened, and say it in the log."""
        log.info("job %s, run %s: %s%s", self.job_id, self.run.run_id, event, f" ({stage})" if stage else "")
        happened = RunEvent(
            run_id=self.run.run_id, job_id=self.job_id, event_at=utc_now(), event=event, stage=stage, detail=detail
        )
        self.warehouse.commit([happened], self.job_id, self.run.run_id)

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


def flow_occurrence(given: str | None) -> str | None:
    """What makes this job new: the word given, else a deployment's scheduled date (UTC), else nothing."""
    context = FlowRunContext.get()
    if given or context is None or context.flow_run is None or context.flow_run.deployment_id is None:
        return given
    moment = context.flow_run.expected_start_time
    return moment.date().isoformat() if moment else None


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
    warehouse: Warehouse, job: Job, settings: Settings, described: dict[str, Any]
) -> AsyncIterator[RunContext]:
    """Record a run's start and lend its journal; `described` is what it runs with, secrets masked by their type."""
    with hold_job(settings.journal_dir, job.job_id):
        described = {"settings": settings.model_dump(mode="json"), **described}
        run = describe_run(job, described, _earlier_runs(warehouse, job.job_id))
        recovered = recover_answers(warehouse, settings.journal_dir)
        warehouse.commit([job, run], job.job_id, run.run_id)
        with Journal(settings.journal_dir) as journal:
            progress = PROGRESS.get() or (lambda stage, done, total: None)
            context = RunContext(warehouse, job, run, settings, journal, progress)
            context.log_event("started", recovered_answers=recovered)
            yield context


@contextlib.asynccontextmanager
async def end_of(context: RunContext) -> AsyncIterator[None]:
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


def _earlier_runs(warehouse: Warehouse, job_id: str) -> list[str]:
    sql = "select run_id from core_runs where job_id = $job_id order by started_at"
    return warehouse.read(sql, {"job_id": job_id})["run_id"].to_list()


def _git(*words: str) -> str | None:
    """What git says of our own checkout, or None where there is none."""
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *words], capture_output=True, text=True, timeout=10, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
