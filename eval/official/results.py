"""Reads back what the harness wrote, case by case: the answer from its result file, the verdict from its score file.

A score file: {"accuracy": 0.5, "correct_count": 1, "total_count": 2}, then a line for each failure:
{"id": "parallel_0", "valid": false, "error": ["Wrong number of functions."], "error_type": "parallel_…:wrong_count"}
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from eval.official.categories import Category
from eval.official.dataset import read_cases
from eval.official.files import ASIDE, is_inference_error, is_single_turn, read_lines, result_path, score_path
from schemas.errors import TerminalError
from schemas.evaluation import Case, Given, GivenCall, Mode
from schemas.record import Record, json_text


class OfficialCase(Record):
    """One case as the harness judged it."""

    case_id: str
    category: Category
    valid: bool | None
    """The harness's verdict; it takes an error for a refusal, so look at `is_error` too. None: its checker raised."""
    error_type: str | None = None
    detail: str | None = None
    """The harness's own words."""
    raw: str
    """Its result, as JSON text: [{name: arguments}] or a text, and lists of them for several turns."""
    is_error: bool = False
    """No answer came: a server's fault."""
    latency_ms: float | None = Field(default=None, ge=0)
    """Added up over turns; the time in the relay's line counts."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    case: Case | None = None
    """For our own scorer; none for kinds that only the harness scores."""
    given: Given | None = None
    """Likewise."""


class CategoryCount(Record):
    """The head of a score file."""

    accuracy: float
    correct: int
    total: int


def read_count(folder: Path, mode: Mode, category: Category) -> CategoryCount | None:
    """What the harness counted; none where it has not scored the category, or not to the end."""
    head, *failures = read_lines(score_path(folder, mode, category)) or [{}]
    if "total_count" not in head or len(failures) != head["total_count"] - head["correct_count"]:
        return None
    return CategoryCount(accuracy=head["accuracy"], correct=head["correct_count"], total=head["total_count"])


def read_official_cases(
    folder: Path, mode: Mode, category: Category, ids: Sequence[str], data: Path
) -> tuple[OfficialCase, ...]:
    """Read a scored category.

    Args:
        ids: of the cases that were run, in the order wanted.
        data: the package's questions and answers.

    Raises:
        TerminalError: a result is missing, or the files' counts disagree.
    """
    results = {each["id"]: each for each in read_lines(result_path(folder, mode, category))}
    path = score_path(folder, mode, category)
    failures = {each["id"]: each for each in read_lines(path)[1:]}
    count = read_count(folder, mode, category)
    missing = [each for each in ids if each not in results]
    if missing or count is None or count.total != len(results):
        raise TerminalError(
            f"{path} does not fit its results: {count}, {len(results)} results, {len(failures)} failures,"
            f" {len(missing)} of {len(ids)} cases missing. Remove the folder {folder} and run again."
        )
    cases = read_cases(data, category)
    return tuple(_make(category, results[each], failures.get(each), cases.get(each)) for each in ids)


def _make(
    category: Category, result: dict[str, Any], failure: dict[str, Any] | None, case: Case | None
) -> OfficialCase:
    verdict: dict[str, Any] = {"valid": True} if failure is None else {"valid": False, **_read_failure(failure)}
    if ASIDE in result:
        verdict = {"valid": None, "detail": "BFCL's checker raises an exception on this answer."}
    latency_s = _total(result.get("latency"))
    return OfficialCase(
        case_id=result["id"],
        category=category,
        **verdict,
        raw=json_text(_answer(result)),
        is_error=is_inference_error(result),
        latency_ms=None if latency_s is None else latency_s * 1000,
        prompt_tokens=_whole(_total(result.get("input_token_count"))),
        completion_tokens=_whole(_total(result.get("output_token_count"))),
        case=case,
        given=read_given(result) if is_single_turn(category) else None,
    )


def read_given(result: dict[str, Any]) -> Given:
    """What the model said, from a single-turn result."""
    said = _answer(result)
    if is_inference_error(result):
        return Given(error=said)
    if isinstance(said, list):
        return Given(calls=tuple(_read_call(name, text) for call in said for name, text in call.items()))
    return Given(text=said)


def _answer(result: dict[str, Any]) -> Any:
    return result[ASIDE] if ASIDE in result else result["result"]


def _read_call(name: str, arguments: object) -> GivenCall:
    # Arguments that are no text fail in the harness's decoder; as Python's form of them they fail in ours.
    return GivenCall(name=name, arguments=arguments if isinstance(arguments, str) else repr(arguments))


def _read_failure(failure: dict[str, Any]) -> dict[str, Any]:
    """Single-turn failures have type and words side by side, others a record of both."""
    error = failure.get("error")
    if isinstance(error, dict):
        return {"error_type": error.get("error_type"), "detail": _words(error.get("error_message"))}
    return {"error_type": failure.get("error_type"), "detail": _words(error)}


def _words(error: object) -> str:
    parts = error if isinstance(error, list) else [error]
    return "; ".join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts)


def _total(value: object) -> float | None:
    """A number, or the sum over turns and steps; none where nothing was counted."""
    if isinstance(value, list):
        parts = [part for part in map(_total, value) if part is not None]
        return sum(parts) if parts else None
    return float(value) if isinstance(value, int | float) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
