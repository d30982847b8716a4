"""Families of functions that are alike, and the split that each family belongs to, fixed for ever."""

import json
from typing import Any

from schemas.function import Split
from schemas.record import content_id
from tasks.cleaning.clean_text import split_words


def family_of(name: str, parameters: dict[str, Any]) -> str:
    """Hash of the name's words, in any order and spelling, and of the top level's names and types."""
    words = sorted({word.rstrip("0123456789") for word in split_words(name)} - {""})
    shape = sorted((argument, _type_text(schema)) for argument, schema in parameters.get("properties", {}).items())
    return content_id(words, shape)


def split_of(family_id: str) -> Split:
    """80 % train, 10 % validation, 10 % test."""
    bucket = int(content_id("split", family_id)[:8], 16) % 100
    if bucket < 80:
        return "train"
    return "validation" if bucket < 90 else "test"


def _type_text(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "any")
    return kind if isinstance(kind, str) else json.dumps(sorted(kind))
