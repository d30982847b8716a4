"""Words of names and sentences: splitting, stems, verbs and what they do.

`getOrderItems` has the words get, order, items; `items` and `item` have the stem item; `fetches` is the verb fetch.
"""

import functools
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

_PIECES = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+|[\u3040-\u30ff\u4e00-\u9fff]+")
_TOKENS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['’][a-z]+)?")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
KANA = re.compile(r"[\u3040-\u30ff]")

_WHOLE_LABELS = {"q": "search term", "n": "number", "tz": "time zone"}


@functools.cache
def load_data(name: str) -> Any:
    """Word lists of this folder: `<name>.json`."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


class Verb(NamedTuple):
    """A verb in its base form and what it does: read, create, update, delete, send, or itself."""

    base: str
    deed: str


@functools.lru_cache(maxsize=50_000)
def split_name(name: str) -> tuple[str, ...]:
    """Lower-case words of an identifier."""
    return tuple(piece.lower() for piece in _PIECES.findall(name.replace("IDs", "Ids")))


@functools.lru_cache(maxsize=50_000)
def spell_label(name: str) -> str:
    """An identifier as a person says it: `page_size` is page size, `orderID` is order ID."""
    words = split_name(name)
    if len(words) == 1 and words[0] in _WHOLE_LABELS:
        return _WHOLE_LABELS[words[0]]
    spelled = load_data("words")["spelled"]
    return " ".join(spelled.get(word, word) for word in words)


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A rough stem: plural, -ing, -ed and final e dropped."""
    word = word.lower().replace("’", "'").removesuffix("'s")
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    for ending, least in (("ing", 6), ("ed", 5)):
        if word.endswith(ending) and len(word) >= least:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def find_tokens(text: str) -> list[str]:
    """Latin words of a text, as they stand."""
    return _TOKENS.findall(text)


@functools.cache
def word_set(name: str) -> frozenset[str]:
    """A list of `words.json`, such as `prepositions`."""
    return frozenset(load_data("words")[name].split())


def stop_words() -> frozenset[str]:
    """Words that say nothing about a request's subject."""
    return word_set("stop_words")


def nouns_too() -> frozenset[str]:
    """Verbs that are as likely a noun when they stand in the middle of a name."""
    return word_set("nouns_too")


@functools.cache
def _verb_forms() -> dict[str, Verb]:
    forms: dict[str, Verb] = {}
    for deed, bases in load_data("words")["en"].items():
        for base in bases.split():
            verb = Verb(base, base if deed == "own" else deed)
            bare = base[:-1] if base.endswith("e") else base
            third = base[:-1] + "ies" if base.endswith("y") and base[-2] not in "aeou" else base + "s"
            if base.endswith(("s", "x", "ch", "sh", "z")):
                third = base + "es"
            doubled = base + base[-1]
            for form in (base, third, bare + "ing", doubled + "ing"):
                forms.setdefault(form, verb)
    return forms


def find_verb(word: str) -> Verb | None:
    """The verb that a word is a form of; past forms are left out, they are mostly adjectives in API documents."""
    return _verb_forms().get(word.lower())


@functools.cache
def _chinese_verbs() -> tuple[Verb, ...]:
    pairs = [(base, deed) for deed, bases in load_data("words")["zh"].items() for base in bases.split()]
    longest_first = sorted(pairs, key=lambda pair: -len(pair[0]))
    return tuple(Verb(base, base if deed == "own" else deed) for base, deed in longest_first)


def find_chinese_verb(text: str) -> Verb | None:
    """The verb that a Chinese phrase begins with."""
    return next((verb for verb in _chinese_verbs() if text.startswith(verb.base)), None)


def chinese_deeds(text: str) -> set[str]:
    """What the verbs anywhere in a Chinese text do."""
    return {verb.deed for verb in _chinese_verbs() if verb.base in text}


def is_chinese(text: str) -> bool:
    """Whether a text is mostly Chinese rather than Latin or Japanese."""
    count = len(CHINESE.findall(text))
    return count > 0 and not KANA.search(text) and count * 4 >= len(find_tokens(text))
