"""Turns a schema around: a list of schemas of which one holds for every value that the first one does not let in."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from serving.grammar.document import Document, Schema
from serving.grammar.formats import KNOWN, NOT_EXPRESSED
from serving.grammar.leaves import ABSENT, EVERY_TYPE, NOT_PATTERN, NOT_TEXTS, PROPERTY, TYPES, read_types


class NotExpressedError(Exception):
    """A grammar can't say it."""


_NUMBERS = frozenset({"integer", "fraction"})
_OPPOSITE = {
    "minimum": ("number", "exclusiveMaximum", 0),
    "maximum": ("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": ("number", "maximum", 0),
    "exclusiveMaximum": ("number", "minimum", 0),
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
}
_INEXPRESSIBLE = (
    "oneOf", "if", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties", "propertyNames",
    "uniqueItems", "multipleOf", "prefixItems", "unevaluatedProperties", "unevaluatedItems", "minContains",
    "maxContains", "$dynamicRef",
)  # fmt: skip


def negate(document: Document, schema: Schema, names: Sequence[str]) -> list[dict[str, Any]]:
    """Schemas that together let in what this one does not.

    Args:
        document: for references.
        schema: to be turned around.
        names: properties that may occur where it is used; others are not considered as strangers.

    Raises:
        NotExpressedError: a keyword has no opposite.
    """
    if isinstance(schema, bool):
        return [] if schema else [{}]
    unknown = [keyword for keyword in _INEXPRESSIBLE if keyword in schema]
    if unknown or schema.get("format") in KNOWN | NOT_EXPRESSED:
        raise NotExpressedError
    found: list[dict[str, Any]] = []
    if "type" in schema:
        found.append({TYPES: frozenset(EVERY_TYPE) - read_types(schema["type"])})
    if "const" in schema or "enum" in schema:
        found += _other_values([schema["const"]] if "const" in schema else schema["enum"])
        if "const" in schema and "enum" in schema:
            found += _other_values(schema["enum"])
    for keyword, (kind, opposite, shift) in _OPPOSITE.items():
        if keyword in schema and (kind == "number" or schema[keyword] + shift >= 0):
            found.append({"type": kind, opposite: schema[keyword] + shift})
    if "pattern" in schema:
        found.append({"type": "string", NOT_PATTERN: schema["pattern"]})
    return found + _other_members(schema, names) + _other_items(schema) + _other_parts(document, schema)


def _other_members(schema: dict[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"type": "object", ABSENT: (name,)} for name in schema.get("required", ())]
    properties = schema.get("properties", {})
    for name, each in properties.items():
        if each is not True and each != {}:
            found.append({"type": "object", "required": [name], PROPERTY: {name: {"not": each}}})
    strange = schema.get("additionalProperties", True)
    if strange is False:
        found += [{"type": "object", "required": [name]} for name in names if name not in properties]
    elif strange not in (True, {}):
        raise NotExpressedError
    return found


def _other_items(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "items" in schema and schema["items"] is not True:
        found.append({"type": "array", "contains": {"not": schema["items"]}})
    if "contains" in schema:
        found.append({"type": "array", "items": {"not": schema["contains"]}})
    return found


def _other_parts(document: Document, schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "$ref" in schema:
        found.append({"not": document.resolve(schema["$ref"])})
    found += [{"not": each} for each in schema.get("allOf", ())]
    if "anyOf" in schema:
        found.append({"allOf": [{"not": each} for each in schema["anyOf"]]})
    if "not" in schema:
        inner = schema["not"]
        found += [inner] if isinstance(inner, dict) else [{}] if inner else []
    return found


def _other_values(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Everything but these: other types, other strings, other booleans, the gaps between numbers."""
    if any(isinstance(value, dict | list) for value in values):
        raise NotExpressedError
    texts = [value for value in values if isinstance(value, str)]
    truths = {value for value in values if isinstance(value, bool)}
    numbers = sorted({value for value in values if isinstance(value, int | float) and not isinstance(value, bool)})
    found: list[dict[str, Any]] = []
    types = frozenset(EVERY_TYPE)
    if texts:
        types -= {"string"}
        found.append({"type": "string", NOT_TEXTS: tuple(texts)})
    if truths:
        types -= {"boolean"}
        found += [{"const": truth} for truth in (True, False) if truth not in truths]
    if any(value is None for value in values):
        types -= {"null"}
    if numbers:
        types -= _NUMBERS
        edges = [None, *numbers, None]
        for low, high in pairwise(edges):
            gap = {"exclusiveMinimum": low, "exclusiveMaximum": high}
            found.append({"type": "number"} | {key: edge for key, edge in gap.items() if edge is not None})
    return [*found, {TYPES: types}]
