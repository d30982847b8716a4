"""The objects of /v1/responses: the response around an answer, and the items in it."""

import time
from typing import Any

from serving.api.responses_wire import ResponsesRequest
from serving.api.spelling import new_id
from serving.engine import FinishReason


def begin_response(asked: ResponsesRequest, model: str) -> dict[str, Any]:
    """A response whose answer is still to come; says again what was asked."""
    said = asked.model_dump(mode="json", include={"tool_choice", "tools"}, exclude_unset=True)
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "metadata": asked.metadata or {},
        "model": model,
        "output": [],
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": None,
        "store": False,
        "temperature": asked.sampling().temperature,
        "text": {"format": {"type": "text"}},
        "tool_choice": said.get("tool_choice") or "auto",
        "tools": [{"parameters": None, "strict": None, **tool} for tool in said.get("tools") or ()],
        "top_p": asked.sampling().top_p,
        "truncation": "disabled",
        "usage": None,
    }


def end_response(
    shell: dict[str, Any], items: list[dict[str, Any]], finish: FinishReason, prompt_tokens: int, tokens: int
) -> dict[str, Any]:
    """The response with its answer; incomplete where the token limit cut it."""
    is_cut = finish == "length"
    return {
        **shell,
        "status": "incomplete" if is_cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "output": items,
        "usage": {
            "input_tokens": prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt_tokens + tokens,
        },
    }


def message_item(text: str, status: str, item_id: str | None = None) -> dict[str, Any]:
    """Words."""
    return {
        "id": item_id or new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [text_part(text)],
    }


def text_part(text: str) -> dict[str, Any]:
    """The one part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def call_item(
    name: str,
    arguments: str,
    status: str = "completed",
    item_id: str | None = None,
    call_id: str | None = None,
) -> dict[str, Any]:
    """A call."""
    return {
        "id": item_id or new_id("fc_"),
        "type": "function_call",
        "call_id": call_id or new_id("call_"),
        "name": name,
        "arguments": arguments,
        "status": status,
    }
