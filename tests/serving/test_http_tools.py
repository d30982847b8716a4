"""Functions of API documents as tools: the request that is sent, and what the model is told of the answer."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.function import Function, HttpBinding, ParameterBinding
from serving.http_tools import HttpSender, make_http_tools
from serving.tools import Toolbox, ToolResult, shorten
from tests.http_server import HttpReply, HttpRequest
from tests.serving.scripted_model import serving


def run(toolbox: Toolbox, name: str, arguments: dict[str, Any]) -> ToolResult:
    return asyncio.run(toolbox.run(name, json.dumps(arguments)))


def make_function(name: str, method: str, path: str, body_type: str | None = None, /, **places: str) -> Function:
    bindings = {
        argument: ParameterBinding.model_validate({"place": place, "wire_name": argument})
        for argument, place in places.items()
    }
    properties = {argument: {"type": ["string", "array", "integer"]} for argument in places}
    http = HttpBinding.model_validate({"method": method, "path": path, "body_type": body_type, "parameters": bindings})
    return Function(
        function_id=name, document_id="d", document_path="d.yaml", format="openapi", position=0, name=name,
        description="", parameters={"type": "object", "properties": properties}, http=http, domain="x",
        language="en", family_id="f", split="train",
    )  # fmt: skip


FUNCTIONS = [
    make_function("find_pets", "GET", "/pets/{kind}", kind="path", tag="query", session="cookie", trace="header"),
    make_function("add_pet", "POST", "/pets", "application/json", name="body", age="body"),
    make_function("tell", "POST", "/tell", "application/x-www-form-urlencoded", name="body"),
    make_function("upload", "POST", "/upload", "multipart/form-data", name="body"),
    make_function("miss", "GET", "/missing"),
    make_function("big", "GET", "/big"),
    make_function("move", "GET", "/moved"),
    make_function("empty", "DELETE", "/empty"),
]


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[str, list[HttpRequest]]]:
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpReply:
        seen.append(request)
        if request.path.endswith("/missing"):
            return HttpReply(404, b'{"detail": "no such pet"}')
        if request.path.endswith("/big"):
            return HttpReply(body=b"x" * 1_000_000)
        if request.path.endswith("/moved"):
            return HttpReply(302, b"", {"location": "http://elsewhere.test/"})
        return HttpReply(204 if request.path.endswith("/empty") else 200, b"" if "empty" in request.path else b"[1]")

    with serving(answer) as address:
        yield address, seen


def test_a_call_is_sent_as_the_request_it_stands_for(api: tuple[str, list[HttpRequest]]) -> None:
    address, seen = api
    sender = HttpSender(f"{address}/v1/", {"Authorization": "Bearer k", "Trace": "ours"})
    toolbox = Toolbox(make_http_tools(FUNCTIONS, sender))

    async def run_all() -> list[ToolResult]:
        calls = [
            ("find_pets", {"kind": "a/b ü", "tag": ["x", "y&z"], "session": "s; admin=1", "trace": "theirs"}),
            ("add_pet", {"name": "Zoë", "age": 3}),
            ("tell", {"name": "a b&c"}),
            ("upload", {"name": "Zoë"}),
        ]
        results = [await toolbox.run(name, json.dumps(arguments)) for name, arguments in calls]
        await toolbox.close()
        return results

    seen.clear()
    assert asyncio.run(run_all()) == [ToolResult("[1]")] * 4
    find, add, tell, upload = seen
    assert (find.method, find.path) == ("GET", "/v1/pets/a%2Fb%20%C3%BC?tag=x&tag=y%26z")
    assert find.headers["cookie"] == "session=s%3B%20admin%3D1"
    assert (find.headers["authorization"], find.headers["trace"]) == ("Bearer k", "ours")
    assert (json.loads(add.body), add.headers["content-type"]) == ({"name": "Zoë", "age": 3}, "application/json")
    assert (tell.body, tell.headers["content-type"]) == (b"name=a+b%26c", "application/x-www-form-urlencoded")
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert "Zoë".encode() in upload.body


@pytest.mark.parametrize(
    ("name", "arguments", "words", "is_error"),
    [
        ("miss", {}, 'HTTP 404 Said: {"detail": "no such pet"}', True),
        ("move", {}, "HTTP 302 Said: moved to http://elsewhere.test/", True),
        ("empty", {}, "HTTP 204 Said", False),
        ("find_pets", {"kind": ".."}, "leads out of its place", True),
        ("find_pets", {}, "which its path /pets/{kind} needs", True),
        ("find_pets", {"kind": "a", "trace": "x\r\nhost: y"}, "The request failed (", True),
        ("big", {}, "more characters are left out)", False),
    ],
)
def test_statuses_and_bad_requests_are_told(
    api: tuple[str, list[HttpRequest]], name: str, arguments: dict[str, Any], words: str, is_error: bool
) -> None:
    result = run(Toolbox(make_http_tools(FUNCTIONS, HttpSender(api[0]))), name, arguments)
    assert words in result.content
    assert result.is_error is is_error
    assert len(result.content) < 40_000


def test_a_server_that_is_not_there_is_told() -> None:
    result = run(Toolbox(make_http_tools(FUNCTIONS, HttpSender("http://127.0.0.1:9"))), "miss", {})
    assert result.is_error
    assert "ConnectError" in result.content


def test_without_a_base_url_a_call_is_only_shown() -> None:
    toolbox = Toolbox(make_http_tools(FUNCTIONS))
    assert not toolbox.can_run("add_pet")
    assert toolbox.describe("add_pet", '{"name": "Zoë"}') == 'POST /pets {"name": "Zoë"}'
    assert toolbox.describe("find_pets", "{}") == "find_pets({})"


def test_long_texts_say_how_much_is_missing() -> None:
    assert shorten("abcdef", 4) == "abcd… (2 more characters are left out)"
