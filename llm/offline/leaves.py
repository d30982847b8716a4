"""The values inside a call's arguments one by one, each with the words that it goes by.

{"customer": {"name": "Anna"}, "tags": ["a", "b"]} has the leaves "customer name" = Anna and "tags" = [a, b].
"""

import re
from typing import Any, NamedTuple

from llm.offline.documents import Parameter, read_parameter, read_parameters, simplify
from llm.offline.subjects import chinese_pairs
from llm.offline.words import word_set

_OPEN_ENDS = frozenset(["to", "by", "at", "on", "for", "in", "from", "of", "with", "after", "before", "until", "since"])
_NOUN_WITH_IN = re.compile(r"\b(?:check|stand|sign|log|opt|walk|sit) in$", re.IGNORECASE)
_BOOLEAN_LEAD = re.compile(r"^(?:is|has|are|should|include|enable|with|show|use|allow|want|do|can) (?=\w)")
_BOOLEAN_TAIL = re.compile(r"(?<=\w) (?:enabled|only|flag|included)$")


class Leaf(NamedTuple):
    """One value: a scalar, or a list of scalars."""

    label_en: str
    label_zh: str
    meaning: str
    kind: str
    value: Any
    is_default: bool
    """The document's default or only value, which a request need not name."""
    depth: int

    def label(self, language: str) -> str:
        """Words for it in a request."""
        return self.label_zh if language == "zh" else self.label_en

    @property
    def ends_openly(self) -> bool:
        """Whether the label wants its value right behind it: "paid on", "sort by"."""
        return self.label_en.rsplit(" ", 1)[-1].lower() in _OPEN_ENDS and not _NOUN_WITH_IN.search(self.label_en)

    def short_label(self, language: str) -> str:
        """A yes-or-no label without its helper words: "include pending" is pending."""
        label = self.label(language)
        return shorten_boolean(label) if self.kind == "boolean" and language == "en" else label


class Reading(NamedTuple):
    """What is inside the arguments, and what is not of the function."""

    leaves: list[Leaf]
    unknown: list[str]
    """Paths of members that the schema does not know."""


def shorten_boolean(label: str) -> str:
    """A yes-or-no label without its helper words."""
    return _BOOLEAN_TAIL.sub("", _BOOLEAN_LEAD.sub("", label))


def read_leaves(arguments: dict[str, Any], parameters: dict[str, Parameter]) -> Reading:
    """Take arguments apart along their schema."""
    reading = Reading([], [])
    for name, value in arguments.items():
        parameter = parameters.get(name)
        if parameter is None:
            reading.unknown.append(name)
        else:
            _read_value(value, parameter, "", "", 0, reading)
    return reading


def _read_value(value: Any, parameter: Parameter, owner_en: str, owner_zh: str, depth: int, reading: Reading) -> None:
    schema = parameter.schema
    label_en, label_zh = _join(owner_en, parameter.label_en, " "), _join(owner_zh, parameter.label_zh, "的")
    is_default = ("default" in schema and value == schema["default"]) or (
        "const" in schema and value == schema["const"]
    )
    if isinstance(value, dict):
        _read_object(value, parameter, label_en, label_zh, depth, reading)
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        items = schema.get("items")
        item = read_parameter(parameter.name, items if isinstance(items, dict) else {}, True)
        item = item._replace(label_en=singular(parameter.label_en), label_zh=parameter.label_zh)
        for one in value:
            _read_value(one, item, owner_en, owner_zh, depth, reading)
    elif value != [] or schema.get("minItems"):
        kind = "boolean" if isinstance(value, bool) else parameter.kind
        meaning = parameter.meaning
        reading.leaves.append(Leaf(label_en, label_zh, meaning, kind, value, is_default, depth))


def _read_object(
    value: dict[str, Any], parameter: Parameter, label_en: str, label_zh: str, depth: int, reading: Reading
) -> None:
    schema = parameter.schema
    members = read_parameters(schema)
    extra = schema.get("additionalProperties")
    for name, one in value.items():
        member = members.get(name)
        if member is None:
            if members and extra in (None, False) and not _in_other_branch(name, schema):
                reading.unknown.append(name)
                continue
            member = read_parameter(name, extra if isinstance(extra, dict) else {}, False)
        _read_value(one, member, label_en, label_zh, depth + 1, reading)


def _in_other_branch(name: str, schema: dict[str, Any]) -> bool:
    branches = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return any(name in simplify(branch).get("properties", {}) for branch in branches if isinstance(branch, dict))


def _join(owner: str, label: str, between: str) -> str:
    last = owner.split()[-1:] or [""]
    if not owner or last[0].lower() in word_set("generic_owners") or label.lower().startswith(last[0].lower()):
        return label
    tail = " ".join(owner.split()[-2:]) if between == " " else owner.split("的")[-1]
    if between == "的" and any(pair in tail for pair in chinese_pairs(label)):
        return label
    return (
        f"{tail}{between}{label}" if re.search(r"[^\x00-\x7f]", tail + label) or between == " " else f"{tail} {label}"
    )


def singular(label: str) -> str:
    """A label for one of many."""
    if label.endswith("ies"):
        return label[:-3] + "y"
    return label[:-1] if label.endswith("s") and not label.endswith("ss") else label
