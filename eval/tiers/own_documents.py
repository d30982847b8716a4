"""Our tools in BFCL's form: its type words instead of JSON schema's, one word for each parameter.

{"type": ["integer", "null"]} → {"type": "integer"}; {"anyOf": [string, array]} → {"type": "any"}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.sample import Call

Schema = dict[str, Any]

_WORDS = {
    "string": "string", "integer": "integer", "number": "float",
    "boolean": "boolean", "array": "array", "object": "dict",
}  # fmt: skip
_WORD_OF_PYTHON: dict[type, str] = {
    str: "string", int: "integer", float: "float", bool: "boolean", list: "array", dict: "dict",
}  # fmt: skip
_PYTHON_OF_WORD: dict[str, type] = {**{word: kind for kind, word in _WORD_OF_PYTHON.items()}, "any": str}
_CHOICES = ("anyOf", "oneOf", "allOf")
_NO_WORD_IN_BFCL = (*_CHOICES, "prefixItems", "patternProperties", "additionalProperties")
_LARGEST_EXACT = 2**53
"""From here on floats skip integers, and BFCL compares a float parameter's integer as a float."""


def document_of(tool: Mapping[str, Any], calls: Sequence[Call]) -> Schema:
    """A function document in BFCL's form.

    Args:
        tool: in OpenAI chat form.
        calls: the expected ones; a parameter whose word could not let their values pass becomes `any`, under which
            BFCL compares plainly.
    """
    function = tool["function"]
    parameters = function["parameters"]
    given = [call.arguments for call in calls if call.name == function["name"]]
    properties: dict[str, Schema] = {}
    for name, schema in parameters.get("properties", {}).items():
        converted = _convert(schema)
        is_read = all(_is_read(converted, arguments[name]) for arguments in given if name in arguments)
        properties[name] = converted if is_read else {**converted, "type": "any"}
    return {
        "name": function["name"],
        "description": function["description"],
        "parameters": {"type": "dict", "properties": properties, "required": list(parameters.get("required", []))},
    }


def _convert(schema: Any) -> Schema:
    if not isinstance(schema, dict):
        return {"type": "any"}
    branches = [_convert(branch) for key in _CHOICES for branch in schema.get(key, []) if branch != {"type": "null"}]
    word = _choose_word(schema, branches)
    converted = {"type": word, **{key: schema[key] for key in schema if key not in ("type", *_NO_WORD_IN_BFCL)}}
    if "properties" in schema:
        converted["properties"] = {name: _convert(inner) for name, inner in schema["properties"].items()}
    if word == "array":
        # The checker raises without a type of the items.
        of_branch = next((branch["items"] for branch in branches if "items" in branch), {"type": "any"})
        converted["items"] = _convert(schema["items"]) if "items" in schema else of_branch
    return converted


def _choose_word(schema: Schema, branches: Sequence[Schema]) -> str:
    """The one word for everything but null that the schema admits, or `any`."""
    types = schema.get("type", [])
    words = {_WORDS.get(kind, "any") for kind in ([types] if isinstance(types, str) else types) if kind != "null"}
    if not words:
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        words = {_WORD_OF_PYTHON[type(value)] for value in values if value is not None}
    words = words or {branch["type"] for branch in branches}
    if words == {"integer", "float"}:
        return "float"
    return words.pop() if len(words) == 1 else "any"


def _is_read(schema: Schema, value: Any) -> bool:
    """Whether BFCL's type and value steps, with this value as the only right one, let it pass under the word."""
    word = schema["type"]
    if word == "any":
        return True
    if word == "integer":
        return type(value) in (int, float)  # JSON schema takes 5.0 for an integer
    if word == "float" and type(value) is int:
        return abs(value) <= _LARGEST_EXACT
    if isinstance(value, list):
        return word == "array" and _are_items_read(value, schema["items"]["type"])
    return type(value) is _PYTHON_OF_WORD[word]


def _are_items_read(items: Sequence[Any], word: str) -> bool:
    """BFCL reads items of the type of their word and of that of the first right one; of 2.5 and 1 not both."""
    expected = _PYTHON_OF_WORD[word]
    first = next((type(item) for item in items if item != ""), expected)
    allowed = {expected} if word == "dict" else {expected, first}
    return all(type(item) in allowed for item in items)
