"""Every prompt has a golden render; `UPDATE_GOLDEN=1 make test` refreshes them, the diff is reviewed."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from prompts.render import prompt_hashes, prompt_names, render

GOLDEN = Path(__file__).parent.parent / "golden" / "prompts"
WEATHER = {
    "name": "get_forecast",
    "description": "Get the weather forecast for a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "default": 3}},
        "required": ["city"],
    },
}
CALL = {"name": "get_forecast", "arguments": {"city": "São Paulo", "days": 5}}
FIELDS: dict[str, dict[str, Any]] = {
    "generate_pair.v1": {
        "examples": [{"function": WEATHER, "query": "天气怎么样?", "calls": [CALL]}],
        "language_name": "English",
        "style": "terse",
        "optional": "leave them all out",
        "variation": 7,
        "function": WEATHER,
    },
    "combine_queries.v1": {
        "language_name": "Chinese",
        "style": "polite",
        "parts": [{"query": "北京的天气", "call": CALL}, {"query": "明天呢", "call": CALL}],
    },
    "refuse.v1": {"language_name": "English", "offered": [WEATHER], "query": "Book a table for {two} & more"},
    "judge_calls.v1": {"called": [WEATHER], "others": [], "query": "Five days in São Paulo?", "calls": [CALL]},
    "judge_refusal.v1": {"offered": [WEATHER], "query": "Book a table", "answer": "I can't book tables."},
    "answer_chat.v1": {"language_name": "Chinese", "system": "You are a {pirate}."},
    "repair.v1": {"problem": "not_json: expected one JSON object"},
}


def as_text(prompt: str) -> str:
    return "".join(f"=== {role} ===\n{content}\n" for role, content in render(prompt, **FIELDS[prompt]).messages)


def test_every_prompt_has_fields_and_a_golden_render() -> None:
    assert set(prompt_names()) == set(FIELDS)
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(FIELDS) or os.environ.get("UPDATE_GOLDEN")


@pytest.mark.parametrize("prompt", FIELDS)
def test_prompt_renders_as_reviewed(prompt: str) -> None:
    path = GOLDEN / f"{prompt}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(as_text(prompt), encoding="utf-8")
    assert as_text(prompt) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("prompt", FIELDS)
def test_no_placeholder_survives(prompt: str) -> None:
    assert not re.search(r"\{\{|\}\}\s*\}\}|\{%", as_text(prompt).replace("}}}", "").replace("}}", ""))


@pytest.mark.parametrize(
    ("prompt", "field"), [(prompt, field) for prompt, fields in FIELDS.items() for field in fields]
)
def test_a_missing_field_is_an_error_that_names_it(prompt: str, field: str) -> None:
    fields = {name: value for name, value in FIELDS[prompt].items() if name != field}
    with pytest.raises(UndefinedError, match=field):
        render(prompt, **fields)


def test_hashes_name_every_file() -> None:
    assert set(prompt_names()) < set(prompt_hashes())
    assert {"few_shot.v1", "styles.v1"} < set(prompt_hashes())
