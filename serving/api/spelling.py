"""Ids and counts, spelled alike in whole and streamed answers."""

import uuid
from typing import Any


def new_id(kind: str) -> str:
    """`call_3f…`: unique, and telling of what."""
    return f"{kind}{uuid.uuid4().hex[:24]}"


def chat_usage(prompt_tokens: int, tokens: int) -> dict[str, Any]:
    """Usage as chat completions spell it."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": tokens,
        "total_tokens": prompt_tokens + tokens,
    }
