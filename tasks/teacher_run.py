"""A run that asks the teacher: its client, its budget, and what was spent on the job before."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from llm.client import TeacherClient, open_client
from schemas.errors import BudgetSpentError
from schemas.job import Job
from schemas.settings import Settings, TeacherSettings
from tasks.run import RunContext, open_run
from warehouse.store import Warehouse


@dataclass(kw_only=True)
class TeacherRun(RunContext):
    """What every run shares that pays for answers."""

    teacher: TeacherSettings
    client: TeacherClient
    budget_usd: float | None = None
    budget_stop: str | None = None
    """Set when the budget ended the work."""

    @contextlib.contextmanager
    def until_budget(self) -> Iterator[None]:
        """Let a spent budget end the work without losing what is done."""
        try:
            yield
        except BudgetSpentError as error:
            self.budget_stop = str(error)


@contextlib.asynccontextmanager
async def open_teacher_run(
    warehouse: Warehouse,
    job: Job,
    settings: Settings,
    teacher: TeacherSettings,
    budget_usd: float | None,
    described: dict[str, Any],
) -> AsyncIterator[TeacherRun]:
    """Open a run at a job with a client to the teacher; `described` is what else it runs with."""
    described = {"teacher": teacher.model_dump(mode="json"), "budget_usd": budget_usd, **described}
    async with (
        open_run(warehouse, job, settings, described) as base,
        open_client(
            teacher,
            base.journal,
            job_id=job.job_id,
            run_id=base.run.run_id,
            spent_usd=_spent_usd(warehouse, job.job_id),
            budget_usd=budget_usd,
        ) as client,
    ):
        base.clients.append(client)
        yield TeacherRun(**vars(base), teacher=teacher, client=client, budget_usd=budget_usd)


def _spent_usd(warehouse: Warehouse, job_id: str) -> float:
    sql = "select coalesce(sum(cost_usd), 0) as usd from raw_answers where job_id = $job_id"
    return float(warehouse.read(sql, {"job_id": job_id})["usd"][0])
