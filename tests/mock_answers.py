"""Canned answers to every prompt: the right JSON form and, for a function document, the smallest legal call."""

import functools
import json
import re
from typing import Any

_FUNCTION = re.compile(r"<function>\s*(\{.*?\})\s*</function>", re.DOTALL)
_FORMATS = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T10:00:00Z",
    "time": "10:00:00Z",
    "email": "ada@example.org",
    "uri": "https://example.org/a",
    "url": "https://example.org/a",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.org",
}
_JUDGED = {
    "evidence": "canned",
    "names_offered": True,
    "arguments_belong": True,
    "values_from_query": True,
    "request_solved": True,
    "other_serves": False,
}


def write_canned_text(messages: list[dict[str, Any]]) -> str:
    """The content of an answer that fits the prompt."""
    asked = next(message["content"] for message in messages if message["role"] == "user")
    if "<called_functions>" in asked:
        return json.dumps(_JUDGED)
    if "<offered_functions>" in asked:
        return json.dumps({"evidence": "canned", "any_serves": False, "is_refusal": True})
    if "<offered>" in asked:
        return json.dumps({"answer": "I can't do that with what I have."})
    if "<part>" in asked:
        return json.dumps({"query": "Do the first thing, then the second."})
    found = _FUNCTION.search(asked)
    return write_smallest_pair(found.group(1)) if found else json.dumps({"answer": "canned"})


@functools.cache
def write_smallest_pair(function_json: str) -> str:
    """A query and one legal call of the function."""
    function = json.loads(function_json)
    arguments = smallest_value({"type": "object", **function["parameters"]})
    query = f"Please run {function['description'][:60]} with {json.dumps(arguments, ensure_ascii=False)}."
    return json.dumps({"query": query, "calls": [{"name": function["name"], "arguments": arguments}]})


def smallest_value(schema: dict[str, Any]) -> Any:
    """The smallest value that a schema of the usual kind allows."""
    for key in ("const", "default", "example"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            merged = {k: v for part in schema[key] for k, v in part.items()} if key == "allOf" else schema[key][0]
            return smallest_value({**{k: v for k, v in schema.items() if k != key}, **merged})
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    return _smallest_of(kind, schema)


def _smallest_of(kind: str, schema: dict[str, Any]) -> Any:
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: smallest_value(properties.get(name, {})) for name in schema.get("required", [])}
    if kind == "array":
        return [smallest_value(schema.get("items", {}))] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return _smallest_number(schema)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    text = _FORMATS.get(schema.get("format", ""), "sample")
    return text.ljust(schema.get("minLength", 0), "e")[: schema.get("maxLength", 200)]


def _smallest_number(schema: dict[str, Any]) -> Any:
    least = schema.get("minimum", 1)
    above = schema.get("exclusiveMinimum")
    if above is True:
        least += 1
    elif above is not None:
        least = above + 1
    step = schema.get("multipleOf")
    least = -(-least // step) * step if step else least
    most = schema.get("maximum", least)
    return min(least, most) if isinstance(most, int | float) else least
