"""BFCL's own harness against a model, its verdicts as rows, our scorer's beside each."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from eval.official.categories import CASES
from eval.official.relay import RelayReply, RelayRequest, open_relay
from eval.official.results import OfficialCase
from eval.official.run import run_categories
from schemas.answer import Request
from schemas.errors import CallmillError, RequestRefusedError, TerminalError, TransientError
from schemas.evaluation import Mode, Sampling, Score
from tasks.ask_cases import ask_case, is_down, make_request, read_message
from tasks.batches import StageBar
from tasks.evaluation_run import Contestant, EvaluationRun
from tasks.official_plan import OfficialPlan
from tasks.score_cases import judge_given, make_score, name_reason
from tasks.stored import read_answers_of_job

_DEAD_AFTER = 32
"""So many cases in a row without an answer: the server is gone, or has never answered; else the cases are bad."""


async def evaluate_official(run: EvaluationRun, contestant: Contestant, plan: OfficialPlan) -> None:
    """Every draw of every category; what an interrupted run left is gone on from.

    Raises:
        TerminalError: the harness failed, or many cases in a row got no answer.
    """
    for sampling, repeat in run.draws:
        scores = await run_harness_pass(_Pass(run, contestant, plan, sampling, repeat))
        run.scores[contestant.target.label] += scores


class _Pass:
    def __init__(
        self, run: EvaluationRun, contestant: Contestant, plan: OfficialPlan, sampling: Sampling, repeat: int
    ) -> None:
        self.run = run
        self.contestant = contestant
        self.plan = plan
        self.sampling = sampling
        self.repeat = repeat


def pass_folder(run: EvaluationRun, contestant: Contestant, sampling: Sampling, repeat: int) -> Path:
    """Where the harness keeps one pass over the categories."""
    name = f"{run.options.mode}-{sampling.name}-{repeat}"
    return (run.settings.home / "bfcl" / run.job_id / contestant.target.identity / name).resolve()


@task(name="official harness", cache_policy=NO_CACHE, persist_result=False)
async def run_harness_pass(part: _Pass) -> list[Score]:
    """Run the harness once over all categories and commit what came of it."""
    run, contestant, options = part.run, part.contestant, part.run.options
    total = sum(min(CASES[each], options.limit or CASES[each]) for each in part.plan.categories)
    bar = StageBar(run, "ask", total)
    await bar.start()
    contestant.client.remember(await asyncio.to_thread(read_answers_of_job, run.warehouse, run.job_id))
    asker = _Asker(part, bar)
    folder = pass_folder(run, contestant, part.sampling, part.repeat)
    threads = contestant.settings.concurrency
    with run.timed(f"evaluate {contestant.target.label}"):
        async with open_relay(asker.ask) as relay:
            found = await run_categories(
                part.plan.harness, relay, options.mode, part.plan.categories, options.limit, folder, threads
            )
    cases = [case for category in part.plan.categories for case in found[category]]
    label = contestant.target.label
    scores = await asyncio.to_thread(_score_all, cases, label, options.mode, part.sampling, part.repeat)
    known = [case.case for case in cases if case.case is not None]
    run.cases |= {case.case_id: case for case in known}
    await run.commit([*known, *asker.requests.values(), *scores])
    return scores


class _Asker:
    """Answers the relay through our client."""

    def __init__(self, part: _Pass, bar: StageBar) -> None:
        self.requests: dict[str, Request] = {}
        self._part = part
        self._bar = bar
        self._faults: list[CallmillError] = []

    async def ask(self, asked: RelayRequest) -> RelayReply:
        """One answer, or the fault in its place.

        Raises:
            TerminalError: the server answers nobody.
        """
        part = self._part
        request = make_request(asked.messages, asked.tools, part.contestant, part.sampling, part.run.options.max_tokens)
        try:
            answer = await ask_case(part.contestant, request, part.repeat)
        except (TransientError, RequestRefusedError) as error:
            part.run.open_faults += isinstance(error, TransientError)
            self._faults.append(error)
            if len(self._faults) >= _DEAD_AFTER and is_down(self._faults, part.contestant):
                raise TerminalError(
                    f"{len(self._faults)} cases in a row got no answer from {part.contestant.target.place}: {error} "
                    "What was answered before is kept; run the same command again once the server is up."
                ) from error
            return RelayReply(error=str(error))
        finally:
            await self._bar.advance(1)
        self._faults.clear()
        self.requests[request.request_id] = request
        return RelayReply(
            message=read_message(answer),
            finish_reason=answer.finish_reason or "stop",
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )


def _score_all(cases: Iterable[OfficialCase], model: str, mode: Mode, sampling: Sampling, repeat: int) -> list[Score]:
    return [score_official(case, model, mode, sampling, repeat) for case in cases]


def score_official(official: OfficialCase, model: str, mode: Mode, sampling: Sampling, repeat: int) -> Score:
    """The row of one case: the official verdict, and ours beside it where the case is of one turn."""
    measured: dict[str, Any] = {
        "model": model,
        "mode": mode,
        "sampling": sampling.name,
        "repeat": repeat,
        "raw": official.raw,
        "answer_id": None,
        "latency_ms": official.latency_ms,
        "prompt_tokens": official.prompt_tokens,
        "completion_tokens": official.completion_tokens,
    }
    # A server's error is nobody's answer: BFCL may credit it, we do not.
    valid = None if official.is_error else official.valid
    verdict = {
        "valid": valid,
        "error_type": None if official.is_error else official.error_type,
        "reason": "server_error" if official.is_error else name_reason(official.error_type),
        "bfcl_valid": official.valid,
    }
    if official.case is not None and official.given is not None:
        judged = make_score(official.case, judge_given(official.case, official.given, mode), **measured)
        if valid is None and not official.is_error:  # the official checker raises there, and ours says why
            verdict["reason"] = judged.reason
        return judged.model_copy(update={**verdict, "detail": judged.detail or official.detail})
    return Score(
        case_id=official.case_id,
        suite="bfcl",
        category=official.category,
        outcome="server_error" if official.is_error else None,
        step=None,
        detail=official.detail,
        our_valid=None,
        our_error_type=None,
        our_reason="not_ours",
        second_valid=valid,
        is_disputed=False,
        leniencies=(),
        calls=None,
        **verdict,
        **measured,
    )
