"""Judge the decoded answers of a file by BFCL's rules, line by line: `callmill score`.

A line: {"id", "category": "simple_python", "language": "python", "functions": […], "possible_answer": [{"f": {"a":
[1]}}], "output": [{"f": {"a": 1}}], "official": {"valid": true, "error_type": null}}, where official may be missing.
"""

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from eval.bfcl.checker import check_expected, expect
from eval.bfcl.second_opinion import second_opinion
from eval.bfcl.steps import find_step
from schemas.errors import UsageError
from schemas.evaluation import Verdict
from schemas.record import Record

FIELDS = ("id", "category", "language", "functions", "possible_answer", "output")
_GZIP_MAGIC = b"\x1f\x8b"


class ScoredLine(NamedTuple):
    """A line and what it is worth."""

    fields: dict[str, Any]
    """As it is written out: the input's own fields, then ours, second_opinion and step."""
    verdict: Verdict
    official: dict[str, Any] | None
    """valid and error_type of the official checker, where the line says."""

    @property
    def agrees(self) -> bool:
        """Whether ours is the official verdict; an error type says something only of a failure."""
        official = self.official or {}
        same = official.get("valid") is self.verdict.valid
        return same and (self.verdict.valid is not False or official.get("error_type") == self.verdict.error_type)


class ScoreSummary(Record):
    """What a file came to."""

    lines: int
    scored: int
    """Lines with a verdict of ours."""
    agreement: float | None
    """Share of the lines with an official verdict where ours is the same, error type included; none without any."""
    differences: list[dict[str, Any]]
    """Where it is not: {"id", "official", "ours"}."""


def score_lines(path: Path, underscore_to_dot: bool) -> Iterator[ScoredLine]:
    """Judge a JSON Lines file as it is read.

    Args:
        path: gzip or not; `-` is standard input.
        underscore_to_dot: the functions were offered with `_` for `.` in their names.

    Raises:
        UsageError: the file cannot be read, or a line is not as expected.
    """
    for number, text in enumerate(_read_lines(path), start=1):
        if not text.strip():
            continue  # a file's last line often is
        yield _score(_parse_line(text, f"{path}, line {number}"), underscore_to_dot)


def summarise(lines: Iterable[ScoredLine]) -> ScoreSummary:
    """Count lines, verdicts and agreement; goes through the lines once and keeps only the differences."""
    count = scored = compared = 0
    differences = []
    for line in lines:
        count += 1
        scored += line.verdict.valid is not None
        if line.official is not None:
            compared += 1
            if not line.agrees:
                official = {name: line.official.get(name) for name in ("valid", "error_type")}
                differences.append({"id": line.fields["id"], "official": official, "ours": line.fields["ours"]})
    agreement = 1 - len(differences) / compared if compared else None
    return ScoreSummary(lines=count, scored=scored, agreement=agreement, differences=differences)


def _score(fields: dict[str, Any], underscore_to_dot: bool) -> ScoredLine:
    expected = expect(
        fields["functions"], fields["possible_answer"], fields["category"], fields["language"], underscore_to_dot
    )
    verdict = check_expected(expected, fields["output"])
    second = second_opinion(verdict, expected, fields["output"])
    added = {
        "ours": {"valid": verdict.valid, "error_type": verdict.error_type, "reason": verdict.reason},
        "second_opinion": {
            "valid": second.verdict.valid,
            "leniencies": list(second.leniencies),
            "disputed": second.verdict.valid != verdict.valid,
        },
        "step": find_step(verdict, expected, fields["output"]),
    }
    return ScoredLine(fields | added, verdict, fields.get("official"))


def _read_lines(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:  # gzip raises all three for what is cut or broken
        raise UsageError(f"Cannot read {path}: {error}. Give a JSON Lines file, gzip or not, or `-`.") from error


def _open(path: Path) -> IO[bytes]:
    raw: Any = sys.stdin.buffer if str(path) == "-" else path.open("rb")
    file = io.BufferedReader(raw)
    is_gzip = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if is_gzip else file


def _parse_line(text: bytes, place: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON: {error}. Expected one object a line.") from error
    if not isinstance(fields, dict):
        raise UsageError(f"{place} is {text[:40]!r}; expected an object with {', '.join(FIELDS)}.")
    missing = [name for name in FIELDS if name not in fields]
    if "relevance" in str(fields.get("category")) and "possible_answer" in missing:
        missing.remove("possible_answer")  # BFCL has none there
        fields["possible_answer"] = []
    if missing:
        raise UsageError(f"{place} lacks {', '.join(missing)}; `callmill score --help` shows a whole line.")
    for name in ("category", "language"):
        if not isinstance(fields[name], str):
            raise UsageError(f"{place}: {name} is {fields[name]!r}; expected a word, such as simple_python or python.")
    official = fields.get("official")
    if official is not None and not (isinstance(official, dict) and "valid" in official):
        raise UsageError(f"{place}: official is {official!r}; expected an object with valid and error_type.")
    return fields
