"""Strings that match a regular expression, such as XG20260418 for ^XG[0-9]{8}$."""

import functools
import random
import re
import sre_parse
import string
from typing import Any

_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_WORD": string.ascii_lowercase + string.digits,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": string.ascii_lowercase,
    "CATEGORY_NOT_SPACE": string.ascii_lowercase + string.digits,
    "CATEGORY_NOT_WORD": "-",
}
_PLAIN = string.ascii_lowercase + string.digits
_LONGEST_REPEAT = 8


@functools.lru_cache(maxsize=4_096)
def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None where Python can't read it (`\\p{L}` and other dialects)."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def write_match(pattern: str, rng: random.Random) -> str | None:
    """A text that the pattern matches, or None if none was found in a few tries."""
    compiled = compile_pattern(pattern)
    if compiled is None:
        return None
    parsed = sre_parse.parse(pattern)
    for _ in range(6):
        text = _write_all(parsed, rng, {})
        if compiled.search(text):
            return text
    return None


def _write_all(parsed: Any, rng: random.Random, groups: dict[int, str]) -> str:
    return "".join(_write_one(str(operator), argument, rng, groups) for operator, argument in parsed)


def _write_one(operator: str, argument: Any, rng: random.Random, groups: dict[int, str]) -> str:
    if operator == "LITERAL":
        return chr(argument)
    if operator == "ANY":
        return rng.choice(_PLAIN)
    if operator == "NOT_LITERAL":
        return rng.choice([letter for letter in _PLAIN if ord(letter) != argument])
    if operator == "IN":
        return _write_in(argument, rng)
    if operator in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = argument
        count = rng.randint(least, max(least, min(int(most), max(least, 1) + 3, least + _LONGEST_REPEAT)))
        return "".join(_write_all(inner, rng, groups) for _ in range(count))
    if operator == "BRANCH":
        return _write_all(rng.choice(argument[1]), rng, groups)
    if operator == "SUBPATTERN":
        text = _write_all(argument[3], rng, groups)
        if argument[0] is not None:
            groups[argument[0]] = text
        return text
    if operator == "GROUPREF":
        return groups.get(argument, "")
    if operator == "ATOMIC_GROUP":
        return _write_all(argument, rng, groups)
    return ""  # anchors and look-arounds are empty; write_match verifies the whole


def _write_in(choices: Any, rng: random.Random) -> str:
    letters: list[str] = []
    is_negated = False
    for operator, argument in choices:
        kind = str(operator)
        if kind == "NEGATE":
            is_negated = True
        elif kind == "LITERAL":
            letters.append(chr(argument))
        elif kind == "RANGE":
            letters.extend(map(chr, range(argument[0], min(argument[1], argument[0] + 127) + 1)))
        elif kind == "CATEGORY":
            letters.extend(_CATEGORIES.get(str(argument), _PLAIN))
    if is_negated:
        letters = [letter for letter in _PLAIN if letter not in letters] or ["-"]
    plain = [letter for letter in letters if letter.isalnum()]
    return rng.choice(plain or letters)
