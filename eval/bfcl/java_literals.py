"""Java literals, as they arrive in text, to Python values; a text that is no such literal stays a text.

The patterns are BFCL's rules, their oddities included: an Array keeps the quotes of its elements, an ArrayList drops
them; `$` lets a line break at the end pass; elements are cut at every comma. They are written so that no text takes
the exponential time that the official ones can take.
"""

import re
from typing import Any

from eval.bfcl.findings import CannotScoreError
from schemas.evaluation import UnscoredReason

_INTEGER = re.compile(r"^-?\d+$")
_LONG = re.compile(r"^-?\d+[lL]$")
_DOUBLE = re.compile(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$")
_FLOAT = re.compile(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]$")
_SUFFIX = re.compile(r"[lLfF]$")
_ARRAY = re.compile(r"new\s+\w+\[\]\s*\{(.*?)\}")
_LIST_OF = re.compile(r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)")
_LIST_ADDED = re.compile(r"new\s+ArrayList<\w*>\(\)\s*+\{\{\s*+(.+?)\}\}", re.DOTALL)
_LIST_EMPTY = re.compile(r"new\s+ArrayList<\w*>\(\)")
_ADD = re.compile(r"add\((.+?)\)")
_MAP_PUT = re.compile(r"new\s+HashMap<.*?>\s*+\(\)\s*+\{\s*+\{?+\s*+([^}]*+)\}", re.DOTALL)
_MAP_EMPTY = re.compile(r"new\s+HashMap<.*?>\s*\(\)")
_PUT = re.compile(r"put\(\"(.*?)\",\s*(.*?)\)")


def read_java(text: str, word: str, items: str | None = None) -> Any:
    """Convert a literal.

    Args:
        text: such as `new int[]{1, 2}`.
        word: the declared type.
        items: that of the elements; without it each element is taken for what it looks like.

    Raises:
        CannotScoreError: the official converter does not convert the type, or the number is too long.
    """
    match word:
        case "byte" | "short" | "integer":
            return to_integer(text) if _INTEGER.match(text) else text
        case "long":
            return to_integer(_SUFFIX.sub("", text)) if _LONG.match(text) else text
        case "float":
            return float(_SUFFIX.sub("", text)) if _FLOAT.match(text) else text
        case "double":
            return float(text) if _DOUBLE.match(text) else text
        case "boolean":
            return text == "true" if text in ("true", "false") else text
        case "Array":
            return _read_array(text, items)
        case "ArrayList":
            return _read_array_list(text, items)
        case "HashMap":
            return _read_map(text)
        case "Set" | "Hashtable" | "Queue" | "Stack":
            raise CannotScoreError("unsupported_type", f"The official checker does not convert a Java {word}")
    return text


def to_integer(digits: str) -> int:
    """Convert digits.

    Raises:
        CannotScoreError: Python refuses them.
    """
    try:
        return int(digits)
    except ValueError as error:
        is_long = digits.strip().lstrip("-").isdecimal()
        reason: UnscoredReason = "number_too_large" if is_long else "bad_output"
        raise CannotScoreError(reason, f"{digits[:40]!r} cannot be read as an integer") from error


def _read_array(text: str, items: str | None) -> Any:
    found = _ARRAY.search(text)
    if not found:
        return text
    parts = [part.strip() for part in found[1].split(",")]
    return [read_java(part, items) if items else _read_plain(part) for part in parts if part]


def _read_array_list(text: str, items: str | None) -> Any:
    if found := _LIST_OF.search(text):
        parts = found[1].split(",")
    elif found := _LIST_ADDED.search(text):
        parts = _ADD.findall(found[1])
    else:
        return [] if _LIST_EMPTY.search(text) else text
    return [_read_list_item(part.strip(), items) for part in parts]


def _read_list_item(part: str, items: str | None) -> Any:
    if items in ("char", "String"):
        return part[1:-1]
    return read_java(part, items) if items else _read_plain(part)


def _read_map(text: str) -> Any:
    if found := _MAP_PUT.search(text):
        return {key: _read_plain(value.strip()) for key, value in _PUT.findall(found[1])}
    return {} if _MAP_EMPTY.search(text) else text


def _read_plain(text: str) -> Any:
    """A literal of no declared type, for what it looks like."""
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"') and text.endswith('"'):
        return text[1:-1]
    if _LONG.match(text):
        return to_integer(text[:-1])
    if _FLOAT.match(text):
        return float(text[:-1])
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text
