"""OpenAI tools lists become functions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest import Ingested, read_document

WEATHER = {
    "name": "get_weather",
    "description": "Get the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def read_tools(folder: Path, content: Any) -> Ingested:
    path = folder / "my-weather.tools.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return read_document(path)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "function", "function": WEATHER}],
        [WEATHER],
        [{"type": "function", **WEATHER}],
        {"tools": [WEATHER]},
        {"functions": [{"type": "function", "function": WEATHER}]},
    ],
)
def test_every_form_of_a_list_is_read(tmp_path: Path, content: Any) -> None:
    document, functions = read_tools(tmp_path, content)
    assert (document.format, document.state, document.domain) == ("openai-tools", "parsed", "my_weather")
    assert functions[0].name == "get_weather"
    assert functions[0].parameters == {**WEATHER["parameters"], "additionalProperties": False}  # type: ignore[dict-item]
    assert functions[0].http is None


def test_an_object_says_its_domain_and_title(tmp_path: Path) -> None:
    document = read_tools(tmp_path, {"title": "Sky", "x-domain": "Weather Now", "tools": [WEATHER]}).document
    assert (document.title, document.domain) == ("Sky", "weather_now")


def test_local_definitions_are_written_out(tmp_path: Path) -> None:
    parameters = {
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/Place"}},
        "$defs": {"Place": {"type": "string", "enum": ["a"]}},
    }
    function = read_tools(tmp_path, [{"name": "go", "parameters": parameters}]).functions[0]
    assert function.parameters["properties"] == {"at": {"type": "string", "enum": ["a"]}}
    assert function.description == "Go."


def test_http_is_read_where_an_entry_has_it(tmp_path: Path) -> None:
    entry = {**WEATHER, "x-http": {"method": "get", "path": "/weather/{city}", "parameters": {"city": "path"}}}
    http = read_tools(tmp_path, [entry]).functions[0].http
    assert http is not None
    assert (http.method, http.path, http.parameters["city"].place) == ("GET", "/weather/{city}", "path")


def test_alternative_forms_of_arguments_become_optional_arguments(tmp_path: Path) -> None:
    by_name = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    by_id = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    function = read_tools(tmp_path, [{"name": "find", "parameters": {"anyOf": [by_name, by_id]}}]).functions[0]
    assert set(function.parameters["properties"]) == {"name", "id"}
    assert function.parameters["required"] == []


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (17, "bad_schema"),
        ({"name": "f", "parameters": {"type": "string"}}, "bad_schema"),
        ({"name": "天气", "parameters": {}}, "no_name"),
        ({"name": "f", "parameters": {"properties": {"a": {"$ref": "#/$defs/A"}}}}, "unresolved_reference"),
    ],
)  # fmt: skip
def test_an_entry_that_is_off_is_rejected_beside_good_ones(tmp_path: Path, entry: Any, reason: str) -> None:
    good, bad = read_tools(tmp_path, [WEATHER, entry]).functions
    assert (good.state, bad.state, bad.reason) == ("accepted", "rejected", reason)


@pytest.mark.parametrize("content", [[], {}, 3, [{"name": "a", "description": "b", "arguments": []}], {"tools": "x"}])
def test_other_forms_are_an_unknown_format(tmp_path: Path, content: Any) -> None:
    document, functions = read_tools(tmp_path, content)
    assert (document.state, document.reason, functions) == ("rejected", "unknown_format", [])
    assert document.detail is not None
    assert "expected an object with 'openapi'" in document.detail
