"""The answers that the page's case browser shows, as JSON that is safe inside a script tag.

Long texts are cut, and the cut text says so; what many cases share (function documents) is written once.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.evaluation import Case, Score

MOST_ROWS = 20_000
"""Beyond it right and undisputed answers are left out first: the page must open on a phone."""
_LONGEST_ANSWER = 2_000
_LONGEST_TEXT = 4_000
_DETAILS = (
    "error_type", "reason", "step", "outcome", "second_valid", "bfcl_valid", "our_valid", "latency_ms",
    "prompt_tokens", "completion_tokens",
)  # fmt: skip


def shown_rows(scores: Sequence[Score]) -> tuple[Score, ...]:
    """The scores that the browser gets, in their order: all, or as many as fit."""
    if len(scores) <= MOST_ROWS:
        return tuple(scores)
    by_interest = sorted(
        range(len(scores)), key=lambda place: scores[place].valid is True and not scores[place].is_disputed
    )
    return tuple(scores[place] for place in sorted(by_interest[:MOST_ROWS]))


def browser_json(scores: Sequence[Score], cases: Mapping[str, Case] | None) -> str:
    """Rows, the cases they answer, and the documents these offer.

    Returns:
        JSON without any `<`, so that nothing in it can end the script tag or open a comment.
    """
    documents: dict[str, int] = {}
    wanted = dict.fromkeys(score.case_id for score in scores)
    known = {case_id: _case(cases[case_id], documents) for case_id in wanted if case_id in cases} if cases else {}
    data = {"rows": [_row(score) for score in scores], "cases": known, "documents": list(documents)}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _row(score: Score) -> dict[str, Any]:
    row: dict[str, Any] = {
        "case": score.case_id,
        "category": score.category,
        "model": score.model,
        "sampling": score.sampling,
        "repeat": score.repeat,
        "valid": score.valid,
        "disputed": score.is_disputed,
        "detail": _cut(score.detail, _LONGEST_ANSWER),
        "calls": _cut(score.calls, _LONGEST_TEXT),
        "raw": _cut(score.raw, _LONGEST_ANSWER),
        "leniencies": list(score.leniencies),
    }
    row |= {name: getattr(score, name) for name in _DETAILS}
    return {name: value for name, value in row.items() if value not in (None, []) or name == "valid"}


def _case(case: Case, documents: dict[str, int]) -> dict[str, Any]:
    messages = [
        {"role": str(one.get("role", "")), "content": _cut(_words(one), _LONGEST_TEXT)} for one in case.messages
    ]
    places = []
    for tool in case.tools or case.functions:
        text = _cut(json.dumps(tool.get("function", tool), ensure_ascii=False), _LONGEST_TEXT)
        places.append(documents.setdefault(text or "", len(documents)))
    expected = _cut(json.dumps(case.possible_answer, ensure_ascii=False), _LONGEST_TEXT)
    return {"messages": messages, "documents": places, "expected": expected, "rule": case.rule}


def _words(message: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in message.items() if name not in ("role", "content") and value}
    content = message.get("content")
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) if content else ""
    return "\n".join(part for part in (text, json.dumps(rest, ensure_ascii=False) if rest else "") if part)


def _cut(text: str | None, most: int) -> str | None:
    if text is None or len(text) <= most:
        return text
    return f"{text[:most]}… [cut here: {most:,} of {len(text):,} characters; the rest is in the warehouse]"
