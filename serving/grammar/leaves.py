"""Schemas without applicators, several of them that hold together: what they say of types, properties and bounds.

Beside JSON schema's keywords they may carry some of our own, which come from turning `not` and its kin around.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from serving.grammar.document import Document, Schema
from serving.grammar.numbers import Bounds

Leaf = Mapping[str, Any]
Leaves = tuple[Leaf, ...]

TYPES = "\0types"
"""A set of the names below."""
ABSENT = "\0absent"
"""Properties that an object does not have."""
PROPERTY = "\0property"
"""As `properties`, without the object being closed by it."""
NOT_TEXTS = "\0not_texts"
"""Strings that are not meant."""
NOT_PATTERN = "\0not_pattern"
"""A pattern that a string does not match."""

EVERY_TYPE = ("null", "boolean", "integer", "fraction", "string", "array", "object")
"""JSON's types, with numbers split in two."""

_NAMED = {
    "null": ("null",),
    "boolean": ("boolean",),
    "integer": ("integer",),
    "number": ("integer", "fraction"),
    "string": ("string",),
    "array": ("array",),
    "object": ("object",),
}


def read_types(named: str | Iterable[str]) -> frozenset[str]:
    """The types that a `type` keyword names."""
    names = [named] if isinstance(named, str) else named
    return frozenset(each for name in names for each in _NAMED[name])


def types_of(leaves: Leaves) -> frozenset[str]:
    """Types that every leaf lets through."""
    types = frozenset(EVERY_TYPE)
    for leaf in leaves:
        if "type" in leaf:
            types &= read_types(leaf["type"])
        if TYPES in leaf:
            types &= leaf[TYPES]
    return types


def exact(value: float) -> Fraction:
    """A number of a schema as it was written."""
    return Fraction(Decimal(repr(value))) if isinstance(value, float) else Fraction(value)


def bounds_of(leaves: Leaves) -> Bounds:
    """Where numbers have to lie."""
    bounds = Bounds()
    for leaf in leaves:
        for keyword, is_open in (("minimum", False), ("exclusiveMinimum", True)):
            if keyword in leaf:
                bounds = bounds.at_least(exact(leaf[keyword]), is_open)
        for keyword, is_open in (("maximum", False), ("exclusiveMaximum", True)):
            if keyword in leaf:
                bounds = bounds.at_most(exact(leaf[keyword]), is_open)
    return bounds


def count_of(leaves: Leaves, least: str, most: str) -> tuple[int, int | None]:
    """The tightest pair of minX and maxX."""
    low = max((int(leaf[least]) for leaf in leaves if least in leaf), default=0)
    highs = [int(leaf[most]) for leaf in leaves if most in leaf]
    return low, min(highs) if highs else None


def required_of(leaves: Leaves) -> list[str]:
    """Names that an object must have."""
    return list(dict.fromkeys(name for leaf in leaves for name in leaf.get("required", ())))


def is_absent(leaves: Leaves, name: str) -> bool:
    """Whether an object must not have a property."""
    return any(name in leaf.get(ABSENT, ()) for leaf in leaves)


def property_schemas(document: Document, leaves: Leaves, name: str) -> list[Schema]:
    """All schemas that hold for the value of a property."""
    found: list[Schema] = [False] if is_absent(leaves, name) else []
    for leaf in leaves:
        own = [leaf["properties"][name]] if name in leaf.get("properties", ()) else []
        own += [each for pattern, each in leaf.get("patternProperties", {}).items() if document.matches(pattern, name)]
        if not own and "additionalProperties" in leaf:
            own.append(leaf["additionalProperties"])
        found += own
        if name in leaf.get(PROPERTY, ()):
            found.append(leaf[PROPERTY][name])
    return found


def finite_values(leaves: Leaves) -> list[Any] | None:
    """The values of the first enum or const; None where there is neither."""
    for leaf in leaves:
        if "const" in leaf:
            return [leaf["const"]]
    listed: list[list[Any]] = [leaf["enum"] for leaf in leaves if "enum" in leaf]
    return min(listed, key=lambda values: len(values)) if listed else None
