"""OpenAI's Responses form ↔ its chat form, for text: what BFCL's prompt mode speaks and what every endpoint speaks."""

import time
import uuid
from typing import Any


def read_responses_input(items: object) -> tuple[dict[str, Any], ...]:
    """The chat messages of a Responses request's `input`.

    Raises:
        ValueError: it holds something else than messages of text.
    """
    if isinstance(items, str):
        return ({"role": "user", "content": items},)
    if not isinstance(items, list):
        raise ValueError(f"input is {type(items).__name__}; expected a text or a list of messages")
    return tuple(_read_message(item) for item in items)


def _read_message(item: object) -> dict[str, Any]:
    if not isinstance(item, dict) or item.get("type", "message") != "message":
        raise ValueError(f"input holds {str(item)[:200]}; expected messages of text alone")
    # BFCL renames system to developer, which few chat templates know.
    role = "system" if item.get("role") == "developer" else item.get("role")
    content = item.get("content")
    if isinstance(content, list):
        content = "".join(_read_part(part) for part in content)
    if not isinstance(role, str) or not isinstance(content, str):
        raise ValueError(f"input holds {str(item)[:200]}; expected role and content")
    return {"role": role, "content": content}


def _read_part(part: object) -> str:
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    raise ValueError(f"content holds {str(part)[:200]}; expected text alone")


def make_response(model: object, text: str, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    """A finished Responses answer of one text."""
    content = {"type": "output_text", "text": text, "annotations": []}
    message = {
        "type": "message",
        "id": f"msg_{uuid.uuid4().hex}",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": model,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def make_completion(
    model: object, message: dict[str, Any], finish_reason: str, prompt_tokens: int, completion_tokens: int
) -> dict[str, Any]:
    """A finished chat completion."""
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }
