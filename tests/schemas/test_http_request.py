"""A call becomes the HTTP request that it stands for."""

from typing import Any

import pytest

from schemas.errors import TerminalError
from schemas.function import Function, HttpBinding, ParameterBinding
from schemas.http_request import build_http_request
from schemas.sample import Call


def make_function(method: str, path: str, places: dict[str, str], **binding: Any) -> Function:
    """A function whose arguments go to the places given, under `wire` names where told so."""
    wire = binding.pop("wire", {})
    styles = binding.pop("styles", {})
    parameters = {
        name: ParameterBinding.model_validate(
            {"place": place, "wire_name": wire.get(name, name), "style": styles.get(name, "plain")}
        )
        for name, place in places.items()
    }
    http = HttpBinding.model_validate({"method": method, "path": path, "parameters": parameters, **binding})
    return Function(
        function_id="f", document_id="d", document_path="shop.yaml", format="openapi-3.0", position=0, name="act",
        description="Act.", parameters={"type": "object"}, http=http, domain="shop", language="en", family_id="a",
        split="train",
    )  # fmt: skip


def line_of(function: Function, **arguments: Any) -> str:
    return build_http_request(function, Call(name="act", arguments=arguments)).line()


def test_body_arguments_stand_as_json_after_the_path() -> None:
    order = make_function("POST", "/order/create", {"product": "body"}, body_type="application/json")
    assert line_of(order, product="草莓") == 'POST /order/create {"product": "草莓"}'


def test_path_values_are_percent_encoded_and_query_values_follow() -> None:
    pets = make_function("GET", "/pets/{id}", {"id": "path", "limit": "query"})
    assert line_of(pets, id=3, limit=5) == "GET /pets/3?limit=5"
    assert line_of(pets, id="a/b 猫") == "GET /pets/a%2Fb%20%E7%8C%AB"


def test_lists_repeat_in_the_query_and_booleans_are_small_letters() -> None:
    search = make_function(
        "GET", "/search", {"tag": "query", "deep": "query", "filter": "query"}, styles={"filter": "json"}
    )
    assert line_of(search, tag=["a", "b c"], deep=True) == "GET /search?tag=a&tag=b%20c&deep=true"
    assert line_of(search, filter=["a"]) == "GET /search?filter=%5B%22a%22%5D"
    assert line_of(search, tag=None) == "GET /search"


def test_renamed_arguments_go_under_their_wire_names() -> None:
    update = make_function("PUT", "/pets/{id}", {"id": "path", "body_id": "body"}, wire={"body_id": "id"})
    assert line_of(update, id=1, body_id=2) == 'PUT /pets/1 {"id": 2}'


def test_a_whole_body_is_the_argument_itself() -> None:
    tag = make_function("POST", "/tags", {"body": "body"}, styles={"body": "whole_body"}, body_type="application/json")
    request = build_http_request(tag, Call(name="act", arguments={"body": ["x", 1]}))
    assert (request.body, request.body_type, request.line()) == (["x", 1], "application/json", 'POST /tags ["x", 1]')


def test_headers_and_cookies_are_kept_as_text() -> None:
    function = make_function("GET", "/", {"X-Region": "header", "session": "cookie"})
    request = build_http_request(function, Call(name="act", arguments={"X-Region": ["eu", 1], "session": 7}))
    assert (request.headers, request.cookies, request.body) == ({"X-Region": "eu,1"}, {"session": "7"}, None)


def test_a_missing_path_argument_is_named() -> None:
    with pytest.raises(TerminalError, match=r"does not say 'id'.*/pets/\{id\}.*add it"):
        line_of(make_function("GET", "/pets/{id}", {"id": "path"}))


def test_an_argument_without_a_place_is_named() -> None:
    with pytest.raises(TerminalError, match="without a place in its request: color"):
        line_of(make_function("GET", "/pets", {"limit": "query"}), color="red")


def test_a_function_without_http_says_what_to_do() -> None:
    function = make_function("GET", "/", {}).model_copy(update={"http": None})
    with pytest.raises(TerminalError, match="has no HTTP request; give its document as OpenAPI"):
        line_of(function)


def test_a_call_of_another_function_is_refused() -> None:
    with pytest.raises(TerminalError, match="The call is of 'other'"):
        build_http_request(make_function("GET", "/", {}), Call(name="other", arguments={}))
