"""How blank forms are spelled in a row: JSON with schema fragments, outlines, bullet lists, tables.

Never as a tool: no key "function", "parameters", "arguments" or "name" stands in any of them.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from llm.offline.student.forms import Form

_TYPES_EN = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no", "array": "list",
    "object": "group",
}  # fmt: skip
_TYPES_ZH = {
    "string": "文字", "integer": "整数", "number": "数字", "boolean": "是或否", "array": "列表", "object": "组",
}  # fmt: skip


class BlankKeys(NamedTuple):
    """Words for the parts of a blank form in JSON."""

    title: str
    about: str
    fields: str


_KEYS = (
    BlankKeys("form", "description", "fields"),
    BlankKeys("sheet", "description", "columns"),
    BlankKeys("title", "description", "entries"),
    BlankKeys("record", "about", "schema"),
    BlankKeys("page", "purpose", "content"),
    BlankKeys("document", "description", "inputs"),
    BlankKeys("表单", "说明", "字段"),
)


def spell_forms(forms: list[Form], language: str, rng: random.Random) -> str:
    """All forms of a row, one after another, in one notation."""
    notation = rng.choices(_NOTATIONS, weights=_WEIGHTS)[0]
    return notation(forms, language, rng)


def _as_json(forms: list[Form], language: str, rng: random.Random) -> str:
    keys = rng.choice(_KEYS if language == "zh" else _KEYS[:-1])
    is_nested = rng.random() < 0.5
    lines = []
    for form in forms:
        blank = {keys.title: form.name, keys.about: form.description, keys.fields: form.schema}
        lines.append(_dump({"kind": "blank", "blank": blank} if is_nested else blank))
    return "\n".join(lines)


def _as_short_json(forms: list[Form], language: str, rng: random.Random) -> str:
    lines = []
    for form in forms:
        body = {"about": form.description, "needed": list(form.required), "fields": form.fields}
        lines.append(f"{form.name}: {_dump(body)}")
    return "\n".join(lines)


def _as_bullets(forms: list[Form], language: str, rng: random.Random) -> str:
    mark = rng.choice("-*+")
    blocks = []
    for form in forms:
        lines = [f"{form.name}: {form.description}"]
        lines += [f"{mark} {path} ({kind}): {text}" for path, kind, text in _list_fields(form, language)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _as_outline(forms: list[Form], language: str, rng: random.Random) -> str:
    lines = []
    for form in forms:
        lines += [f"{form.name}:", f"  about: {form.description}", "  fields:"]
        lines += [f"    {path}: {kind}; {text}" for path, kind, text in _list_fields(form, language)]
    return "\n".join(lines)


def _as_table(forms: list[Form], language: str, rng: random.Random) -> str:
    lines = ["| 表单 | 字段 | 类型 | 说明 |" if language == "zh" else "| form | field | type | meaning |"]
    for form in forms:
        lines.append(f"| {form.name} | | | {form.description} |")
        lines += [f"| {form.name} | {path} | {kind} | {text} |" for path, kind, text in _list_fields(form, language)]
    return "\n".join(lines)


_NOTATIONS: tuple[Callable[[list[Form], str, random.Random], str], ...] = (
    _as_json, _as_short_json, _as_bullets, _as_outline, _as_table,
)  # fmt: skip
_WEIGHTS = (66, 14, 9, 6, 5)


def _list_fields(form: Form, language: str) -> list[tuple[str, str, str]]:
    """(path, kind, description) of every field, members of groups after their group."""
    return _walk(form.fields, form.required, "", language)


def _walk(fields: dict[str, Any], required: Any, owner: str, language: str) -> list[tuple[str, str, str]]:
    found = []
    for name, schema in fields.items():
        path = f"{owner}{name}"
        found.append((path, _say_kind(schema, name in required, language), schema.get("description", name)))
        inner = schema.get("items", schema)
        if "properties" in inner:
            found += _walk(inner["properties"], inner["required"], f"{path}.", language)
    return found


def _say_kind(schema: dict[str, Any], is_required: bool, language: str) -> str:
    types = _TYPES_ZH if language == "zh" else _TYPES_EN
    text = types[schema["type"]]
    options = schema.get("items", schema).get("enum")
    if options:
        text += " [" + ", ".join(options) + "]"
    if is_required:
        text += "，必填" if language == "zh" else ", needed"
    return text


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
