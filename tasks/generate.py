"""Ask the teacher for pairs: a query in a user's words and the call that answers it, from one function document.

One answer: {"query": "Will it rain in Lisbon tomorrow?", "calls": [{"name": "get_forecast", "arguments": {…}}]}
"""

import random
from collections.abc import Iterable
from typing import Any

from prefect import task

from llm.ask import Asked, ask, make_request
from prompts.render import load_lines, render
from schemas.answer import Request
from schemas.function import Function
from schemas.record import content_id
from schemas.sample import Cell, Pair, Plan, WrittenPair
from schemas.settings import TeacherSettings
from tasks.batches import HEALING, Batch, ask_all, repairs_of, run_batches
from tasks.check_arguments import ArgumentChecker
from tasks.plan import Catalog
from tasks.synth_run import SynthRun

PROMPT = "generate_pair.v1"
LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
_EXAMPLES = 2


def pair_request(cell: Cell, function: Function, seed: str, teacher: TeacherSettings) -> Request:
    """The question for one cell; few-shot examples, style and detail change from cell to cell."""
    rng = random.Random(f"{seed}/pair/{cell.function_id}/{cell.ordinal}")
    examples = [line for line in load_lines("few_shot.v1") if line["language"] == cell.language]
    required = function.parameters.get("required", [])
    has_optional = len(function.parameters.get("properties", {})) > len(required)
    rendered = render(
        PROMPT,
        examples=rng.sample(examples, _EXAMPLES),
        language_name=LANGUAGE_NAMES[cell.language],
        style=rng.choice(choices_of("style")),
        optional=rng.choice(choices_of("optional")) if has_optional else choices_of("optional")[0],
        variation=rng.randrange(1_000_000),
        function=function.tool["function"],
    )
    return make_request(
        rendered,
        model=teacher.writer_model_name,
        temperature=teacher.temperature,
        max_tokens=teacher.max_tokens,
        answer_model=WrittenPair,
    )


def choices_of(field: str) -> list[str]:
    """Texts of `styles.v1` for one field of a prompt."""
    return [line["text"] for line in load_lines("styles.v1") if line["field"] == field]


def read_pair(job_id: str, cell: Cell, function: Function, asked: Asked[WrittenPair], checker: ArgumentChecker) -> Pair:
    """Make a pair of an answer: accepted if it is one legal call of the function."""
    known: dict[str, Any] = {
        "pair_id": content_id(job_id, cell.function_id, cell.ordinal, cell.language),
        "function_id": cell.function_id,
        "ordinal": cell.ordinal,
        "language": cell.language,
        "answer_ids": asked.answer_ids,
    }
    written = asked.value
    if written is None:
        return Pair(
            **known, query=None, call=None, state="rejected", stage="generate", reason=asked.reason, detail=asked.detail
        )
    if len(written.calls) != 1:
        detail = f"{len(written.calls)} calls, expected 1"
        call = written.calls[0] if written.calls else None
        return Pair(
            **known,
            query=written.query,
            call=call,
            state="rejected",
            stage="check",
            reason="wrong_count",
            detail=detail,
        )
    call = written.calls[0]
    problem = checker.find_problem(call, function)
    if problem:
        return Pair(
            **known, query=written.query, call=call, state="rejected", stage="check",
            reason=problem.reason, detail=problem.detail,
        )  # fmt: skip
    return Pair(**known, query=written.query, call=call, state="accepted")


@task(name="generate batch", **HEALING)
async def generate_batch(batch: Batch[Cell]) -> list[Pair]:
    """Requests, answers and pairs of a batch of cells, stored in one commit."""
    run, cells = batch.run, batch.items
    functions = [batch.catalog.functions[cell.function_id] for cell in cells]
    requests = [
        pair_request(cell, function, run.plan_seed, run.teacher)
        for cell, function in zip(cells, functions, strict=True)
    ]
    await run.recall(run.client, [(request, 0) for request in requests])
    answers = await ask_all([ask(run.client, request, 0, WrittenPair) for request in requests])
    pairs = [
        read_pair(run.job_id, cell, function, asked, run.arguments)
        for cell, function, asked in zip(cells, functions, answers, strict=True)
    ]
    await run.commit([*requests, *repairs_of(answers), *pairs])
    return pairs


async def generate_pairs(run: SynthRun, catalog: Catalog, plans: Iterable[Plan]) -> None:
    """Fill `run.pairs` with every pair that these plans need and that is not there yet."""
    cells = dict.fromkeys(cell for plan in plans for cell in plan.cells)
    missing = [cell for cell in cells if cell not in run.pairs]
    pairs = await run_batches(run, catalog, "generate", missing, generate_batch)
    run.pairs.update(zip(missing, pairs, strict=True))
