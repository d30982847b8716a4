"""Judge answers: our scorer's verdict on each, as rows of the warehouse."""

from typing import Any

from eval.bfcl.judge import judge
from llm.replies import replace_surrogates
from schemas.evaluation import Case, Given, Judgement, Mode, Sampling, Score
from schemas.record import json_text
from tasks.ask_cases import Answered, read_message


def score_answer(answered: Answered, model: str, sampling: Sampling, repeat: int) -> Score:
    """The row of one answer to one case of the tiers."""
    case, given, answer, _ = answered
    judgement = judge(case, given)
    raw = json_text(read_message(answer)) if answer else given.error
    return make_score(
        case,
        judgement,
        model=model,
        mode="fc",
        sampling=sampling.name,
        repeat=repeat,
        raw=raw,
        answer_id=answer.answer_id if answer else None,
        latency_ms=answer.latency_ms if answer else None,
        prompt_tokens=answer.prompt_tokens if answer else None,
        completion_tokens=answer.completion_tokens if answer else None,
    )


def make_score(case: Case, judgement: Judgement, **fields: Any) -> Score:
    """A row whose verdict is our scorer's."""
    verdict = judgement.verdict
    return Score(
        case_id=case.case_id,
        suite=case.suite,
        category=case.category,
        valid=verdict.valid,
        error_type=verdict.error_type,
        reason=name_reason(verdict.error_type) or verdict.reason,
        outcome=judgement.outcome,
        step=judgement.step,
        detail=None if verdict.detail is None else replace_surrogates(verdict.detail),
        our_valid=verdict.valid,
        our_error_type=verdict.error_type,
        our_reason=verdict.reason,
        second_valid=judgement.second.valid,
        is_disputed=judgement.is_disputed,
        leniencies=judgement.leniencies,
        bfcl_valid=judgement.bfcl_valid,
        calls=None if judgement.calls is None else json_text(judgement.calls),
        **fields,
    )


def name_reason(error_type: str | None) -> str | None:
    """BFCL's error type without the checker's prefix, so that failures join our own rejects."""
    if error_type is None or error_type.startswith(("type_error:", "value_error:")):
        return error_type
    return error_type.partition(":")[2] or error_type


def judge_given(case: Case, given: Given, mode: Mode) -> Judgement:
    """Our scorer on an answer of the official harness, whose entries with tools have no dots in names."""
    return judge(case, given, mode, underscore_to_dot=mode == "fc")
