"""OpenAPI operations become functions whose arguments know their place in the request."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.function import Function
from tasks.ingest import read_document

SHOP: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Fruit Shop", "version": "1"},
    "servers": [{"url": "https://{region}.shop.example/v1/", "variables": {"region": {"default": "eu"}}}],
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "shop_key"}},
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "schemas": {"Fruit": {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
            "required": ["name"],
        }},
    },
    "paths": {
        "/fruits/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "put": {
                "operationId": "fruits.update",
                "summary": "Change a fruit.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "text/xml": {},
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Fruit"}, "example": {"name": "kiwi"},
                        },
                    },
                },
            },
            "get": {"parameters": [
                {"name": "shop_key", "in": "query"},
                {"name": "Accept", "in": "header"}, {"name": "lang", "in": "query"},
            ]},
        }
    },
}  # fmt: skip


def read_functions(folder: Path, document: dict[str, Any]) -> list[Function]:
    path = folder / "shop.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_document(path).functions


def read_operation(folder: Path, path: str = "/x", method: str = "post", **operation: Any) -> Function:
    """The one function of an OpenAPI 3 document with one operation."""
    return read_functions(folder, {"openapi": "3.0.0", "paths": {path: {method: operation}}})[0]


def json_body(schema: Any, **more: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}, **more}


def test_path_query_and_body_are_one_list_of_arguments(tmp_path: Path) -> None:
    update = read_functions(tmp_path, SHOP)[0]
    assert (update.name, update.description, update.domain) == ("fruits_update", "Change a fruit.", "fruit_shop")
    assert update.parameters == {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "body_id": {"type": "integer"},
            "name": {"type": "string", "examples": ["kiwi"]},
        },
        "required": ["id", "name"],
        "additionalProperties": False,
    }
    assert update.http is not None
    assert (update.http.method, update.http.path, update.http.body_type) == ("PUT", "/fruits/{id}", "application/json")
    assert update.http.server == "https://eu.shop.example/v1"
    assert [(one.place, one.wire_name) for one in update.http.parameters.values()] == [
        ("path", "id"), ("body", "id"), ("body", "name")
    ]  # fmt: skip
    assert update.repairs == (
        "operationId 'fruits.update' is no function name", "body parameter id renamed body_id"
    )  # fmt: skip


def test_credentials_and_content_types_are_left_to_the_transport(tmp_path: Path) -> None:
    get = read_functions(tmp_path, SHOP)[1]
    assert list(get.parameters["properties"]) == ["id", "lang"]
    assert get.parameters["properties"]["lang"] == {"type": "string"}
    assert "shop_key: left out: this query parameter belongs to the transport" in get.repairs


def test_a_name_and_a_description_are_made_where_there_are_none(tmp_path: Path) -> None:
    get = read_functions(tmp_path, SHOP)[1]
    assert (get.name, get.description) == ("get_fruits_by_id", "Get fruits by id.")
    assert {"name made from the path", "description made from the name"} <= set(get.repairs)


def test_names_are_unique_in_their_document(tmp_path: Path) -> None:
    paths = {f"/{one}": {"get": {"operationId": "fetch" * 20}} for one in "abc"}
    names = [function.name for function in read_functions(tmp_path, {"openapi": "3.1.0", "paths": paths})]
    assert names == [("fetch" * 20)[:64], ("fetch" * 20)[:62] + "_2", ("fetch" * 20)[:62] + "_3"]


def test_a_chinese_operation_id_falls_back_to_the_path_and_then_is_rejected(tmp_path: Path) -> None:
    assert read_operation(tmp_path, "/orders", operationId="创建订单").name == "post_orders"
    nameless = read_operation(tmp_path, "/订单", operationId="创建订单")
    assert (nameless.state, nameless.reason, nameless.name) == ("rejected", "no_name", "unnamed_0")


def test_summary_and_description_are_joined_without_saying_things_twice(tmp_path: Path) -> None:
    assert read_operation(tmp_path, summary="Buy", description="Costs money.").description == "Buy. Costs money."
    assert read_operation(tmp_path, summary="下单", description="需要登录").description == "下单。需要登录"
    assert read_operation(tmp_path, summary="Buy.", description="Buy fruit.").description == "Buy fruit."


def test_a_long_description_ends_with_a_sentence(tmp_path: Path) -> None:
    function = read_operation(tmp_path, description="Ten words make up this sentence of the long text. " * 40)
    assert 900 < len(function.description) <= 1000
    assert function.description.endswith("text.")
    assert "description shortened" in function.repairs


def test_what_a_body_object_requires_is_required_whether_the_body_is_or_not(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert read_operation(tmp_path, requestBody=json_body(schema)).parameters["required"] == ["a"]
    assert read_operation(tmp_path, requestBody=json_body(schema, required=True)).parameters["required"] == ["a"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}},
        {"oneOf": [{"type": "object"}, {"type": "string"}]},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object"},
    ],
)
def test_a_body_that_is_no_plain_object_is_one_argument(tmp_path: Path, schema: Any) -> None:
    function = read_operation(tmp_path, requestBody=json_body(schema, required=True))
    assert function.parameters["properties"] == {"body": schema}
    assert function.parameters["required"] == ["body"]
    assert function.http is not None
    assert function.http.parameters["body"].style == "whole_body"


def test_a_path_parameter_that_nobody_declared_is_added(tmp_path: Path) -> None:
    function = read_operation(tmp_path, "/a/{b}", "get")
    assert function.parameters["properties"] == {"b": {"type": "string"}}
    assert function.parameters["required"] == ["b"]


def test_swagger_2_form_fields_are_body_arguments(tmp_path: Path) -> None:
    fields = [
        {"name": "photo", "in": "formData", "type": "file", "required": True},
        {"name": "size", "in": "formData", "type": "integer", "minimum": 1, "exclusiveMinimum": True},
    ]
    document = {
        "swagger": "2.0", "host": "a.example", "basePath": "/v2", "schemes": ["http"],
        "paths": {"/upload": {"post": {"operationId": "upload", "parameters": fields}}},
    }  # fmt: skip
    upload = read_functions(tmp_path, document)[0]
    assert upload.parameters["properties"] == {
        "photo": {"type": "string", "format": "binary"},
        "size": {"type": "integer", "exclusiveMinimum": 1},
    }
    assert upload.parameters["required"] == ["photo"]
    assert upload.http is not None
    assert (upload.http.server, upload.http.body_type) == ("http://a.example/v2", "multipart/form-data")


def test_references_that_lead_out_reject_one_operation_only(tmp_path: Path) -> None:
    paths = {"/a": {"get": {"$ref": "a.yml"}, "put": {"operationId": "ok"}}, "/b": {"$ref": "#/nowhere"}}
    functions = read_functions(tmp_path, {"openapi": "3.0.0", "paths": paths})
    assert [(one.name, one.reason) for one in functions] == [
        ("get_a", "unresolved_reference"), ("ok", None), ("call_b", "unresolved_reference")
    ]  # fmt: skip
    assert functions[0].detail is not None
    assert "'a.yml' lies outside this document" in functions[0].detail


def test_a_large_tool_loses_inner_descriptions_first_and_then_its_place(tmp_path: Path) -> None:
    def body_of(levels: int, words: str) -> dict[str, Any]:
        leaf: dict[str, Any] = {"type": "string", "description": words}
        for _ in range(levels):
            leaf = {"type": "object", "properties": {f"p{i}": leaf for i in range(6)}}
        return json_body(leaf)

    slimmed = read_operation(tmp_path, requestBody=body_of(3, "word " * 100))
    assert (slimmed.state, len(json.dumps(slimmed.tool)) <= 32_000) == ("accepted", True)
    assert "descriptions and examples deeper than 2 levels dropped for size" in slimmed.repairs
    rejected = read_operation(tmp_path, requestBody=body_of(5, ""))
    assert (rejected.state, rejected.reason) == ("rejected", "too_large")


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from places_in(value[key])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3)
    | st.sampled_from([{"$ref": "#"}, {"$ref": "#/nope"}, {"type": {}}, {"in": []}, {"required": True, "enum": [[]]}]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["type", "allOf", "enum"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_junk_anywhere_in_a_document_stops_reading(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    document = copy.deepcopy(SHOP)
    for _ in range(3):
        container, key = data.draw(st.sampled_from(list(places_in(document))))
        container[key] = data.draw(JUNK)
    for function in read_functions(tmp_path_factory.getbasetemp(), document):
        json.dumps(function.model_dump(), allow_nan=False)
        if function.state == "accepted":
            jsonschema_rs.Draft202012Validator(function.parameters)
