"""Run a stage as Prefect tasks over batches, enough of them at once to keep the endpoint busy."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

from llm.ask import Asked
from schemas.answer import Request
from schemas.errors import TransientError
from tasks.plan import Catalog
from tasks.run import RunContext
from tasks.synth_run import SynthRun

Item = TypeVar("Item")
Result = TypeVar("Result")


_GIVE_UP_SHARE = 0.05


class Batch(Generic[Item]):
    """What one task works on; a plain class, which Prefect passes on without walking through it (40 ms per 1k rows)."""

    def __init__(self, run: SynthRun, catalog: Catalog, items: Sequence[Item]) -> None:
        self.run = run
        self.catalog = catalog
        self.items = items


async def can_heal(_task: Any, _task_run: Any, state: Any) -> bool:
    """Prefect's retry condition: only errors of the family that may heal."""
    return isinstance(await state.aresult(raise_on_failure=False), TransientError)


HEALING: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [2, 8, 30],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": can_heal,
    "cache_policy": NO_CACHE,  # the answer journal is the cache; hashing rows would cost more than the task
    "persist_result": False,
}
"""Options of every batch task."""


async def run_batches(
    run: SynthRun,
    catalog: Catalog,
    stage: str,
    items: Sequence[Item],
    run_batch: Callable[[Batch[Item]], Awaitable[list[Result]]],
    requests_per_item: int = 1,
) -> list[Result]:
    """Call `run_batch` on slices of `items`; the results, in the order of the items.

    Two batches are always ahead of the requests that the client lets through, so that rendering and storing one hides
    behind the waiting of another.
    """
    size = run.settings.batch_size
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    slots = asyncio.Semaphore(2 + -(-run.teacher.concurrency // (size * requests_per_item)))
    bar = StageBar(run, stage, len(items))

    async def run_one(batch: Sequence[Item]) -> list[Result]:
        async with slots:
            results = await run_batch(Batch(run, catalog, batch))
        await bar.advance(len(batch))
        return results

    with run.timed(stage):
        await bar.start()
        results = await gather_all([run_one(batch) for batch in batches])
    if items:
        await asyncio.to_thread(run.log_event, "stage_ended", stage, items=len(items), batches=len(batches))
    return [result for batch in results for result in batch]


async def gather_all(work: Sequence[Awaitable[Result]]) -> list[Result]:
    """Like asyncio.gather, but the first error ends the others and is raised as it is."""
    running = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*running)
    except BaseException:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        raise


async def ask_all(questions: Sequence[Awaitable[Asked[Any]]]) -> list[Asked[Any]]:
    """Ask a batch; a question that fails to the last attempt while nearly all others are answered is given up.

    Otherwise one request that its endpoint can never answer would end the job, however often it is run again.

    Raises:
        TransientError: too many fail: the endpoint is down, not the question bad.
    """
    failures: list[TransientError] = []

    async def ask_one(question: Awaitable[Asked[Any]]) -> Asked[Any]:
        try:
            return await question
        except TransientError as error:
            failures.append(error)
            return Asked(None, "no_answer", str(error), ())

    answers = await gather_all([ask_one(question) for question in questions])
    if len(failures) > _GIVE_UP_SHARE * len(answers):
        raise failures[0]
    return answers


def repairs_of(answers: Iterable[Asked[Any]]) -> list[Request]:
    """The repair requests that were sent, to be stored like any other."""
    return [asked.repair_request for asked in answers if asked.repair_request is not None]


class StageBar:
    """Progress of one stage: a bar on the terminal and an artifact in the Prefect UI."""

    def __init__(self, run: RunContext, stage: str, total: int) -> None:
        self._run = run
        self._stage = stage
        self._total = total
        self._done = 0
        self._artifact: Any = None

    async def start(self) -> None:
        """Show an empty bar."""
        self._run.progress(self._stage, 0, self._total)
        if FlowRunContext.get() and self._total:
            self._artifact = await acreate_progress_artifact(
                progress=0.0,
                key=f"{self._run.job.flow}-{self._stage}",
                description=f"{self._stage}: {self._total} items",
            )

    async def advance(self, count: int) -> None:
        """Show that `count` more are done."""
        self._done += count
        self._run.progress(self._stage, self._done, self._total)
        if self._artifact:
            await aupdate_progress_artifact(self._artifact, progress=100 * self._done / self._total)
