"""Preference pairs: the right answer to a question against wrong ones that were really given to it.

"Will it rain in Oslo?" with get_forecast(city="Oslo"), and a model's get_forecast(city="Rome"), become {"prompt": the
user's message, "chosen": the first call, "rejected": the second, "error_type": "value_error:string"}.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from eval.bfcl.judge import judge
from eval.tiers.own_cases import OwnSample, case_from_sample
from schemas.evaluation import Given, GivenCall
from schemas.function import Language
from schemas.preferences import LeftOut, Preference
from schemas.record import Record, content_id, json_text
from schemas.sample import Call, Kind

Message = dict[str, Any]


class Question(Record):
    """An accepted sample, as far as a pair needs it."""

    sample_id: str
    kind: Kind
    language: Language
    messages: tuple[Message, ...]
    """The last is the right answer."""
    tools: tuple[dict[str, Any], ...]
    written_by: str
    """The teacher that wrote the right answer."""


class JudgedAnswer(Record):
    """One answer that a model gave to a case in an evaluation."""

    case_id: str
    model: str
    fingerprint: str | None
    valid: bool | None
    is_disputed: bool
    error_type: str | None
    detail: str | None
    raw: str | None
    answer_id: str | None
    run_id: str
    question: Question | None
    """None: the case is none of our samples."""
    may_be_learnt: bool
    """Whether all that the case offers is of the train split."""


class Reject(Record):
    """Calls that a synth job rejected for an accepted sample's query."""

    calls: tuple[Call, ...]
    reason: str
    detail: str | None
    answer_ids: tuple[str, ...]
    run_id: str
    written_by: str


class Paired(NamedTuple):
    """The pairs, and what became of all that gave none."""

    pairs: tuple[Preference, ...]
    left_out: Counter[LeftOut]


def pair_answers(answers: Iterable[JudgedAnswer], model: str, chosen_from: str | None) -> Paired:
    """The right answer against every distinct wrong one of a model.

    Args:
        answers: of one evaluation, in the order of cases.
        model: whose wrong answers are taken.
        chosen_from: model whose own right answer to the case is preferred to the sample's, where it has given one:
            the model itself (rejection sampling) or an earlier checkpoint (bootstrapping). None: always the sample's.
    """
    given = list(answers)
    own: dict[str, Message] = {}
    for answer in given:
        if answer.model == chosen_from and answer.valid and not answer.is_disputed:
            message = read_message(answer.raw, answer.case_id)
            if message is not None:
                own.setdefault(answer.case_id, message)
    return _collect(_pair_answer(each, own.get(each.case_id), chosen_from) for each in given if each.model == model)


def _collect(made: Iterable[Preference | LeftOut]) -> Paired:
    pairs: dict[str, Preference] = {}
    left_out: Counter[LeftOut] = Counter()
    for each in made:
        if not isinstance(each, Preference):
            left_out[each] += 1
        elif each.pair_id in pairs:
            left_out["same_again"] += 1
        else:
            pairs[each.pair_id] = each
    return Paired(tuple(pairs.values()), left_out)


def _pair_answer(answer: JudgedAnswer, own: Message | None, chosen_from: str | None) -> Preference | LeftOut:
    question = answer.question
    if question is None:
        return "no_sample"
    if not answer.may_be_learnt:
        return "held_out"
    if answer.valid is None:
        return "no_verdict"
    if answer.valid or answer.is_disputed:
        return "right" if answer.valid else "disputed"
    rejected = read_message(answer.raw, question.sample_id)
    if rejected is None:
        return "unreadable"
    return _make_pair(
        question,
        own or question.messages[-1],
        rejected,
        source="answer",
        chosen_by=(chosen_from if own else None) or question.written_by,
        written_by=answer.model,
        fingerprint=answer.fingerprint,
        error_type=answer.error_type or "",
        detail=answer.detail,
        answer_ids=(answer.answer_id,) if answer.answer_id else (),
        answered_run_id=answer.run_id,
    )


def pair_rejects(rejects: Iterable[tuple[OwnSample, Question, Reject | None]]) -> Paired:
    """Accepted samples against what was rejected for the very same query.

    A reject counts as wrong only if BFCL's rules say so of its calls too: a duplicate, or what the judge doubted and
    the sample does as well, is no worse answer.
    """
    return _collect(_pair_reject(*each) for each in rejects)


def _pair_reject(sample: OwnSample, question: Question, reject: Reject | None) -> Preference | LeftOut:
    if reject is None:
        return "no_reject"
    spelled = tuple(GivenCall(name=call.name, arguments=json_text(call.arguments)) for call in reject.calls)
    verdict = judge(case_from_sample(sample), Given(calls=spelled)).verdict
    if verdict.valid is not False:
        return "not_wrong"
    calls = [{"name": call.name, "arguments": call.arguments} for call in spelled]
    return _make_pair(
        question,
        question.messages[-1],
        _assistant("", calls, question.sample_id),
        source="reject",
        chosen_by=question.written_by,
        written_by=reject.written_by,
        fingerprint=None,
        error_type=verdict.error_type or "",
        detail=f"{reject.reason}: {reject.detail or verdict.detail}",
        answer_ids=reject.answer_ids,
        answered_run_id=reject.run_id,
    )


def read_message(raw: str | None, sample_id: str) -> Message | None:
    """An answer as a message that can be learnt from, or None where its calls are no JSON objects."""
    message = json.loads(raw) if raw else {}
    calls = []
    for call in message.get("tool_calls") or ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            return None
        try:
            arguments = json.loads(function.get("arguments") or "")
        except (TypeError, ValueError):
            return None
        if not isinstance(arguments, dict):
            return None
        calls.append({"name": function["name"], "arguments": json_text(arguments)})
    content = message.get("content")
    return _assistant(content if isinstance(content, str) else "", calls, sample_id)


def _assistant(words: str, calls: Sequence[dict[str, str]], sample_id: str) -> Message:
    message: Message = {"role": "assistant", "content": words}
    if calls:
        message["tool_calls"] = [
            {"id": f"call_{sample_id[:8]}_{number}", "type": "function", "function": call}
            for number, call in enumerate(calls)
        ]
    return message


def _make_pair(question: Question, chosen: Message, rejected: Message, **facts: Any) -> Preference | LeftOut:
    if _meaning(chosen) == _meaning(rejected):
        return "same_again"
    return Preference(
        pair_id=content_id(question.sample_id, facts["written_by"], facts["fingerprint"], chosen, rejected),
        sample_id=question.sample_id,
        kind=question.kind,
        language=question.language,
        prompt=question.messages[:-1],
        tools=question.tools,
        chosen=chosen,
        rejected=rejected,
        **facts,
    )


def _meaning(message: Message) -> Any:
    """Words and calls; ids and the spelling of arguments are left out."""
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return message.get("content") or "", [(call["name"], json.loads(call["arguments"])) for call in calls]
