"""Values that no pool holds, put in the place of those that a pool does, in the request and in the answer alike."""

import random
import re
from typing import Any

from llm.offline.student.naming import invent_code, invent_word, invent_word_zh
from llm.offline.words import CHINESE

_SHAPED = re.compile(r"\d{4}-\d\d|\d\d:\d\d|@|://|^\d+$")
_LONGEST = 40


def mask_values(query: str, values: dict[str, Any], kept: frozenset[str], share: float, rng: random.Random) -> str:
    """Replace some texts by new ones, in place; gives the request that says them.

    Args:
        query: the request; a text is replaced only if it stands there exactly once.
        values: the filled fields.
        kept: texts that mean something as they are, such as choices.
        share: how many, on average.
    """
    for text in _texts(values):
        is_free = 2 <= len(text) <= _LONGEST and text not in kept and not _SHAPED.search(text)
        if is_free and query.count(text) == 1 and rng.random() < share:
            other = _invent_like(text, rng)
            query = query.replace(text, other)
            _replace(values, text, other)
    return query


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def _replace(values: Any, old: str, new: str) -> None:
    places = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in list(places):
        if value == old:
            values[key] = new
        elif isinstance(value, dict | list):
            _replace(value, old, new)


def _invent_like(text: str, rng: random.Random) -> str:
    """Another text that looks like it: as many words, capitals where it has them, a code for a code."""
    if CHINESE.search(text):
        return "".join(invent_word_zh(rng) for _ in range(max(1, len(text) // 3)))
    if re.search(r"\d", text):
        return invent_code(rng)
    words = []
    for word in text.split(" "):
        new = invent_word(rng)
        words.append(new.capitalize() if word[:1].isupper() else new)
    return " ".join(words[:5])
