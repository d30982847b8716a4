"""The base of every record, and the content hash that names it."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Frozen; an unknown field is an error; the sentence under a field is its description in the JSON schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal values give equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def json_text(value: Any) -> str:
    """JSON that a file or table can hold: half a UTF-16 pair stays an escape, everything else is spelled out."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def content_id(*parts: Any) -> str:
    """Name a thing by what it is made of: 20 hexadecimal digits (80 bits) of SHA-256 over canonical JSON."""
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:20]
