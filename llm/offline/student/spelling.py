"""How blank forms are spelled in a row: JSON with schema fragments, under changing keys.

Never as a tool: no key "function", "parameters", "arguments" or "name" stands in any of them.
"""

import json
import random
from typing import Any, NamedTuple

from llm.offline.student.forms import Form

_SHARE_KEYED = 0.8


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
    return _as_json(forms, language, rng) if rng.random() < _SHARE_KEYED else _as_short_json(forms)


def _as_json(forms: list[Form], language: str, rng: random.Random) -> str:
    keys = rng.choice(_KEYS if language == "zh" else _KEYS[:-1])
    is_nested = rng.random() < 0.5
    lines = []
    for form in forms:
        blank = {keys.title: form.name, keys.about: form.description, keys.fields: form.schema}
        lines.append(_dump({"kind": "blank", "blank": blank} if is_nested else blank))
    return "\n".join(lines)


def _as_short_json(forms: list[Form]) -> str:
    lines = []
    for form in forms:
        body = {"about": form.description, "needed": list(form.required), "fields": form.fields}
        lines.append(f"{form.name}: {_dump(body)}")
    return "\n".join(lines)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
