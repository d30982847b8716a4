"""Functions of API documents as tools: a call is the HTTP request that it stands for, sent to a given base URL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from schemas.errors import TerminalError
from schemas.function import Function
from schemas.http_request import HttpRequest, build_http_request
from schemas.sample import Call
from serving.tools import MOST_RESULT, ToolResult

_MOST_BYTES = 4 * MOST_RESULT  # a character has at most four
_JSON = "application/json"
_MULTIPART = "multipart/form-data"
_FORM = "application/x-www-form-urlencoded"


@dataclass
class HttpSender:
    """Where requests go.

    Every tool of a document shares one; it opens a connection at the first request.
    """

    base_url: str
    """Server and base path, such as http://127.0.0.1:8080/v1."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request, such as Authorization; what a model puts into a header never replaces them."""
    timeout_s: float = 30.0
    _client: httpx2.AsyncClient | None = field(default=None, init=False, repr=False)

    async def send(self, request: HttpRequest) -> ToolResult:
        """Make the request; a status of 400 and above is an error that the model is told."""
        if any(segment in {".", ".."} for segment in request.path.split("/")):
            return ToolResult(f"The path {request.path} leads out of its place; give another argument.", is_error=True)
        self._client = self._client or httpx2.AsyncClient(timeout=self.timeout_s)
        try:
            async with self._client.stream(
                request.method, self._address(request), headers=self._headers(request), **_content(request)
            ) as response:
                return await _read(response)
        except httpx2.TimeoutException:
            return ToolResult(f"The server did not answer within {self.timeout_s:g} s.", is_error=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return ToolResult(f"The request failed ({type(error).__name__}: {error}).", is_error=True)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client:
            await client.aclose()

    def _address(self, request: HttpRequest) -> str:
        address = f"{self.base_url.rstrip('/')}/{request.path.lstrip('/')}"
        if not request.query:
            return address
        return f"{address}{'&' if '?' in request.path else '?'}{urlencode(request.query, quote_via=quote)}"

    def _headers(self, request: HttpRequest) -> dict[str, str]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.body is not None and request.body_type != _MULTIPART:  # its boundary is set with the body
            headers["content-type"] = request.body_type or _JSON
        if request.cookies:
            headers["cookie"] = "; ".join(f"{name}={quote(value)}" for name, value in request.cookies.items())
        return headers | {name.lower(): value for name, value in self.headers.items()}


class HttpTool:
    """One function of a document; a `Tool`.

    Args:
        function: with its HTTP binding.
        sender: None: the request is only shown.
    """

    def __init__(self, function: Function, sender: HttpSender | None = None) -> None:
        self._function = function
        self._sender = sender
        self.definition = function.tool

    @property
    def can_run(self) -> bool:
        """Whether there is somewhere to send it."""
        return self._sender is not None and self._function.http is not None

    def describe(self, arguments: dict[str, Any]) -> str:
        """The request's first line, with its body."""
        try:
            return self._build(arguments).line()
        except TerminalError:
            return f"{self._function.name}({json.dumps(arguments, ensure_ascii=False)})"

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Send the request."""
        if self._sender is None:
            return ToolResult("There is nowhere to send this request; a base URL is missing.", is_error=True)
        try:
            request = self._build(arguments)
        except TerminalError as error:
            return ToolResult(str(error), is_error=True)
        return await self._sender.send(request)

    async def close(self) -> None:
        """Close the connections."""
        if self._sender:
            await self._sender.close()

    def _build(self, arguments: dict[str, Any]) -> HttpRequest:
        return build_http_request(self._function, Call(name=self._function.name, arguments=arguments))


def make_http_tools(functions: Sequence[Function], sender: HttpSender | None = None) -> list[HttpTool]:
    """Tools of a document's functions; without a sender their requests are only shown."""
    return [HttpTool(function, sender) for function in functions]


def _content(request: HttpRequest) -> dict[str, Any]:
    """The body as httpx takes it."""
    body, kind = request.body, request.body_type or _JSON
    if body is None:
        return {}
    if kind == _MULTIPART and isinstance(body, dict):
        return {"files": {name: (None, _text(value)) for name, value in body.items()}}
    if kind == _FORM and isinstance(body, dict):
        return {"data": {name: value if isinstance(value, list) else _text(value) for name, value in body.items()}}
    content = body if isinstance(body, str) and "json" not in kind else json.dumps(body, ensure_ascii=False)
    return {"content": content.encode()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _read(response: httpx2.Response) -> ToolResult:
    """As much of an answer as the model may see; its status where it is not a plain success."""
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            break
    text = content.decode(response.encoding or "utf-8", "replace").strip()
    status = f"HTTP {response.status_code} {response.reason_phrase}".rstrip()
    if "location" in response.headers and response.is_redirect:
        text = f"moved to {response.headers['location']}"
    if response.is_success and text:
        return ToolResult(text)
    return ToolResult(f"{status}: {text}" if text else status, is_error=not response.is_success)
