"""Repair what a schema's keywords say about each other: type against values, required against properties, ranges."""

from typing import Any

from tasks.cleaning.clean_keywords import (
    choose_examples,
    clean_enum,
    coerce_value,
    compile_error,
    infer_types,
    is_valid,
    types_of,
    unique_values,
)
from tasks.cleaning.repairs import Repairs

Schema = dict[str, Any]

_ORDER = (
    "type", "description", "format", "enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "items", "prefixItems", "minItems", "maxItems",
    "uniqueItems", "properties", "required", "additionalProperties", "patternProperties", "minProperties",
    "maxProperties", "allOf", "anyOf", "oneOf", "default", "examples",
)  # fmt: skip
_RANGES = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
_FIRST_WINS = ("description", "default", "examples", "nullable")


def finish_schema(schema: Schema, repairs: Repairs, where: str) -> Schema:
    """Make a schema whose keywords are clean one by one consistent.

    Args:
        schema: may hold `nullable`, and `required` names without a property.
        repairs: takes down what was changed.
        where: the schema's name in repairs.
    """
    schema = _collapse_choices(schema)
    schema = _complete_type(schema, repairs, where)
    schema = _settle_enum(schema, repairs, where)
    schema = _admit_null(schema)
    schema = _settle_required(schema, repairs, where)
    schema = _settle_ranges(schema, repairs, where)
    return _settle_values({key: schema[key] for key in _ORDER if key in schema}, repairs, where)


def merge_schemas(first: Schema, second: Schema) -> Schema | None:
    """What obeys both; None where that can't be said with the same keywords."""
    merged = dict(first)
    for key, value in second.items():
        both = _merge_keyword(key, merged[key], value) if key in merged else value
        if both is None:
            return None
        merged[key] = both
    return merged


def add_examples(schema: Schema, values: list[Any]) -> Schema:
    """Give a finished schema examples, unless it has some; those that violate it are left out."""
    if "examples" in schema or compile_error(schema) is not None:
        return schema
    examples = choose_examples(values, schema)
    return {**schema, "examples": examples} if examples else schema


def _merge_keyword(key: str, first: Any, second: Any) -> Any:
    if key in _FIRST_WINS or first == second:
        return first
    if key == "properties":
        shared = {name: merge_schemas(first[name], second[name]) for name in first if name in second}
        return None if None in shared.values() else {**first, **second, **shared}
    if key == "required":
        return list(dict.fromkeys([*first, *second]))
    if key == "type":
        kinds = _shared_types(types_of({"type": first}), types_of({"type": second}))
        return (kinds[0] if len(kinds) == 1 else kinds) or None
    if key == "enum":
        return [value for value in first if value in second] or None
    return None


def _shared_types(first: tuple[str, ...], second: tuple[str, ...]) -> list[str]:
    shared = [kind for kind in first if kind in second]
    has_integer = "integer" in {*first, *second} and ("number" in first or "number" in second)
    return [*shared, "integer"] if has_integer and not {"integer", "number"} & set(shared) else shared


def _collapse_choices(schema: Schema) -> Schema:
    """A choice between one thing and null is that thing, nullable; equal branches are one."""
    for keyword in ("anyOf", "oneOf"):
        if keyword not in schema:
            continue
        rest = {key: value for key, value in schema.items() if key != keyword}
        branches = unique_values(schema[keyword])
        solid = [branch for branch in branches if branch != {"type": "null"}]
        if len(solid) == 1:
            merged = merge_schemas(rest | ({"nullable": True} if len(solid) < len(branches) else {}), solid[0])
            schema = merged if merged is not None else {**rest, keyword: branches}
        elif len(branches) < len(schema[keyword]):
            schema = {**rest, "anyOf" if "anyOf" not in rest else keyword: branches}
    return schema


def _complete_type(schema: Schema, repairs: Repairs, where: str) -> Schema:
    if "type" in schema:
        return schema
    if "properties" in schema:
        kinds: tuple[str, ...] = ("object",)
    elif "items" in schema:
        kinds = ("array",)
    else:
        kinds = infer_types([value for value in schema.get("enum", []) if value is not None])
    if not kinds:
        return schema
    repairs.add(where, f"missing type set to {kinds[0]}")
    return {**schema, "type": kinds[0]}


def _settle_enum(schema: Schema, repairs: Repairs, where: str) -> Schema:
    if "enum" not in schema:
        return schema
    types = types_of(schema)
    if types and types[0] == "array" and not any(isinstance(value, list) for value in schema["enum"]):
        return _move_enum_to_items(schema, repairs, where)
    nullable = ("null",) if schema.get("nullable") else ()
    values = clean_enum(schema["enum"], types + nullable if types else ())
    if values != schema["enum"] or any(type(a) is not type(b) for a, b in zip(values, schema["enum"], strict=True)):
        repairs.add(where, "enum brought in line with the type, each value once")
    rest = {key: value for key, value in schema.items() if key != "enum"}
    return {**rest, "enum": values} if values else rest


def _move_enum_to_items(schema: Schema, repairs: Repairs, where: str) -> Schema:
    """An array whose enum lists what its items may be."""
    repairs.add(where, "enum moved from the array to its items")
    items = schema.get("items", {})
    if "enum" not in items:
        items = finish_schema({**items, "enum": schema["enum"]}, repairs, where)
    return {**{key: value for key, value in schema.items() if key != "enum"}, "items": items}


def _admit_null(schema: Schema) -> Schema:
    if not schema.get("nullable"):
        return schema
    admitted = {key: value for key, value in schema.items() if key != "nullable"}
    types = types_of(schema)
    if types and "null" not in types:
        admitted["type"] = [*types, "null"]
    if "enum" in admitted and None not in admitted["enum"]:
        admitted["enum"] = [*admitted["enum"], None]
    for keyword in ("anyOf", "oneOf"):
        if keyword in admitted and {"type": "null"} not in admitted[keyword]:
            admitted[keyword] = [*admitted[keyword], {"type": "null"}]
    return admitted


def _settle_required(schema: Schema, repairs: Repairs, where: str) -> Schema:
    if "required" not in schema:
        return schema
    known = [name for name in schema["required"] if name in schema.get("properties", {})]
    for name in schema["required"]:
        if name not in known:
            repairs.add(where, f"required names {name!r:.60}, which is no property")
    rest = {key: value for key, value in schema.items() if key != "required"}
    return {**rest, "required": known} if known else rest


def _settle_ranges(schema: Schema, repairs: Repairs, where: str) -> Schema:
    for low, high in _RANGES:
        if low in schema and high in schema and schema[low] > schema[high]:
            repairs.add(where, f"{low} {schema[low]} above {high} {schema[high]}, both dropped")
            schema = {key: value for key, value in schema.items() if key not in (low, high)}
    return schema


def _settle_values(schema: Schema, repairs: Repairs, where: str) -> Schema:
    """Keep the default and the examples that obey the schema."""
    if not schema.keys() & {"default", "examples"}:
        return schema
    bare = {key: value for key, value in schema.items() if key not in ("default", "examples")}
    settled = dict(bare)
    if compile_error(bare) is not None:
        return settled
    if "default" in schema:
        default = coerce_value(schema["default"], types_of(bare))
        if is_valid(bare, default):
            settled["default"] = default
        else:
            repairs.add(where, f"default {schema['default']!r:.60} dropped: it violates its own schema")
    examples = choose_examples(schema.get("examples", []), bare)
    return settled | ({"examples": examples} if examples else {})
