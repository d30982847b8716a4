"""BFCL's function documents as the tools that its FC mode offers to a chat endpoint.

The rules are those of bfcl-eval 2026.3.23 (language hint at load, then conversion); a marked test compares the two
over all single-turn categories.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.evaluation import CodeLanguage

Schema = dict[str, Any]

_WORDS_OF_TYPE = {
    "string": ("string", "any", "char", "String", "Any"),
    "integer": ("integer", "byte", "short", "long", "Bigint"),
    "number": ("number", "float", "double"),
    "boolean": ("boolean", "bool"),
    "array": ("array", "list", "tuple", "Array", "ArrayList", "Queue", "Stack"),
    "object": ("object", "dict", "HashMap", "Hashtable"),
}
_TYPE_OF_WORD = {word: kind for kind, words in _WORDS_OF_TYPE.items() for word in words}
_SYNTAX: dict[CodeLanguage, str] = {"python": "Python 3", "java": "Java 8 SDK", "javascript": "JavaScript"}
_TITLES: dict[CodeLanguage, str] = {"java": "Java", "javascript": "JavaScript"}
_LIST_WORDS = {"java": ("Array", "ArrayList"), "javascript": ("array",)}


def convert_documents(
    functions: Sequence[Mapping[str, Any]], code_language: CodeLanguage
) -> tuple[dict[str, Any], ...]:
    """Tools in OpenAI chat form.

    Args:
        functions: in BFCL's form, as its files have them.
        code_language: of the functions; arguments of a Java or JavaScript function are all asked for as strings.
    """
    return tuple({"type": "function", "function": _convert(function, code_language)} for function in functions)


def _convert(function: Mapping[str, Any], code_language: CodeLanguage) -> Schema:
    hint = f" Note that the provided function is in {_SYNTAX[code_language]} syntax."
    properties = function["parameters"]["properties"]
    if code_language != "python":
        properties = {name: _as_string(schema, code_language) for name, schema in properties.items()}
    return {
        **function,
        "name": function["name"].replace(".", "_"),
        "description": f"{function['description']}{hint}",
        "parameters": {**function["parameters"], "type": "object", "properties": _convert_properties(properties)},
    }


def _as_string(schema: Schema, code_language: CodeLanguage) -> Schema:
    """A parameter of a language whose values JSON can't say: a string, with its type told in words."""
    title, word = _TITLES[code_language], schema["type"]
    if word == "any":
        told = f" This parameter can be of any type of {title} object in string representation."
    else:
        told = f" This is {title} {word} type parameter in string representation."
    folded = dict(schema)
    if word in _LIST_WORDS[code_language]:
        items = folded.pop("items")["type"]
        told += f" The list elements are of type {items}; they are not in string representation."
    if code_language == "javascript" and word == "dict" and "properties" in folded:
        entries = json.dumps(folded.pop("properties"))
        told += " The dictionary entries have the following schema; they are not in string representation. " + entries
    return {**folded, "description": schema["description"] + told, "type": "string"}


def _convert_properties(properties: Mapping[str, Schema]) -> dict[str, Schema]:
    return {name: _convert_property(schema) for name, schema in properties.items()}


def _convert_property(schema: Schema) -> Schema:
    converted = dict(schema)
    if schema.get("type") == "float":
        converted["format"] = "float"
        converted["description"] = schema.get("description", "") + " This is a float type value."
    converted["type"] = _TYPE_OF_WORD.get(schema.get("type", "string"), "string")
    if converted["type"] in ("array", "object"):
        if "properties" in schema:
            converted["properties"] = _convert_properties(schema["properties"])
        elif "items" in schema:
            converted["items"] = _convert_items(schema["items"])
    return converted


def _convert_items(items: Schema) -> Schema:
    """Two levels of lists and no further, and no sentence about floats: so does BFCL."""
    converted = {**items, "type": _TYPE_OF_WORD[items["type"]]}
    if converted["type"] == "array" and "items" in items:
        converted["items"] = {**items["items"], "type": _TYPE_OF_WORD[items["items"]["type"]]}
    elif converted["type"] == "object" and "properties" in items:
        converted["properties"] = _convert_properties(items["properties"])
    return converted
