"""OpenAI tools lists to functions.

`[{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", ...}}}]`, with or without
the wrapper, or inside an object under `tools` or `functions`.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas.function import HttpBinding
from tasks.cleaning.clean_schema import Schema, SchemaCleaner, SchemaTooLargeError
from tasks.cleaning.clean_text import clean_description, clean_name, describe_name, shorten
from tasks.cleaning.finish_functions import NO_PARAMETERS, Draft
from tasks.cleaning.repairs import Repairs
from tasks.cleaning.resolve_reference import References, UnresolvedReferenceError

_BARE_KEYS = {"name", "description", "strict", "type"}
_CHOICES = ("anyOf", "oneOf", "allOf")
_TOP_LEVEL = ("type", "properties", "required")


def find_tools(content: Any) -> list[Any] | None:
    """The tools list of a parsed document; None where there is none."""
    if isinstance(content, dict):
        content = content.get("tools", content.get("functions"))
    if isinstance(content, list) and any(_is_telling(entry) for entry in content):
        return content
    return None


def read_openai_tools(tools: list[Any]) -> list[Draft]:
    """Functions of a tools list, in its order; an entry that can't be read is a draft with a reason."""
    return [_read_tool(entry) for entry in tools]


def _is_telling(entry: Any) -> bool:
    """Whether an entry can be nothing but an OpenAI tool; a name and a description alone are in other formats too."""
    return _function_of(entry) is not None and ("parameters" in entry or entry.get("type") == "function")


def _function_of(entry: Any) -> Mapping[str, Any] | None:
    """The function of one entry, or None where the entry has neither of the two forms."""
    if not isinstance(entry, dict):
        return None
    wrapped = entry.get("function")
    if entry.get("type") == "function" and isinstance(wrapped, dict) and "name" in wrapped:
        return wrapped
    has_schema = isinstance(entry.get("parameters"), dict) or ("parameters" not in entry and entry.keys() <= _BARE_KEYS)
    return entry if isinstance(entry.get("name"), str) and has_schema else None


def _read_tool(entry: Any) -> Draft:
    function = _function_of(entry)
    if function is None:
        detail = f"no tool: {entry!r:.100}; expected {{'type': 'function', 'function': {{'name': …, 'parameters': …}}}}"
        return Draft(None, "", True, reason="bad_schema", detail=detail)
    repairs = Repairs()
    draft = _describe(function, repairs)
    try:
        draft = draft._replace(parameters=_read_parameters(function.get("parameters"), repairs))
    except UnresolvedReferenceError as error:
        draft = draft._replace(reason="unresolved_reference", detail=str(error))
    except SchemaTooLargeError as error:
        draft = draft._replace(reason="too_large", detail=str(error))
    kind = draft.parameters.get("type")
    if kind != "object":
        draft = draft._replace(reason="bad_schema", detail=f"parameters of type {kind}; expected object")
    http = _read_http(entry.get("x-http", function.get("x-http")), draft.parameters, repairs)
    return draft._replace(http=http, repairs=repairs.as_tuple())


def _describe(function: Mapping[str, Any], repairs: Repairs) -> Draft:
    name = clean_name(function["name"])
    if name is not None and name != function["name"]:
        repairs.add("", f"name {function['name']!r:.100} is no function name")
    description = clean_description(function.get("description"))
    if not description and name:
        repairs.add("", "description made from the name")
        return Draft(name, describe_name(name), True)
    if shorten(description) != description:
        repairs.add("", "description shortened")
    return Draft(name, shorten(description), False)


def _read_parameters(parameters: Any, repairs: Repairs) -> Schema:
    if not parameters:
        return NO_PARAMETERS
    cleaned = SchemaCleaner(References(parameters), repairs).clean(parameters, "")
    cleaned = _take_in_choices(cleaned, repairs)
    if cleaned.get("type", "object") not in ("object", ["object", "null"]):
        return cleaned
    dropped = [key for key in cleaned if key not in (*_TOP_LEVEL, "description", "default", "examples")]
    if dropped:
        repairs.add("", f"{', '.join(dropped)} beside the arguments dropped")
    return {
        "type": "object",
        "properties": cleaned.get("properties", {}),
        "required": cleaned.get("required", []),
        "additionalProperties": False,
    }


def _take_in_choices(schema: Schema, repairs: Repairs) -> Schema:
    """Arguments of alternative forms become optional arguments of one form."""
    properties = dict(schema.get("properties", {}))
    for keyword in _CHOICES:
        for branch in schema.get(keyword, []):
            properties = {**branch.get("properties", {}), **properties}
    if len(properties) == len(schema.get("properties", {})):
        return schema
    repairs.add("", "arguments of alternative forms made optional arguments of one")
    return {**schema, "properties": properties, "type": schema.get("type", "object")}


def _read_http(given: Any, parameters: Schema, repairs: Repairs) -> HttpBinding | None:
    """`{"method": "POST", "path": "/orders/{id}", "parameters": {"id": "path"}}`; places not given are guessed."""
    if not isinstance(given, dict):
        return None
    method, path = str(given.get("method", "POST")).upper(), str(given.get("path", ""))
    asked = given.get("parameters")
    places = asked if isinstance(asked, dict) else {}
    usual = "query" if method in ("GET", "HEAD", "DELETE") else "body"
    names = parameters.get("properties", {})
    in_path = set(re.findall(r"\{([^{}]+)\}", path))
    placed = {name: places.get(name, "path" if name in in_path else usual) for name in names}
    bindings = {name: {"place": place, "wire_name": name} for name, place in placed.items()}
    body_type = "application/json" if "body" in placed.values() else None
    http = {"method": method, "path": path, "body_type": body_type, "parameters": bindings}
    try:
        return HttpBinding.model_validate(http)
    except ValidationError as error:
        repairs.add("", f"x-http dropped: {error.errors()[0]['msg']}")
        return None
