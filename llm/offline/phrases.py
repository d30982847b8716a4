"""Argument phrases: one value in the words of a request, such as "for Lisbon", "page size 20" or “日期是2026年3月3日”.

Values are wrapped in marks so that a later change of case or punctuation leaves them alone; `strip_marks` removes them.
"""

import random
import re
from typing import Any

from llm.offline.leaves import Leaf
from llm.offline.spoken import find_forms
from llm.offline.words import CHINESE

OPEN, CLOSE = "\x01", "\x02"
_PLACES = frozenset(["city", "station", "country", "region", "venue", "hotel", "restaurant"])
_PLACE_LABELS = frozenset(
    [
        "city",
        "location",
        "place",
        "country",
        "region",
        "town",
        "area",
        "state",
        "province",
        "district",
        "venue",
        "hotel",
        "restaurant",
        "where",
    ]
)
_START = re.compile(r"^(?:start|from|begin|since|check in|departure|pick ?up|after|new start)")
_END = re.compile(r"^(?:end|to|until|till|check out|return|before)\b")
_PLAIN_VALUES = frozenset(["phone", "street", "date", "datetime", "time", "plate", "id"])
_QUOTED = frozenset(["message", "note", "reason"])


def mark(text: str) -> str:
    """Wrap a value."""
    return f"{OPEN}{text}{CLOSE}"


def strip_marks(text: str) -> str:
    """The final text."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def say_value(leaf: Leaf, value: Any, language: str, rng: random.Random, is_spoken: bool) -> str:
    """One scalar as it is said; texts of several words in quotation marks where they would blur into the sentence."""
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "zh": ("否", "是")}[language][value]
    parts = find_forms(value, language).parts
    said = [_choose_form(part, value, rng, is_spoken) for part in parts]
    if len(said) == 2:
        return mark(
            f"{said[0]} at {said[1]}"
            if language == "en"
            else f"{said[0]}{' ' if said[0][-1:].isdigit() else ''}{said[1]}"
        )
    text = said[0]
    if not isinstance(value, str) or text != value or leaf.meaning in _PLAIN_VALUES:
        return mark(text)
    is_free = leaf.meaning in _QUOTED and (" " in text or len(text) > 3)
    if is_free or len(text.split()) > 3 or re.search(r"[.!?。！？,，;](?:\s|$)", text):
        return mark(f"“{text}”" if language == "zh" else f'"{text}"')
    return mark(text)


def _choose_form(forms: tuple[str, ...], value: Any, rng: random.Random, is_spoken: bool) -> str:
    if len(forms) == 1:
        return forms[0]
    if isinstance(value, int):
        is_word = forms[-1] if not forms[-1].replace(",", "").isdigit() else forms[0]
        return is_word if 2 <= value <= 12 and rng.random() < (0.8 if is_spoken else 0.25) else forms[0]
    if isinstance(value, float):
        return forms[0]
    if is_spoken:
        return forms[1 if re.match(r"\d\d:\d\d", value) else 0]
    return rng.choice(forms[:4])


def say_leaf_value(leaf: Leaf, language: str, rng: random.Random, is_spoken: bool) -> str:
    """A leaf's value; elements of a list joined."""
    if not isinstance(leaf.value, list):
        return say_value(leaf, leaf.value, language, rng, is_spoken)
    said = [say_value(leaf, value, language, rng, is_spoken) for value in leaf.value]
    if language == "zh":
        return "、".join(said[:-1]) + ("和" if len(said) > 1 else "") + said[-1] if said else "空"
    return ", ".join(said[:-1]) + (" and " if len(said) > 1 else "") + said[-1] if said else "empty"


def say_inline(leaf: Leaf, language: str, rng: random.Random, is_spoken: bool) -> str:
    """A phrase that goes on after the request's verb and object."""
    if leaf.kind == "boolean":
        return _say_boolean(leaf, language, rng)
    value = say_leaf_value(leaf, language, rng, is_spoken)
    label = _quote_label(leaf.label(language), language)
    if language == "zh":
        asks_how_many = re.search("几|多少", label)
        if asks_how_many and isinstance(leaf.value, int):
            return label.replace(asks_how_many.group(), value, 1)
        gap = " " if label[-1:].isascii() or strip_marks(value)[:1].isascii() else ""
        options = [f"{label}是{value}", f"{label}{gap}{value}", f"{label}为{value}", f"{label}：{value}"]
        return rng.choice(options)
    if leaf.ends_openly:
        return f"{label} {value}"
    natural = _find_natural(leaf, value, label.lower()) if leaf.depth == 0 else []
    options = natural or [
        f"with {label} {value}",
        f"with the {label} {value}",
        f"with {value} as the {label}",
        f"{label} {value}",
    ]
    return rng.choice(options)


def _quote_label(label: str, language: str) -> str:
    """A name without Chinese words stands in quotation marks in a Chinese request."""
    return label if language == "en" or CHINESE.search(label) else f"「{label}」"


def _find_natural(leaf: Leaf, value: str, label: str) -> list[str]:
    meaning = leaf.meaning
    if label in ("starting point", "origin", "from city", "departure city"):
        return [f"from {value}", f"starting in {value}"]
    if label in ("destination", "recipient", "to city", "copy to", "target language", "to language"):
        return [f"to {value}"]
    if meaning in _PLACES and label in _PLACE_LABELS:
        return [f"in {value}", f"for {value}"] if meaning != "hotel" else [f"at {value}"]
    if meaning in ("date", "datetime", "month"):
        if _START.match(label):
            return [f"from {value}", f"starting {value}", f"with {label} {value}"]
        if _END.match(label):
            return [f"until {value}", f"up to {value}", f"with {label} {value}"]
        if label in ("date", "day", "schedule date"):
            return [f"on {value}", f"for {value}"]
    if meaning == "time" and label in ("time", "start time"):
        return [f"at {value}"]
    if meaning == "query" and not isinstance(leaf.value, list):
        quoted = value if '"' in value else f'"{value}"'
        return [f"about {value}", f"matching {quoted}", f"for {quoted}", f"with the {label} {quoted}"]
    if meaning == "limit" and label in (
        "limit",
        "count",
        "maximum results",
        "page size",
        "results per page",
        "per page",
    ):
        if "page" in label:
            return [f"with {value} per page", f"showing {value} per page", f"with a page size of {value}"]
        return [f"limited to {value}", f"{value} at most", f"with a limit of {value}", f"up to {value} of them"]
    if label == "page":
        return [f"on page {value}", f"page {value}", f"from page {value}"]
    if (
        meaning in ("tag", "name", "title", "username", "person")
        and leaf.kind == "string"
        and label.split()[-1] in ("tag", "name", "title", "label")
    ):
        return [f"with the {label} {value}", f"with {label} {value}", f"{label} {value}"]
    if label == "year":
        return [f"for {value}", f"in {value}"]
    return []


def _say_boolean(leaf: Leaf, language: str, rng: random.Random) -> str:
    short, full = leaf.short_label(language), leaf.label(language)
    if language == "zh":
        if not CHINESE.search(full):
            return f"「{full}」：{'是' if leaf.value else '否'}"
        is_verb = full[:1] not in "是有"
        options = (
            [f"要{full}", f"{full}：是", f"需要{full}"]
            if leaf.value
            else [f"不要{full}", f"{full}：否", f"不需要{full}"]
        )
        return rng.choice(options if is_verb else options[1:2])
    if leaf.value:
        return rng.choice(
            [f"with {short} on", f"with {short} set to yes", f"with {short} switched on", f"{short}: yes"]
        )
    return rng.choice([f"with {short} off", f"with {short} set to no", f"without {short}", f"{short}: no"])


def say_detail(leaf: Leaf, language: str, rng: random.Random, is_spoken: bool) -> str:
    """A short main clause: "the page size is 20"."""
    if leaf.kind == "boolean" or language == "zh":
        return say_inline(leaf, language, rng, is_spoken) if language == "zh" else _say_boolean_detail(leaf)
    label = leaf.label(language)
    if leaf.ends_openly:
        return f"it is {label} {say_leaf_value(leaf, language, rng, is_spoken)}"
    verb = "are" if label.endswith("s") and not label.endswith(("ss", "us", "is")) else "is"
    return f"the {label} {verb} {say_leaf_value(leaf, language, rng, is_spoken)}"


def _say_boolean_detail(leaf: Leaf) -> str:
    return f"{leaf.short_label('en')} is {'on' if leaf.value else 'off'}"


def say_pair(leaf: Leaf, language: str, rng: random.Random, is_spoken: bool) -> str:
    """Label and value only: "page size 20"."""
    if leaf.kind == "boolean":
        return f"{_quote_label(leaf.short_label(language), language)}{'：' if language == 'zh' else ': '}" + say_value(
            leaf, leaf.value, language, rng, False
        )
    label = _quote_label(leaf.label(language), language)
    gap = " " if language == "en" or label[-1:].isascii() else ""
    return f"{label}{gap}{say_leaf_value(leaf, language, rng, is_spoken)}"
