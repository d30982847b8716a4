"""The HTTP request that a call stands for: `POST /order/create {"product": "草莓"}`."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from schemas.errors import TerminalError
from schemas.function import Function, HttpBinding, ParameterBinding
from schemas.record import Record
from schemas.sample import Call


class HttpRequest(Record):
    """What goes over the wire, below the server's address."""

    method: str
    path: str
    """Placeholders filled in and percent-encoded."""
    query: tuple[tuple[str, str], ...] = ()
    """Names repeat where a value is a list."""
    headers: dict[str, str]
    cookies: dict[str, str]
    body: Any = None
    """JSON value; an object of its fields where `body_type` is a form; None: no body."""
    body_type: str | None = None

    def line(self) -> str:
        """One line that a person reads: method, path, query and body."""
        target = self.path
        if self.query:
            target += ("&" if "?" in self.path else "?") + urlencode(self.query, quote_via=quote)
        body = "" if self.body is None else " " + json.dumps(self.body, ensure_ascii=False)
        return f"{self.method} {target}{body}"


def build_http_request(function: Function, call: Call) -> HttpRequest:
    """Put every argument of a call into its place.

    Raises:
        TerminalError: the function has no HTTP binding, the call is of another function, an argument has no place,
            or one of the path is missing.
    """
    http = _require_binding(function, call)
    placed = [(http.parameters[name], value) for name, value in call.arguments.items()]
    query = [pair for binding, value in placed if binding.place == "query" for pair in _query_pairs(binding, value)]
    body = _body_of(placed)
    return HttpRequest(
        method=http.method,
        path=_fill_path(http.path, placed, function.name),
        query=tuple(query),
        headers={binding.wire_name: _text(value) for binding, value in placed if binding.place == "header"},
        cookies={binding.wire_name: _text(value) for binding, value in placed if binding.place == "cookie"},
        body=body,
        body_type=None if body is None else http.body_type,
    )


def _require_binding(function: Function, call: Call) -> HttpBinding:
    if function.http is None:
        raise TerminalError(
            f"Function '{function.name}' of {function.document_path} has no HTTP request; "
            "give its document as OpenAPI, or add 'x-http' with method and path to the tool."
        )
    if call.name != function.name:
        raise TerminalError(f"The call is of '{call.name}', the function '{function.name}'; give the function called.")
    unplaced = sorted(set(call.arguments) - set(function.http.parameters))
    if unplaced:
        raise TerminalError(
            f"Call of '{call.name}' has arguments without a place in its request: {', '.join(unplaced)}; "
            f"expected some of {', '.join(function.http.parameters) or 'none'}. Check the call's arguments first."
        )
    return function.http


def _fill_path(path: str, placed: list[tuple[ParameterBinding, Any]], name: str) -> str:
    values = {binding.wire_name: value for binding, value in placed if binding.place == "path" and value is not None}

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise TerminalError(
                f"Call of '{name}' does not say '{match[1]}', which its path {path} needs; add it to the arguments."
            )
        return quote(_text(values[match[1]]), safe="")

    return re.sub(r"\{([^{}]+)\}", fill, path)


def _query_pairs(binding: ParameterBinding, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    many = value if isinstance(value, list) and binding.style == "plain" else [value]
    return [(binding.wire_name, _json_text(one) if binding.style == "json" else _text(one)) for one in many]


def _body_of(placed: list[tuple[ParameterBinding, Any]]) -> Any:
    fields = {}
    for binding, value in placed:
        if binding.place == "body" and binding.style == "whole_body":
            return value
        if binding.place == "body":
            fields[binding.wire_name] = value
    return fields or None


def _text(value: Any) -> str:
    """As it stands in a path, a query or a header."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_text(one) for one in value)
    return _json_text(value)


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
