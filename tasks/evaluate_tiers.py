"""The tiers: ask a model every case, judge every answer, store both."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from prefect import task
from prefect.cache_policies import NO_CACHE

from schemas.errors import TransientError
from schemas.evaluation import Case, Sampling, Score
from tasks.ask_cases import ask_cases, make_request
from tasks.batches import StageBar, gather_all
from tasks.evaluation_run import Contestant, EvaluationRun
from tasks.score_cases import score_answer

_BATCHES_AHEAD = 2
"""While one is judged and stored another is being answered."""


class _Pass(NamedTuple):
    """One draw over some cases."""

    cases: Sequence[Case]
    sampling: Sampling
    repeat: int


class _Batch:
    """What one task works on; a plain class, which Prefect passes on without walking through it."""

    def __init__(self, run: EvaluationRun, contestant: Contestant, part: _Pass) -> None:
        self.run = run
        self.contestant = contestant
        self.part = part


async def evaluate_tiers(run: EvaluationRun, contestant: Contestant, cases: Sequence[Case]) -> None:
    """Every draw of every case; stored answers of an interrupted run are not asked again.

    Raises:
        TerminalError: a whole batch got no answer.
    """
    size = run.settings.batch_size
    passes = [
        _Pass(cases[start : start + size], sampling, repeat)
        for sampling, repeat in run.draws
        for start in range(0, len(cases), size)
    ]
    bar = StageBar(run, "ask", len(cases) * len(run.draws))
    slots = asyncio.Semaphore(_BATCHES_AHEAD)

    async def score_one(part: _Pass) -> list[Score]:
        async with slots:
            scores = await ask_and_score(_Batch(run, contestant, part))
        await bar.advance(len(part.cases))
        return scores

    with run.timed(f"evaluate {contestant.target.label}"):
        await bar.start()
        done = await gather_all([score_one(part) for part in passes])
    run.scores[contestant.target.label] = [score for scores in done for score in scores]


@task(name="ask and score", cache_policy=NO_CACHE, persist_result=False)
async def ask_and_score(batch: _Batch) -> list[Score]:
    """Ask one batch, judge it, commit rows and answers together."""
    run, contestant, part = batch.run, batch.contestant, batch.part
    most = run.options.max_tokens
    requests = [make_request(case.messages, case.tools, contestant, part.sampling, most) for case in part.cases]
    await run.recall(contestant.client, [(request, part.repeat) for request in requests])
    answered = await ask_cases(contestant, part.cases, requests, part.repeat)
    run.open_faults += sum(isinstance(each.fault, TransientError) for each in answered)
    label = contestant.target.label
    scores = [score_answer(each, label, part.sampling, part.repeat) for each in answered]
    await run.commit([*part.cases, *requests, *scores])
    return scores
