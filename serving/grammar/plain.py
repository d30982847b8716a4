"""Schemas so plain that they can't be refused: compiled when their function is called, not when it is offered.

Most tools of most requests are plain and never called: 128 of them cost a look each instead of a grammar each.
"""

from typing import Any

_TEXTS = frozenset({"description", "title"})
_ANNOTATIONS = _TEXTS | {"default", "example"}
_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_MOST_DEPTH = 8
_MOST_PROPERTIES = 256


def is_plain(schema: Any, depth: int = 0) -> bool:
    """Whether this is made of named types, properties, items and lists of choices alone, and surely has a value."""
    if not isinstance(schema, dict) or depth > _MOST_DEPTH:
        return False
    if not all(isinstance(schema.get(key, ""), str) for key in _TEXTS):
        return False
    kind = schema.get("type")
    own = schema.keys() - _ANNOTATIONS - {"type"}
    if kind == "object":
        return own <= {"properties", "required", "additionalProperties"} and _is_plain_object(schema, depth)
    if kind == "array":
        return own == {"items"} and is_plain(schema["items"], depth + 1)
    if not isinstance(kind, str) or kind not in _SCALARS:
        return False
    if not own:
        return True
    if kind == "string":
        return (
            (own == {"format"} and isinstance(schema["format"], str))
            or (own == {"enum"} and _is_choice(schema["enum"]))
            or _bounds(schema, own, "Length")
        )
    return kind == "integer" and _bounds(schema, own, "imum")


def _bounds(schema: dict[str, Any], own: set[str], suffix: str) -> bool:
    """Whether there is nothing but whole bounds that leave room."""
    low, high = f"min{suffix}", f"max{suffix}"
    values = [schema[key] for key in own]
    return (
        own <= {low, high}
        and all(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**6 for value in values)
        and (suffix == "imum" or min(values) >= 0)
        and (len(own) < 2 or schema[low] <= schema[high])
    )


def _is_plain_object(schema: dict[str, Any], depth: int) -> bool:
    properties = schema.get("properties")
    required = schema.get("required", [])
    return (
        isinstance(properties, dict)
        and len(properties) <= _MOST_PROPERTIES
        and isinstance(required, list)
        and len(set(map(str, required))) == len(required)
        and all(isinstance(name, str) and name in properties for name in required)
        and isinstance(schema.get("additionalProperties", False), bool)
        and all(is_plain(value, depth + 1) for value in properties.values())
    )


def _is_choice(values: Any) -> bool:
    return (
        isinstance(values, list)
        and 0 < len(values) <= 1000
        and all(isinstance(value, str) and value.isprintable() for value in values)
        and len(set(values)) == len(values)
    )
