"""General ability: lm-evaluation-harness against a model, its scores and every case as rows."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from eval.general.harness import Endpoint, run_harness
from eval.general.results import read_cases, read_results
from schemas.errors import TerminalError
from schemas.general import GeneralAnswer, GeneralOptions, GeneralReport, GeneralScore
from schemas.job import Job
from schemas.record import content_id
from schemas.settings import EvaluateSettings, Settings, load_settings
from tasks.general_plan import GeneralPlan
from tasks.run import RunContext, end_of, flow_occurrence, open_run
from tasks.targets import reach
from warehouse.store import Warehouse


@dataclass(kw_only=True)
class GeneralRun(RunContext):
    """What the tasks of one `lm-eval` run share."""

    options: GeneralOptions
    plan: GeneralPlan
    evaluation: EvaluateSettings

    @property
    def folder(self) -> Path:
        """Of the harness's own files."""
        return self.settings.home / "lm-eval" / self.job_id


@contextlib.asynccontextmanager
async def open_general(options: GeneralOptions, plan: GeneralPlan, occurrence: str | None) -> AsyncIterator[GeneralRun]:
    """Open a run at the job that these words ask for; a task file is part of it by its text."""
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    parameters = {
        "options": options.model_dump(mode="json"),
        "model": plan.target.identity,
        "harness": plan.harness.version,
        "task_files": [content_id(path.read_text(encoding="utf-8")) for path in options.task_files],
    }
    occurrence = flow_occurrence(occurrence)
    job = Job(flow="lm-eval", parameters=parameters, document_ids=(), seed=0, occurrence=occurrence)
    async with open_run(warehouse, job, settings, {"place": plan.target.place}) as base:
        run = GeneralRun(**vars(base), options=options, plan=plan, evaluation=load_settings(EvaluateSettings))
        async with end_of(run):
            yield run


@task(name="lm-evaluation-harness", cache_policy=NO_CACHE, persist_result=False)
async def evaluate_general(run: GeneralRun) -> GeneralReport:
    """Ask and score all tasks, store what came of it, and report it.

    Raises:
        TerminalError: the model does not come up, or the harness failed.
    """
    started = time.monotonic()
    target = run.plan.target
    async with reach(target, run.settings, run.evaluation) as asked:
        if asked.base_url is None or asked.model is None:
            raise TerminalError(f"{target.place} has no address; expected one that ends in /v1.")
        endpoint = Endpoint(
            url=asked.base_url,
            model=asked.model,
            key=asked.api_key.get_secret_value(),
            concurrency=asked.concurrency,
            timeout_s=asked.timeout_s,
            max_attempts=asked.max_attempts,
        )
        await run_harness(run.plan.harness, endpoint, run.options, run.folder)
    results = await asyncio.to_thread(read_results, run.folder)
    cases = await asyncio.to_thread(list, read_cases(run.folder, {result.task for result in results}))
    await run.commit(
        [
            *(GeneralScore(model=target.label, **dict(result)) for result in results),
            *(GeneralAnswer(model=target.label, **dict(case)) for case in cases),
        ]
    )
    report = GeneralReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        model=target.label,
        place=target.place,
        harness_version=run.plan.harness.version,
        results=results,
        seconds=round(time.monotonic() - started, 2),
        folder=str(run.folder),
        warehouse_path=str(run.warehouse.path),
    )
    run.log_event("ended", **report.model_dump(mode="json"))
    return report
