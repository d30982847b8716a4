"""Calls spelled like Python's, whose names need not be Python's: `[Get Weather(city="Oslo"), market/v1.list(n=2)]`."""

import re
from collections.abc import Iterator
from typing import Any

from schemas.imported import CallRead
from tasks.importing.literals import UnreadableTextError, read_value

_LOOKS_LIKE_CALLS = re.compile(r"\s*\[\s*[^\[\](){}\"]{1,200}\(.*\)\s*,?\s*\]\s*", re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"


def looks_like_calls(text: str) -> bool:
    """Whether a text can be meant as a list of calls; one in brackets that holds no call is prose."""
    return _LOOKS_LIKE_CALLS.fullmatch(text) is not None


def read_python_calls(text: str) -> tuple[CallRead, ...]:
    """Read a list of calls.

    Raises:
        UnreadableTextError: says which part is no call.
    """
    inside = text.strip()[1:-1].strip().removesuffix(",")
    return tuple(_read_call(part.strip()) for part in _split(inside))


def _read_call(text: str) -> CallRead:
    name, bracket, rest = text.partition("(")
    if not bracket or not rest.endswith(")") or not name.strip():
        raise UnreadableTextError(f"no call: {text[:100]!r}")
    arguments: dict[str, Any] = {}
    for part in _split(rest[:-1]):
        key, sign, value = part.partition("=")
        key = key.strip().strip("\"'")
        if not sign or not key or key in arguments:
            raise UnreadableTextError(f"no argument of its own name: {part.strip()[:100]!r}")
        arguments[key] = read_value(value.strip())
    return CallRead(name=name.strip(), arguments=arguments)


def _split(text: str) -> Iterator[str]:
    """Parts between the commas that stand in no bracket and no string."""
    depth, quote, start, is_escaped = 0, "", 0, False
    for at, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif quote:
            is_escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'" and depth + _is_value(text, start, at):
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    if quote or depth:
        raise UnreadableTextError(f"a string or bracket does not end: {text[:100]!r}")
    if text[start:].strip():
        yield text[start:]


def _is_value(text: str, start: int, at: int) -> bool:
    """Whether a quote opens a string: behind an equals sign; one in a function's name is an apostrophe."""
    return "=" in text[start:at]
