"""Values and objects in text that is JSON, or Python's spelling of it: `{'city': 'Oslo', 'is_open': True}`."""

import ast
import json
import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

_NAMES = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_DECODER = json.JSONDecoder(strict=False)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class UnreadableTextError(Exception):
    """The text is neither JSON nor Python's spelling of it."""


def read_value(text: str) -> Any:
    """The JSON value that a text spells.

    Raises:
        UnreadableTextError: it spells none.
    """
    try:
        return plain_value(json.loads(text, strict=False, parse_constant=_refuse_constant))
    except (ValueError, RecursionError):
        pass
    problem: Exception | None = None
    for spelling in (text, text.replace("\n", "\\n")):  # the second: a line break inside a string
        try:
            with warnings.catch_warnings(action="ignore"):
                return plain_value(_value_of(ast.parse(spelling.strip(), mode="eval").body))
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
            problem = problem or error
    raise UnreadableTextError(f"{problem}: {text[:100]!r}")


def plain_value(value: Any) -> Any:
    """The value without what no JSON file can hold: half a UTF-16 pair, and numbers that are not finite."""
    if isinstance(value, dict):
        return {_LONE_SURROGATE.sub("\ufffd", str(key)): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain_value(inner) for inner in value]
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def find_objects(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object of a text, those inside a list too, whatever stands between them."""
    at = text.find("{")
    while at != -1:
        try:
            found, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            found, end = None, at + 1
        if isinstance(found, dict):
            yield plain_value(found)
        at = text.find("{", end)


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def _value_of(node: ast.expr) -> Any:
    """A literal's value; true, false and null count as Python's own."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, type(None))):
        return node.value
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value_of(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        keys = [_value_of(key) if key is not None else None for key in node.keys]
        if not all(isinstance(key, str) for key in keys):
            raise ValueError("a key that is no text")
        return dict(zip(keys, map(_value_of, node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value_of(node.operand)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return -value if isinstance(node.op, ast.USub) else value
    raise ValueError(f"{type(node).__name__} is no literal")
