"""JSON schema's words become BFCL's, one for each parameter, without a word that its checker can't read."""

from typing import Any

import pytest

from eval.tiers.own_documents import document_of
from schemas.sample import Call
from tests.eval.tiers.samples import Schema, make_tool

NOTHING: Schema = {}


def convert_one(schema: Schema, *values: Any) -> Schema:
    """What becomes of one parameter to which the expected calls give these values."""
    calls = [Call(name="f", arguments={"x": value}) for value in values]
    converted: Schema = document_of(make_tool("f", {"x": schema}), calls)["parameters"]["properties"]["x"]
    return converted


def test_a_document_has_all_that_the_checker_reads() -> None:
    tool = make_tool("f", {"x": {"type": "string"}}, required=["x"])
    del tool["function"]["parameters"]["additionalProperties"]
    assert document_of(tool, ()) == {
        "name": "f",
        "description": "Do f.",
        "parameters": {"type": "dict", "properties": {"x": {"type": "string"}}, "required": ["x"]},
    }
    tool["function"]["parameters"] = {"type": "object"}
    assert document_of(tool, ())["parameters"] == {"type": "dict", "properties": {}, "required": []}


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "object"}, "dict"),
        ({"type": "number"}, "float"),
        ({"type": ["boolean", "null"]}, "boolean"),
        ({"type": ["integer", "number"]}, "float"),
        ({"type": ["integer", "string"]}, "any"),
        ({"type": "null"}, "any"),
        (NOTHING, "any"),
        ({"enum": [1, 2, None]}, "integer"),
        ({"const": "a"}, "string"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"oneOf": [{"type": "string"}, {"type": "object"}]}, "any"),
        ({"allOf": [{"type": "object"}, {"type": "object"}]}, "dict"),
    ],
)
def test_a_parameter_has_one_word(schema: Schema, word: str) -> None:
    assert convert_one(schema)["type"] == word


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "array", "items": {"type": "number"}}, "float"),
        ({"type": "array"}, "any"),
        ({"type": "array", "items": False}, "any"),
        ({"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]}, "dict"),
    ],
)
def test_items_always_have_a_word(schema: Schema, word: str) -> None:
    converted = convert_one(schema)
    assert converted["type"] == "array"
    assert converted["items"]["type"] == word


def test_what_is_inside_is_converted_and_what_says_more_is_kept() -> None:
    inner = {"type": "object", "properties": {"n": {"type": "number", "minimum": 0}}, "required": ["n"]}
    converted = convert_one({"type": "array", "description": "Rows.", "items": inner, "default": []})
    assert converted == {
        "type": "array",
        "description": "Rows.",
        "items": {"type": "dict", "properties": {"n": {"type": "float", "minimum": 0}}, "required": ["n"]},
        "default": [],
    }


@pytest.mark.parametrize(
    ("schema", "value", "word"),
    [
        ({"type": "array", "items": {"type": "number"}}, [2.5, 3.5], "array"),
        ({"type": "array", "items": {"type": "number"}}, [1, 2], "array"),
        ({"type": "array", "items": {"type": "number"}}, [2.5, 1], "any"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, ["a", None], "any"),
        ({"type": "array", "items": {"type": ["object", "null"]}}, [None, {}], "any"),
        ({"type": "number"}, 5, "float"),
        ({"type": "number"}, 1e300, "float"),
        ({"type": "integer"}, 2**60, "integer"),
        ({"type": "number"}, 2**53 + 1, "any"),
        ({"type": "integer"}, 5.0, "integer"),
        ({"type": ["string", "null"]}, None, "any"),
    ],
)
def test_a_value_that_the_word_could_not_let_pass_makes_it_any(schema: Schema, value: Any, word: str) -> None:
    assert convert_one(schema, value)["type"] == word
