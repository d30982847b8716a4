"""JavaScript literals, as they arrive in text, to Python values; a text that is no such literal stays a text.

The patterns are BFCL's rules, their oddities included: elements are cut at every comma, a dict ends at its first `}`,
what follows an array is ignored, and `$` lets a line break at the end pass.
"""

import operator
import re
from bisect import bisect_right
from typing import Any

from eval.bfcl.findings import CannotScoreError
from eval.bfcl.java_literals import to_integer

_INTEGER = re.compile(r"^-?\d+$")
_FLOAT = re.compile(r"^-?\d+(\.\d+)?$")
_BIGINT = re.compile(r"^-?\d+n$")
_ROWS_OPEN = re.compile(r"(\[|new\s+Array\()\s*\[")
_SPACE = re.compile(r"\s*")
_ARRAY = re.compile(r"\[(.*?)\]|\bnew\s+Array\((.*?)\)")
_ROW = re.compile(r"\[(.*?)\]")
_DICT = re.compile(r"\{(.*?)\}")
_ENTRY = re.compile(r"([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)")


def read_javascript(text: str, word: str, items: str | None = None) -> Any:
    """Convert a literal.

    Args:
        text: such as `[1, 2]` or `new Array(1, 2)`.
        word: the declared type.
        items: that of the elements; without it each element is taken for what it looks like.

    Raises:
        CannotScoreError: Python refuses the number.
    """
    match word:
        case "String":
            return text[1:-1] if _is_quoted(text) else text
        case "integer":
            return to_integer(text) if _INTEGER.match(text) else text
        case "float":
            return float(text) if _FLOAT.match(text) else text
        case "Bigint":
            # With a line break at the end this takes off the break and not the n, and fails, as the official one does.
            return to_integer(text[:-1]) if _BIGINT.match(text) else text
        case "Boolean":
            return text == "true" if text in ("true", "false") else text
        case "array":
            return _read_array(text.strip(), items)
        case "dict":
            return _read_dict(text.strip())
    return text


def _read_array(text: str, items: str | None) -> Any:
    if rows_end := _find_rows_end(text):
        rows = [row.strip() for row in _ROW.findall(text[:rows_end])]
        rows[0] = rows[0].removeprefix("[")
        return [[_read_plain(part) for part in row.split(",")] for row in rows]
    found = _ARRAY.match(text)
    if not found:
        return text
    inner = (found[1] if found[1] is not None else found[2]).strip()
    parts = [part.strip() for part in inner.split(",")] if inner else []
    try:
        return [read_javascript(part, items) if items else _read_plain(part) for part in parts]
    except CannotScoreError:  # the official one gives up on the array as a whole
        return text


def _find_rows_end(text: str) -> int | None:
    r"""Where an array of arrays ends; None if the text does not begin with one.

    Finds what `\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]` finds, which takes a time exponential in the rows where it fails.
    """
    opening = _ROWS_OPEN.match(text)
    if not opening:
        return None
    closing = "]" if opening[1] == "[" else ")"
    ends: dict[int, int] = {}
    places: list[int] = []
    """Ends of rows, from right to left, from which the rest fits; `ends` says where it leads."""
    for place in (place for place in range(len(text) - 1, opening.end() - 1, -1) if text[place] == "]"):
        after = _skip_space(text, place + 1)
        end: int | None = None
        if text.startswith(closing, after):
            end = after + 1
        elif text.startswith(",", after) and text.startswith("[", next_row := _skip_space(text, after + 1)):
            end = _follow(text, next_row + 1, places, ends)
        if end is not None:
            ends[place] = end
            places.append(place)
    return _follow(text, opening.end(), places, ends)


def _follow(text: str, start: int, places: list[int], ends: dict[int, int]) -> int | None:
    """A row ends at the first place from which the rest fits, and holds no line break."""
    position = bisect_right(places, -start, key=operator.neg) - 1
    if position < 0 or "\n" in text[start : places[position]]:
        return None
    return ends[places[position]]


def _skip_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _read_dict(text: str) -> Any:
    if text == "{}":
        return {}
    found = _DICT.match(text)
    if not found:
        return text
    if ":" not in found[1]:
        return {}
    return {key.strip().strip("'\""): _read_entry(value.strip()) for key, value in _ENTRY.findall(found[1])}


def _read_entry(text: str) -> Any:
    if text.startswith("[") and text.endswith("]"):
        return _read_array(text, None)
    if text.startswith("{") and text.endswith("}"):
        return _read_dict(text)
    return _read_plain(text.strip("'\""))


def _read_plain(text: str) -> Any:
    """A literal of no declared type, for what it looks like."""
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    if _is_quoted(text):
        return text[1:-1]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _is_quoted(text: str) -> bool:
    return any(text.startswith(quote) and text.endswith(quote) for quote in "\"'")
