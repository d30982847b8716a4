"""Repair single keywords of a JSON schema: types, numbers, patterns, values. Pure functions of one keyword."""

import functools
import json
import math
import re
from typing import Any, NamedTuple

import jsonschema_rs

from schemas.record import canonical_json

_TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
_TYPE_WORDS = {
    "integer": "int int32 int64 long short bigint uint",
    "number": "float double decimal numeric num real",
    "string": "str text char varchar date datetime date-time timestamp time uuid guid url uri email file binary byte "
    "bytes password enum",
    "boolean": "bool",
    "array": "list arraylist set tuple",
    "object": "dict map hash hashmap json struct",
    "null": "none nil nonetype",
}
_TYPE_OF_WORD = {word: kind for kind, words in _TYPE_WORDS.items() for word in [kind, *words.split()]}
_FORMAT_OF_WORD = {
    "date": "date", "datetime": "date-time", "date-time": "date-time", "uuid": "uuid", "url": "uri", "uri": "uri",
    "email": "email", "file": "binary", "binary": "binary", "byte": "byte",
}  # fmt: skip
_ITEMS = re.compile(r"(?:list|array|set|sequence)\s*[\[<](.+)[\]>]|(.+)\[\]", re.IGNORECASE)
_SCRIPT_PATTERN = re.compile(r"/(\^.*|.*\$)/[a-z]*", re.DOTALL)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,2})?")
_MAX_EXAMPLE = 300
_MAX_EXAMPLES = 3


class TypeRead(NamedTuple):
    """What a `type` says."""

    types: tuple[str, ...]
    """JSON schema's words; empty: anything."""
    format: str | None
    items: str | None
    """Type of the items of a `list[str]` or `string[]`."""
    is_clean: bool
    """Whether it was said in JSON schema's words."""


def read_type(word: Any) -> TypeRead:
    """`String` → string, `List[int]` → array of integer, `["string", "null"]` as it is, `any` → no type."""
    words = [str(one) for one in word] if isinstance(word, list) else re.split(r"\s*[|,]\s*", str(word).strip())
    inner = _ITEMS.fullmatch(str(word).strip()) if isinstance(word, str) else None
    if inner:
        items = read_type(inner[1] or inner[2]).types
        return TypeRead(("array",), None, items[0] if len(items) == 1 else None, False)
    known = [_TYPE_OF_WORD.get(one.lower()) for one in words]
    types = tuple(dict.fromkeys(kind for kind in known if kind)) if all(known) else ()
    text_format = _FORMAT_OF_WORD.get(words[0].lower()) if len(words) == 1 else None
    return TypeRead(types, text_format, None, _is_clean(word, types))


def _is_clean(word: Any, types: tuple[str, ...]) -> bool:
    return bool(types) and (word in _TYPES if isinstance(word, str) else isinstance(word, list) and list(types) == word)


def read_number(value: Any) -> int | float | None:
    """A finite number, also one written as text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value) if _INTEGER.fullmatch(value.strip()) else float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def read_count(value: Any) -> int | None:
    """A whole number from 0 on."""
    number = read_number(value)
    return number if isinstance(number, int) and number >= 0 else None


@functools.cache
def read_pattern(pattern: str) -> str | None:
    """A regular expression that the validator compiles; slashes of a JavaScript literal are taken off."""
    literal = _SCRIPT_PATTERN.fullmatch(pattern)
    bare = literal[1] if literal else pattern
    return bare if compile_error({"pattern": bare}) is None else None


def compile_error(schema: dict[str, Any]) -> str | None:
    """The validator's words where a schema does not compile."""
    try:
        jsonschema_rs.Draft202012Validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        return str(error).strip().splitlines()[0]
    return None


def is_valid(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value obeys a schema that compiles."""
    return bool(jsonschema_rs.Draft202012Validator(schema).is_valid(value))


def types_of(schema: dict[str, Any]) -> tuple[str, ...]:
    """The type of a cleaned schema as a tuple; empty: anything."""
    kind = schema.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def fits_type(value: Any, kind: str) -> bool:
    """Whether a JSON value is of a type."""
    if kind == "null":
        return value is None
    if kind in ("integer", "number") and isinstance(value, (int, float)) and not isinstance(value, bool):
        return kind == "number" or isinstance(value, int) or value.is_integer()
    return isinstance(value, {"boolean": bool, "string": str, "array": list, "object": dict}.get(kind, ()))


def coerce_value(value: Any, types: tuple[str, ...]) -> Any:
    """`"10"` for an integer → 10, true for a string → "true"; what can't be read is left as it is."""
    if not types or any(fits_type(value, kind) for kind in types):
        return value
    if "string" in types and isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if not isinstance(value, str):
        return value
    if "boolean" in types and value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = read_number(value)
    if number is not None and ("number" in types or ("integer" in types and isinstance(number, int))):
        return number
    return value


def clean_enum(values: list[Any], types: tuple[str, ...]) -> list[Any]:
    """Values read as the type says, each once, those of another type left out."""
    read = [coerce_value(value, types) for value in values]
    kept = [value for value in read if not types or any(fits_type(value, kind) for kind in types)]
    return unique_values(kept)


def unique_values(values: list[Any]) -> list[Any]:
    """Each JSON value once, in order; 1 and true are two."""
    return list({canonical_json(value): value for value in reversed(values)}.values())[::-1]


def infer_types(values: list[Any]) -> tuple[str, ...]:
    """The one type that all values of an enum have."""
    for kind in ("string", "integer", "number", "boolean"):
        if values and all(fits_type(value, kind) for value in values):
            return (kind,)
    return ()


def gather_examples(schema: dict[str, Any]) -> list[Any]:
    """Values of `example` and `examples`, in OpenAPI's forms and JSON schema's."""
    found = [schema["example"]] if "example" in schema else []
    examples = schema.get("examples")
    if isinstance(examples, dict):
        found += [one["value"] for one in examples.values() if isinstance(one, dict) and "value" in one]
    elif isinstance(examples, list):
        found += examples
    return found


def choose_examples(values: list[Any], schema: dict[str, Any]) -> list[Any]:
    """The first few that say something, are short and obey the schema."""
    types = types_of(schema)
    validator = jsonschema_rs.Draft202012Validator(schema)
    telling = [value for value in values if value not in (None, "", [], {}) and '"$ref"' not in canonical_json(value)]
    short = [value for value in telling if len(canonical_json(value)) <= _MAX_EXAMPLE]
    read = unique_values([coerce_value(value, types) for value in short])
    return [value for value in read if validator.is_valid(value)][:_MAX_EXAMPLES]
