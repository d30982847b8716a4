"""Function documents as the offline teacher reads them in a prompt; each is parsed once and kept by its text."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from llm.offline.intents import read_intents
from llm.offline.meanings import find_meaning
from llm.offline.subjects import Intent, find_keys
from llm.offline.words import CHINESE, find_tokens, is_chinese, load_data, spell_label, split_name, stem

_PARSED_DOCUMENTS = 4_096
_LEANING = ("name", "ID", "number", "code")
_START_LABELS = {
    "date": "start date",
    "datetime": "start time",
    "time": "start time",
    "person": "sender",
    "email": "sender",
}
_END_LABELS = {
    "date": "end date", "datetime": "end time", "time": "end time", "city": "destination", "station": "destination",
    "airport": "destination", "count": "upper end",
}  # fmt: skip
_ENDS = {"from": {**_START_LABELS, "": "starting point"}, "to": {**_END_LABELS, "": "recipient"}}


class Parameter(NamedTuple):
    """One argument of a function, or one member of a nested one."""

    name: str
    schema: dict[str, Any]
    kind: str
    """JSON type: string, integer, number, boolean, array, object."""
    is_required: bool
    label_en: str
    label_zh: str
    meaning: str

    def label(self, language: str) -> str:
        """The name as a person says it."""
        return self.label_zh if language == "zh" else self.label_en


class FunctionDocument(NamedTuple):
    """A whole function document."""

    name: str
    description: str
    schema: dict[str, Any]
    parameters: dict[str, Parameter]
    intents: tuple[Intent, ...]
    language: str
    vocabulary: frozenset[str]
    """Keys of everything that the document says."""

    def intents_in(self, language: str) -> tuple[Intent, ...]:
        """Intents to phrase in a language; those of another language where there is none."""
        return tuple(intent for intent in self.intents if intent.language == language) or self.intents

    @property
    def required_names(self) -> tuple[str, ...]:
        """Names of required parameters."""
        return tuple(name for name, parameter in self.parameters.items() if parameter.is_required)


@functools.lru_cache(maxsize=_PARSED_DOCUMENTS)
def read_document(text: str) -> FunctionDocument:
    """Read a function from its line of JSON, whole or compact (parameters as a list of names, * = required)."""
    raw = json.loads(text)
    schema = raw.get("parameters") or {}
    if isinstance(schema, list):
        names: dict[str, dict[str, Any]] = {name.removesuffix("*"): {} for name in schema}
        required = [name[:-1] for name in schema if name.endswith("*")]
        schema = {"type": "object", "properties": names, "required": required}
    description = raw.get("description") or ""
    return FunctionDocument(
        name=raw["name"],
        description=description,
        schema=schema,
        parameters=read_parameters(schema),
        intents=read_intents(raw["name"], description, _name_words(schema)),
        language="zh" if is_chinese(description) else "en",
        vocabulary=_read_vocabulary(raw["name"], description, schema),
    )


def read_parameters(schema: dict[str, Any], owner: str = "") -> dict[str, Parameter]:
    """Members of an object schema by name; a bare "name" means what its owner is."""
    required = schema.get("required") or []
    return {
        name: read_parameter(name, member if isinstance(member, dict) else {}, name in required, owner)
        for name, member in (schema.get("properties") or {}).items()
    }


def read_parameter(name: str, schema: dict[str, Any], is_required: bool, owner: str = "") -> Parameter:
    """Name, kind, labels and meaning of one member."""
    schema = simplify(schema)
    kind = kind_of(schema)
    label = spell_label(name) or "value"
    description = str(schema.get("description") or "")
    inner = simplify(schema["items"]) if kind == "array" and isinstance(schema.get("items"), dict) else schema
    inner_kind = kind_of(inner) if kind == "array" else kind
    scalar = inner_kind if inner_kind in ("string", "integer", "number") else "string"
    hint = _singular(label) if kind == "array" else label
    if hint in _LEANING and owner:
        hint = f"{_singular(owner)} {hint}"
    if name.lower() in _ENDS:
        label, meaning = _read_end(name.lower(), description, inner, scalar)
    else:
        meaning = find_meaning(hint, description, inner, scalar)
    return Parameter(name, schema, kind, is_required, label, _label_zh(label, description, meaning), meaning)


def _read_end(name: str, description: str, schema: dict[str, Any], kind: str) -> tuple[str, str]:
    """`from` and `to` may be days, places, people or languages: what the description says."""
    meaning = find_meaning("", description, schema, kind)
    return _ENDS[name].get(meaning, _ENDS[name][""]), meaning


def simplify(schema: dict[str, Any]) -> dict[str, Any]:
    """Merge allOf and take the first usable branch of oneOf and anyOf."""
    if "allOf" in schema:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            for key, value in simplify(part).items() if isinstance(part, dict) else ():
                if key == "properties":
                    merged["properties"] = {**merged.get("properties", {}), **value}
                elif key == "required":
                    merged["required"] = [*merged.get("required", []), *value]
                else:
                    merged.setdefault(key, value)
        schema = merged
    for union in ("oneOf", "anyOf"):
        branches = [branch for branch in schema.get(union, ()) if isinstance(branch, dict)]
        usable = [branch for branch in branches if branch.get("type") != "null"]
        if usable:
            rest = {key: value for key, value in schema.items() if key != union}
            if "properties" in rest or rest.get("type") == "object":
                required = [*rest.get("required", []), *usable[0].get("required", [])]
                rest["properties"] = {**usable[0].get("properties", {}), **rest.get("properties", {})}
                schema = {**rest, "required": required}
            else:
                schema = simplify({**rest, **usable[0], **{k: rest[k] for k in ("description",) if k in rest}})
    return schema


def kind_of(schema: dict[str, Any]) -> str:
    """JSON type that a value of this schema is given; the first that is not null where several are allowed."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        sample = next(iter(schema.get("enum") or ([schema["const"]] if "const" in schema else [])), None)
        kind = _kind_of_value(sample) if sample is not None else None
    if kind is None:
        kind = "object" if "properties" in schema else ("array" if "items" in schema else "string")
    return str(kind)


def _kind_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "string")


def _singular(label: str) -> str:
    words = label.split()
    last = words[-1]
    if last.endswith("ies"):
        last = last[:-3] + "y"
    elif last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    return " ".join([*words[:-1], last])


def _label_zh(label: str, description: str, meaning: str) -> str:
    if not CHINESE.search(description):
        return load_data("words")["labels_zh"].get(meaning, label) if label == meaning else label
    head = re.split(r"[，。,.；;：:（(、\n]|例如|比如|如：|默认|单位|用于|支持|是指", description.strip())[0]
    head = re.sub(r"\s+|^(?:是否)(?=.)|^(?:该|此|本|所属|需要|希望|要)|[`*\"“”]", "", head).removesuffix("的")
    return head if 1 < len(head) <= 12 and CHINESE.search(head) else label


def _name_words(schema: dict[str, Any]) -> frozenset[str]:
    return frozenset(stem(word) for name in schema.get("properties") or {} for word in split_name(name))


def _read_vocabulary(name: str, description: str, schema: dict[str, Any]) -> frozenset[str]:
    words = {stem(word) for word in split_name(name)} | {stem(word) for word in find_tokens(description)}
    words.update(re.findall(r"\d+", description))
    text = [description]
    for member_name, member in _walk_members(schema, 0):
        words.update(stem(word) for word in split_name(member_name))
        words.update(stem(word) for word in spell_label(member_name).split())
        text.append(str(member.get("description") or "")[:300])
        words.update(stem(word) for word in find_tokens(text[-1]))
    return frozenset(words | find_keys(" ".join(text)))


def _walk_members(schema: dict[str, Any], depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, member in (schema.get("properties") or {}).items():
        if isinstance(member, dict):
            yield name, member
            if depth < 3:
                yield from _walk_members(member, depth + 1)
    items = schema.get("items")
    if isinstance(items, dict) and depth < 4:
        yield from _walk_members(items, depth + 1)
