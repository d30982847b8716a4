"""Schemas of API documents become plain JSON Schema that says the same."""

from typing import Any

import jsonschema_rs
import pytest

from tasks.cleaning.clean_schema import SchemaCleaner, SchemaTooLargeError
from tasks.cleaning.repairs import Repairs
from tasks.cleaning.resolve_reference import References, UnresolvedReferenceError

PET = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def clean(schema: Any, **definitions: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The cleaned schema, which compiles, and the repairs."""
    repairs = Repairs()
    cleaned = SchemaCleaner(References({"definitions": definitions}), repairs).clean(schema, "it")
    jsonschema_rs.Draft202012Validator(cleaned)
    return cleaned, repairs.as_tuple()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "int"}, {"type": "integer"}),
        ({"type": "String"}, {"type": "string"}),
        ({"type": "file"}, {"type": "string", "format": "binary"}),
        ({"type": "List[int]"}, {"type": "array", "items": {"type": "integer"}}),
        ({"type": "string[]"}, {"type": "array", "items": {"type": "string"}}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "string|null"}, {"type": ["string", "null"]}),
        ({"type": "any"}, {}),
        ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": False}, {"type": "integer", "minimum": 0}),
        ({"type": "integer", "minimum": "3", "maximum": "lots"}, {"type": "integer", "minimum": 3}),
        ({"type": "integer", "minimum": 9, "maximum": 1}, {"type": "integer"}),
        ({"type": "string", "pattern": "["}, {"type": "string"}),
        ({"type": "string", "pattern": "/^a+$/i"}, {"type": "string", "pattern": "^a+$"}),
        ({"type": "string", "enum": [True, 1, "1", "x"]}, {"type": "string", "enum": ["true", "1", "x"]}),
        ({"type": "integer", "enum": ["1", "2", 2]}, {"type": "integer", "enum": [1, 2]}),
        ({"enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "array", "enum": ["a"], "items": {}}, {"type": "array", "items": {"type": "string", "enum": ["a"]}}),
        ({"type": "integer", "default": "10"}, {"type": "integer", "default": 10}),
        ({"type": "integer", "default": "many"}, {"type": "integer"}),
        ({"type": "integer", "example": "7"}, {"type": "integer", "examples": [7]}),
        ({"type": "integer", "example": "seven", "examples": [1, 1, 2]}, {"type": "integer", "examples": [1, 2]}),
        ({"type": "string", "xml": {}, "externalDocs": {}, "x-go": 1, "deprecated": True}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"type": "string", "description": "<p>See <b>this</b> [page](http://a.b)</p>"},
         {"type": "string", "description": "See this page"}),
        ({"type": "string", "title": "Name of it"}, {"type": "string", "description": "Name of it"}),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}),
        ({"type": "object", "additionalProperties": {"type": "int"}},
         {"type": "object", "additionalProperties": {"type": "integer"}}),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "prefixItems": [{"type": "string"}]}),
    ],
)  # fmt: skip
def test_a_keyword_is_repaired(schema: Any, expected: dict[str, Any]) -> None:
    assert clean(schema)[0] == expected


def test_booleans_and_numbers_of_an_enum_are_told_apart() -> None:
    assert clean({"enum": [1, True, 1]})[0]["enum"] == [1, True]


def test_required_keeps_only_names_of_properties_and_drops_booleans_inside() -> None:
    cleaned, repairs = clean(
        {"type": "object", "properties": {"a": {"type": "string", "required": True}}, "required": ["a", "b", "a"]}
    )
    assert cleaned == {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert repairs == ("it.a: required: True inside a property dropped", "it: required names 'b', which is no property")


def test_read_only_properties_are_left_out() -> None:
    cleaned, _ = clean(
        {"type": "object", "properties": {"id": {"$ref": "#/definitions/Id"}, "a": {}}, "required": ["id"]},
        Id={"type": "string", "readOnly": True},
    )
    assert cleaned == {"type": "object", "properties": {"a": {}}}


def test_references_are_written_out_with_the_words_beside_them() -> None:
    cleaned, repairs = clean({"$ref": "#/definitions/Pet", "description": "Whose"}, Pet=PET)
    assert cleaned == {**PET, "description": "Whose"}
    assert repairs == ()


def test_a_circle_of_references_is_cut() -> None:
    node = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/definitions/Node"}}}}
    cleaned, repairs = clean({"$ref": "#/definitions/Node"}, Node=node)
    assert cleaned["properties"]["children"]["items"] == {"type": "object"}
    assert repairs == ("it.children.items: circular reference #/definitions/Node cut",)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("other.yml#/Pet", "outside this document"),
        ("https://a.b/c", "outside"),
        ("#/definitions/No", "there is no 'No'"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(reference: str, words: str) -> None:
    with pytest.raises(UnresolvedReferenceError, match=words):
        clean({"type": "array", "items": {"$ref": reference}})


def test_all_of_objects_is_one_object() -> None:
    more = {"properties": {"age": {"type": "integer"}}, "required": ["age", "name"]}
    cleaned, _ = clean({"allOf": [{"$ref": "#/definitions/Pet"}, more], "description": "A dog"}, Pet=PET)
    properties = {"name": {"type": "string"}, "age": {"type": "integer"}}
    assert cleaned == {
        "type": "object", "description": "A dog", "properties": properties, "required": ["name", "age"]
    }  # fmt: skip


def test_nullable_beside_all_of_admits_null() -> None:
    cleaned, _ = clean({"nullable": True, "allOf": [{"$ref": "#/definitions/Pet"}]}, Pet=PET)
    assert cleaned["type"] == ["object", "null"]


def test_all_of_that_contradicts_itself_is_kept() -> None:
    cleaned, repairs = clean({"allOf": [{"type": "string"}, {"type": "integer"}]})
    assert cleaned == {"allOf": [{"type": "string"}, {"type": "integer"}]}
    assert len(repairs) == 1


def test_a_choice_told_apart_by_a_discriminator_becomes_any_of() -> None:
    cleaned, _ = clean({"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {"propertyName": "kind"}})
    assert cleaned == {"anyOf": [{"type": "string"}, {"type": "integer"}]}


def test_a_schema_that_grows_without_end_is_an_error() -> None:
    wide = {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(200)}}
    wider = {"type": "object", "properties": {f"q{i}": {"$ref": "#/definitions/Wide"} for i in range(200)}}
    with pytest.raises(SchemaTooLargeError, match="20,000"):
        clean(wider, Wide=wide)
