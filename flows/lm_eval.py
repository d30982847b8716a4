"""A model's general ability by lm-evaluation-harness; every case is a row."""

import asyncio

from prefect import flow

from schemas.evaluation_options import FolderServing
from schemas.general import GeneralReport, describe_general
from tasks.evaluate_general import evaluate_general, open_general
from tasks.general_plan import plan_general


@flow(name="lm-eval", flow_run_name="{tasks}: {model}", persist_result=False)
async def lm_eval(
    model: str,
    tasks: str,
    limit: int | None = None,
    fewshot: int | None = None,
    serving: FolderServing | None = None,
    occurrence: str | None = None,
) -> GeneralReport:
    """Score a model on tasks of lm-evaluation-harness.

    Args:
        model: address, URL=model, folder, or name of a server that `callmill serve` runs.
        tasks: names of its tasks and YAML files of one's own, with commas; they must be answered in words
            (`generate_until`): a chat endpoint gives no likelihoods.
        limit: at most so many cases of each task.
        fewshot: solved examples before each question; none: as the task says.
        serving: how a folder is served.
        occurrence: makes this a new job each time it changes; a deployment's run takes its scheduled date.

    Raises:
        TerminalError: nothing answers, or the harness failed.
    """
    options = describe_general(model, tasks, limit, fewshot, serving)
    plan = await asyncio.to_thread(plan_general, options)
    async with open_general(options, plan, occurrence) as run:
        return await evaluate_general(run)
