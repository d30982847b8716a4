"""Recovery rows: a wrong call, the error that an API gives for it, and the call as it should have been.

user "Will it rain in Oslo?" → assistant get_forecast(days="3"), shown but not learnt → tool 'The arguments of …' →
assistant get_forecast(city="Oslo", days=3), learnt.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from schemas.function import Function
from schemas.preferences import LeftOut, Preference, RecoveryRow
from schemas.record import content_id, json_text
from schemas.sample import Call
from schemas.verdict import CallReason
from tasks.check_arguments import ArgumentChecker, CallProblem

_DONE = '{"status": "ok"}'
_UNKNOWN: CallReason = "wrong_func_name"


class Recovered(NamedTuple):
    """The rows, and what became of the pairs that gave none."""

    rows: tuple[RecoveryRow, ...]
    left_out: Counter[LeftOut]


class _Attempt(NamedTuple):
    """What came of the wrong calls."""

    results: tuple[str, ...]
    reason: str
    """Of the first refusal."""
    left: tuple[Call, ...]
    """Right calls that are still to be made."""


def recover_pairs(pairs: Iterable[Preference]) -> Recovered:
    """A row for every pair whose wrong calls an API would refuse.

    A call that is legal and not what was asked for is carried out by a real API without a word, so it teaches no
    recovery; a right call beside a refused one is carried out and not made again.
    """
    checker = ArgumentChecker()
    rows: list[RecoveryRow] = []
    left_out: Counter[LeftOut] = Counter()
    for pair in pairs:
        attempt = _try_calls(pair, checker)
        if attempt is None:
            left_out["no_refusal"] += 1
        else:
            rows.append(_make_row(pair, attempt))
    return Recovered(tuple(rows), left_out)


def _try_calls(pair: Preference, checker: ArgumentChecker) -> _Attempt | None:
    left = _calls_of(pair.chosen)
    results: list[str] = []
    reasons: list[str] = []
    for place, call in enumerate(_calls_of(pair.rejected)):
        problem = find_refusal(call, pair.tools, checker)
        if problem is not None:
            results.append(refusal_text(call, problem, form=int(content_id(pair.pair_id, place)[:8], 16)))
            reasons.append(problem.reason)
        elif call in left:
            left.remove(call)
            results.append(_DONE)
        else:
            return None
    return _Attempt(tuple(results), reasons[0], tuple(left)) if reasons and left else None


def find_refusal(call: Call, tools: Iterable[dict[str, Any]], checker: ArgumentChecker) -> CallProblem | None:
    """Why an API refuses a call: no such function, or arguments outside its schema; None: it carries it out."""
    offered = {tool["function"]["name"]: tool["function"] for tool in tools}
    if call.name not in offered:
        return CallProblem(_UNKNOWN, f"There is no function '{call.name}'.")
    function = offered[call.name]
    known: dict[str, Any] = {"name": function["name"], "parameters": function["parameters"]}
    # The checker reads these and the id alone.
    return checker.find_problem(call, Function.model_construct(function_id=content_id(function), **known))


def refusal_text(call: Call, problem: CallProblem, form: int) -> str:
    """What a tool message says of a refused call, in one of three forms: plain words, an HTTP status, an error object.

    Args:
        form: any number; rows take turns so that no one spelling is learnt.
    """
    is_unknown = problem.reason == _UNKNOWN
    what = problem.detail if is_unknown else _spell_path(problem.detail)
    status = "404 Not Found" if is_unknown else "422 Unprocessable Entity"
    spelled = (
        what if is_unknown else f"The arguments of '{call.name}' are not valid: {what}.",
        f"{status}: {json_text({'message': what})}",
        json_text({"error": {"code": problem.reason, "message": what}}),
    )
    return spelled[form % len(spelled)]


def _spell_path(detail: str) -> str:
    """`["when", "days"]: …` as `when.days: …`."""
    path, end = json.JSONDecoder().raw_decode(detail)  # a key may hold ": " itself
    return f"{'.'.join(map(str, path)) or 'arguments'}{detail[end:]}"


def _make_row(pair: Preference, attempt: _Attempt) -> RecoveryRow:
    wrong = pair.rejected["tool_calls"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "name": call["function"]["name"], "content": text}
        for call, text in zip(wrong, attempt.results, strict=True)
    ]
    right = [
        {
            "id": f"call_{pair.pair_id[:8]}_{number}",
            "type": "function",
            "function": {"name": call.name, "arguments": json_text(call.arguments)},
        }
        for number, call in enumerate(attempt.left)
    ]
    return RecoveryRow(
        pair_id=pair.pair_id,
        source=pair.source,
        sample_id=pair.sample_id,
        kind=pair.kind,
        language=pair.language,
        written_by=pair.written_by,
        chosen_by=pair.chosen_by,
        error_type=attempt.reason,
        messages=(
            *pair.prompt,
            {**pair.rejected, "weight": 0},
            *results,
            {"role": "assistant", "content": pair.chosen.get("content") or "", "tool_calls": right},
        ),
        tools=pair.tools,
    )


def _calls_of(message: dict[str, Any]) -> list[Call]:
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    return [Call(name=function["name"], arguments=json.loads(function["arguments"])) for function in functions]
