"""Schemas of every kind, each with texts that are words of its grammar and texts that are not."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from serving.grammar.document import build_validator
from serving.grammar.machine import Machine
from serving.grammar.schema import SchemaRefusedError, compile_schema
from tests.serving.grammar.words import random_words

_OPENAPI = Path(__file__).parents[3] / ".." / "shared" / "data" / "openapi"

_AB = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}}}
_TREE = {"type": "object", "properties": {"n": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#"}}}}
_TAGGED = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
            "required": ["kind"],
        },
        {"type": "object", "properties": {"kind": {"const": "dog"}, "tricks": {"type": "array"}}, "required": ["kind"]},
    ]
}

CASES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "members in order, any left out": (_AB, ["{}", '{"a": 1}', '{"b": true}', '{"a": 1, "b": true}'],
        ['{"b": true, "a": 1}', '{"a": 1,"b": true}', '{"a": "1"}', '{"c": 1}', '{"a": 1, }', "{ }", "[]"]),
    "required": ({**_AB, "required": ["b"]}, ['{"b": true}', '{"a": 2, "b": false}'], ["{}", '{"a": 1}']),
    "required but not declared": ({**_AB, "required": ["z"]}, ['{"z": null}', '{"a": 1, "z": [1]}'],
        ["{}", '{"a": 1}']),
    "strangers wanted": ({**_AB, "additionalProperties": {"type": "string"}},
        ['{"c": "x"}', '{"a": 1, "ab": "x", "": "y"}', '{"á\\n": ""}'],
        ['{"c": 1}', '{"a": "x"}', '{"c": "x", "a": 1}']),
    "any object": ({"type": "object"}, ["{}", '{"x": {"y": [1, "z"]}}'], ["[]", '{"x"}', '{"x":1}']),
    "no type": ({}, ["1", '"x"', "null", '{"a": [true, -1.5]}', "[]"], ["", "tru", "[1,2]", "nul"]),
    "nullable": ({"type": ["string", "null"]}, ["null", '"null"'], ["1", "nulL"]),
    "enum": ({"enum": ["a", 1, None, 2.0, {"x": [1]}, "é\n"]}, ['"a"', "1", "null", "2", '{"x": [1]}', '"é\\n"'],
        ['"b"']),
    "enum and type": ({"type": "integer", "enum": ["1", 1, 2.5]}, ["1"], ['"1"', "2.5"]),
    "enum beside bounds": ({"enum": [1, 5, 9], "minimum": 2, "not": {"const": 9}}, ["5"], ["1", "9"]),
    "const": ({"const": "x\"y"}, ['"x\\"y"'], ['"x"']),
    "items": ({"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}, ["[1]", "[1, 2, 3]"],
        ["[]", "[1, 2, 3, 4]", "[1,2]", '["1"]', "[1, ]"]),
    "no more than none": ({"type": "array", "maxItems": 0}, ["[]"], ["[1]"]),
    "prefix": ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
        ["[]", "[1]", '[1, "a"]'], ['["a"]', '[1, "a", 2]']),
    "contains": ({"type": "array", "items": {"type": "integer"}, "contains": {"minimum": 10}, "maxItems": 3},
        ["[10]", "[1, 2, 30]", "[10, 1]"], ["[]", "[1]", "[1, 2, 3, 10]"]),
    "distinct": ({"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 1},
        ['["a"]', '["c", "a", "b"]'], ["[]", '["a", "a"]', '["b", "a", "b"]']),
    "anyOf": ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ['"x"', "1"], ["1.5", "null"]),
    "anyOf beside properties": ({**_AB, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        ['{"a": 1}', '{"b": true}', '{"a": 1, "b": true}'], ["{}"]),
    "oneOf beside properties": ({**_AB, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        ['{"a": 1}', '{"b": true}'], ["{}", '{"a": 1, "b": true}']),
    "oneOf told apart": (_TAGGED, ['{"kind": "cat", "lives": 9}', '{"kind": "dog"}'],
        ['{"kind": "cow"}', '{"lives": 9}']),
    "oneOf overlapping": ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, ["1", "2.5", '"x"'], ["3", "1.5"]),
    "allOf": ({"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]}, ["3", "5"], ["2", "6"]),
    "allOf of objects": ({"allOf": [_AB, {"properties": {"c": {"type": "null"}}, "required": ["c"]}]},
        ['{"a": 1, "c": null}'], ["{}", '{"d": 1, "c": null}']),
    "allOf with a closed part": ({"allOf": [{**_AB, "additionalProperties": False}, {"properties": {"c": {}}}]},
        ["{}", '{"a": 1}'], ['{"c": 1}']),
    "reference": ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}, ['"x"'], ["1"]),
    "escaped reference": ({"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "null"}}}, ["null"], ["1"]),
    "anchor": ({"$ref": "#x", "$defs": {"y": {"$anchor": "x", "type": "null"}}}, ["null"], ["1"]),
    "reference with siblings": ({"$ref": "#/$defs/x", "minimum": 3, "$defs": {"x": {"type": "integer"}}}, ["3"], ["2"]),
    "recursion": (_TREE, ["{}", '{"kids": []}', '{"n": 1, "kids": [{"n": 2, "kids": [{}]}]}'], ['{"kids": [1]}']),
    "not a type": ({"not": {"type": ["string", "object"]}}, ["1", "null", "[]"], ['"x"', "{}"]),
    "not a string": ({"type": "string", "not": {"enum": ["a", "ab"]}}, ['""', '"b"', '"abc"'], ['"a"', '"ab"']),
    "not required": ({**_AB, "not": {"required": ["a", "b"]}}, ['{"a": 1}', '{"b": true}', "{}"],
        ['{"a": 1, "b": true}']),
    "if then else": ({**_AB, "if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"maxProperties": 0}},
        ["{}", '{"a": 1, "b": true}'], ['{"a": 1}', '{"b": true}']),
    "dependent": ({**_AB, "dependentRequired": {"a": ["b"]}}, ["{}", '{"b": true}', '{"a": 1, "b": true}'],
        ['{"a": 1}']),
    "at least two members": ({**_AB, "minProperties": 2}, ['{"a": 1, "b": true}'], ["{}", '{"a": 1}', '{"b": true}']),
    "at most one member": ({**_AB, "maxProperties": 1}, ["{}", '{"a": 1}', '{"b": true}'], ['{"a": 1, "b": true}']),
    "names by pattern": ({"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}}, ['{"ab": 1}', "{}"],
        ['{"A": 1}']),
    "names by list": ({"type": "object", "propertyNames": {"enum": ["x", "y"]}}, ['{"x": 1, "y": 2}', '{"y": 1}'],
        ['{"z": 1}']),
    "values by name's pattern": ({"type": "object", "patternProperties": {"^n": {"type": "integer"}},
        "additionalProperties": {"type": "string"}}, ['{"n1": 1, "x": "y"}'], ['{"n1": "x"}', '{"x": 1}']),
    "only what was looked at": ({"allOf": [_AB], "properties": {"c": {}}, "unevaluatedProperties": False},
        ['{"c": 1, "a": 2}', "{}"], ['{"d": 1}']),
    "false property": ({"type": "object", "properties": {"a": False, "b": True}}, ["{}", '{"b": 1}'], ['{"a": 1}']),
    "names with marks": ({"type": "object", "properties": {'a"\\/é': {"type": "null"}}}, ['{"a\\"\\\\/é": null}'], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_words_and_other_texts(name: str) -> None:
    schema, words, others = CASES[name]
    compiled = compile_schema(schema)
    machine = Machine(compiled.grammar)
    validator = build_validator(schema)
    assert compiled.widened == ()
    assert [word for word in words if not machine.accepts(word.encode())] == []
    assert [text for text in others if machine.accepts(text.encode())] == []
    for word in random_words(compiled.grammar, 40):
        assert validator.is_valid(json.loads(word)), word


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "/: uniqueItems"),
        ({"type": "object", "minProperties": 3}, "/: minProperties"),
        ({"properties": {"x": {"type": "string", "not": {"format": "date"}}}}, "/properties/x: not"),
        ({"items": {"type": "integer", "multipleOf": 100003}}, "/items: multipleOf"),
        ({"type": "string", "format": "regex"}, "/: format"),
    ],
)
def test_what_can_not_be_said_is_named(schema: dict[str, Any], place: str) -> None:
    assert compile_schema(schema).widened == (place,)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "dict"}, '"dict" is not valid'),
        ({"properties": {"x": {"exclusiveMinimum": True, "minimum": 1}}}, 'true is not of type "number"'),
        ({"$ref": "#/$defs/x"}, "does not exist"),
        ({"$ref": "http://127.0.0.1:9/x.json"}, "."),
        ({"enum": []}, "No finite JSON value"),
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, "No finite JSON value"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "No finite JSON value"),
        ({"$ref": "#"}, "No finite JSON value"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "No finite JSON value"),
        ({"type": "string", "pattern": "("}, "regex"),
    ],
)
def test_what_can_not_be_promised_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaRefusedError, match=message):
        compile_schema(schema)


def test_a_deep_schema_is_refused_rather_than_crashing() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(400):
        schema = {"type": "array", "items": schema, "minItems": 1}
    with pytest.raises(SchemaRefusedError):
        compile_schema(schema)


def test_many_overlapping_branches_end_soon() -> None:
    branches = [{"properties": {f"p{i}": {"type": "string"}, f"q{i}": {"minimum": i}}} for i in range(30)]
    began = time.perf_counter()
    assert compile_schema({"type": "object", "oneOf": branches}).widened
    assert time.perf_counter() - began < 5


def test_twenty_plain_parameters_take_under_a_millisecond() -> None:
    """128 functions of this size are compiled before a request's first token."""
    properties = {f"p{i}": {"type": "string", "description": "x"} for i in range(20)}
    schema = {"type": "object", "properties": properties, "required": ["p3", "p7"]}
    times = []
    for _ in range(30):
        began = time.perf_counter()
        compile_schema(schema)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.001


@pytest.mark.slow
@pytest.mark.skipif(not _OPENAPI.exists(), reason="needs ../shared/data/openapi")
def test_every_function_of_real_documents() -> None:
    """Of 1,847 functions at most 1 % may be refused; what is not widened is sound."""
    from tasks.ingest import ingest_documents

    functions = [each for one in ingest_documents([_OPENAPI]) for each in one.functions if each.state == "accepted"]
    refused = 0
    for function in functions:
        try:
            compiled = compile_schema(function.parameters)
        except SchemaRefusedError:
            refused += 1
            continue
        validator = build_validator(function.parameters)
        for word in random_words(compiled.grammar, 20):
            assert compiled.widened or validator.is_valid(json.loads(word)), (function.name, word)
    assert refused <= len(functions) // 100
