"""What a parameter stands for, told by its name, its description and its schema: a city, a price, a page size, …"""

import functools
import re
from typing import Any

from llm.offline.words import load_data

_BY_FORMAT = {
    "date": "date", "date-time": "datetime", "datetime": "datetime", "time": "time", "email": "email",
    "idn-email": "email", "uri": "url", "url": "url", "uri-reference": "url", "iri": "url", "uuid": "uuid",
    "hostname": "domain", "ipv4": "ip", "ipv6": "ipv6", "phone": "phone", "duration": "iso_duration", "byte": "base64",
    "binary": "filename", "password": "password", "regex": "word", "json-pointer": "pointer",
}  # fmt: skip

_IS_ID = re.compile(r"\b(?:ids?|uuids?|guid)$")
_HEAD_END = re.compile(r"[.,;:(]| (?:to|for|that|in|which|of the|of an?|such|used|on|by|when|as|whether)\b")


@functools.cache
def _patterns(table: str) -> list[tuple[str, re.Pattern[str]]]:
    """Meaning and pattern, most telling first: string and number read names, chinese reads Chinese descriptions."""
    return [(meaning, re.compile(pattern)) for meaning, pattern in load_data("meanings")[table]]


def find_meaning(label: str, description: str, schema: dict[str, Any], kind: str) -> str:
    """Name of the pool that values of this parameter come from.

    Args:
        label: the parameter's name as spoken, such as "page size".
        description: what the document says of it.
        kind: string, integer or number.
    """
    if kind == "string":
        by_format = _BY_FORMAT.get(str(schema.get("format", "")))
        if by_format:
            return by_format
        hint = f"{label} {description}".lower()
        if "yyyy-mm-dd" in hint and "hh" not in hint:
            return "date"
        if "hh:mm" in hint:
            return "time" if "yyyy" not in hint and "t" not in hint.split("hh:mm")[0][-1:] else "datetime"
    label = label.lower()
    if kind == "string" and _IS_ID.search(label):
        return "uuid" if "uuid" in label or "guid" in label else "id"
    if kind == "string":
        for meaning, pattern in _patterns("chinese"):
            if pattern.search(description[:12]):
                return meaning
    table = _patterns("string" if kind == "string" else "number")
    for meaning, pattern in table:
        if pattern.search(label):
            return meaning
    clause = _HEAD_END.split(description[:60].lower())[0]
    return next(
        (meaning for meaning, pattern in table if pattern.search(clause)), "word" if kind == "string" else "count"
    )
