"""Python's words for types to JSON schema: `List[Union[int, float]], optional` → an array of integers or numbers."""

import re
from typing import Any, NamedTuple

from tasks.cleaning.clean_keywords import read_type

_OPTIONAL = re.compile(r"\s*,?\s*\(?optional\)?\s*$", re.IGNORECASE)
_GENERIC = re.compile(r"(?:typing\.)?(\w+)\s*\[(.*)\]", re.DOTALL)
_ARRAYS = {"list", "sequence", "set", "tuple", "iterable", "array", "frozenset"}
_OBJECTS = {"dict", "mapping", "defaultdict"}


class TypeWords(NamedTuple):
    """What a parameter's type says."""

    schema: dict[str, Any]
    """Empty: anything."""
    is_optional: bool


def read_type_words(text: str) -> TypeWords:
    """Read a type as xLAM's rows spell it."""
    bare = _OPTIONAL.sub("", text.strip())
    return TypeWords(_schema_of(bare), bare != text.strip() or bare.lower().startswith("optional["))


def _schema_of(text: str) -> dict[str, Any]:
    text = text.strip()
    generic = _GENERIC.fullmatch(text)
    if generic is None:
        types = read_type(re.sub(r"\s+or\s+", " | ", text)).types
        return {"type": types[0] if len(types) == 1 else list(types)} if types else {}
    word, inside = generic[1].lower(), _split(generic[2])
    if word in _OBJECTS:
        return {"type": "object"}
    if word in _ARRAYS:
        items = [_schema_of(part) for part in inside if part.strip() != "..."]
        same = items and all(item == items[0] for item in items)
        return {"type": "array", "items": items[0]} if same else {"type": "array"}
    if word == "optional" and len(inside) == 1:
        return _schema_of(inside[0])
    if word == "union":
        parts = [_schema_of(part) for part in inside if part.strip() != "None"]
        return parts[0] if len(parts) == 1 else {"anyOf": parts}
    return {}


def _split(text: str) -> list[str]:
    """Parts between the commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
