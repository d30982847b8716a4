"""Names for forms, fields and values without end: word lists, words that nobody has seen, and the ways to spell a name.

A model that meets the same names again learns them by heart; one that meets `vel_torick` must look it up.
"""

import functools
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

_VOWELS = "aeiou"
_SHARE_INVENTED = 0.33
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


class Term(NamedTuple):
    """One thing in both languages."""

    en: str
    zh: str


@functools.cache
def load_words() -> Any:
    """The word lists of this folder."""
    return json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))


@functools.cache
def split_entries(name: str) -> tuple[tuple[str, ...], ...]:
    """Entries of a list, each cut at its bars."""
    return tuple(tuple(entry.split("|")) for entry in load_words()[name])


def draw_term(name: str, rng: random.Random, invented: float = _SHARE_INVENTED) -> Term:
    """A word of a list, or one made up."""
    if rng.random() < invented:
        return Term(invent_word(rng), invent_word_zh(rng))
    entry = rng.choice(split_entries(name))
    return Term(entry[0], entry[1])


def invent_word(rng: random.Random) -> str:
    """An English-looking word that means nothing."""
    syllables = load_words()["syllables"]
    word = "".join(rng.choices(syllables, k=rng.choice((2, 2, 3))))
    return word if any(letter in _VOWELS for letter in word) else f"{word}a"


def invent_word_zh(rng: random.Random) -> str:
    """A Chinese-looking word that means nothing."""
    return "".join(rng.choices(load_words()["characters"], k=rng.choice((2, 2, 3))))


def invent_code(rng: random.Random) -> str:
    """A code such as QX-41807, K7Q2MD or 58213."""
    digits = "".join(rng.choices("0123456789", k=rng.randint(2, 6)))
    letters = "".join(rng.choices(_CODE_LETTERS, k=rng.randint(1, 3)))
    mixed = "".join(rng.choices(_CODE_LETTERS + "23456789", k=rng.randint(5, 7)))
    return rng.choice((letters + digits, f"{letters}-{digits}", f"{digits}-{letters}", mixed, digits))


def join_name(words: list[str], style: str) -> str:
    """Words as one identifier.

    Args:
        style: snake, camel, pascal, kebab or dotted.
    """
    pieces = [piece for word in words for piece in word.replace("-", " ").replace("_", " ").split()]
    if style in ("camel", "pascal"):
        joined = "".join(piece[:1].upper() + piece[1:] for piece in pieces)
        return joined if style == "pascal" else joined[:1].lower() + joined[1:]
    return {"snake": "_", "kebab": "-", "dotted": "."}[style].join(pieces)


def draw_style(rng: random.Random) -> str:
    """How one document spells its names; mostly with underscores."""
    return rng.choices(("snake", "camel", "pascal", "kebab"), weights=(60, 30, 5, 5))[0]
