"""/v1/chat/completions: the answer as one object."""

import time
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from serving.api.answers import Answer
from serving.api.chat_stream import ChatStream
from serving.api.generating import unless_gone
from serving.api.limits import ApiOptions, Visit, read_body
from serving.api.question import Question, Ready, check_tools
from serving.api.service import Service
from serving.api.spelling import chat_usage, new_id
from serving.api.streaming import open_stream
from serving.api.unsupported import refuse_unsupported
from serving.api.wire import ChatRequest, read_json, read_model, spell_choice
from serving.refusals import RefusedError


async def answer_chat(request: Request, service: Service, visit: Visit) -> Response:
    """One request from its body to its response.

    Raises:
        RefusedError: naming what was wrong.
        ClientGoneError: the client left.
    """
    data = read_json(await read_body(request, service.options))
    asked = read_model(ChatRequest, data)
    question = read_question(asked, data, service.options)
    ready = await unless_gone(request.receive, service.prepare(question, visit))
    if asked.stream:
        shows_usage = bool(asked.stream_options and asked.stream_options.include_usage)
        stream = ChatStream(service.engine.model_name, ready, shows_usage)
        return await open_stream(request.receive, stream.chunks(service.runner, visit), service.options.stall_timeout_s)
    answers = await unless_gone(request.receive, service.answers(ready, visit))
    return JSONResponse(spell_completion(answers, ready, service.engine.model_name))


def read_question(asked: ChatRequest, data: dict[str, Any], options: ApiOptions) -> Question:
    """What a body asks; messages and tools go on as they came, for a copy of 128 tools costs 10 ms.

    Raises:
        RefusedError: 400, naming the field that can't be honoured.
    """
    refuse_unsupported(asked.extra())
    check_tools(asked.tools or (), options)
    return Question(
        messages=data["messages"],
        tools=data.get("tools") or [],
        tool_choice=spell_choice(asked.tool_choice),
        parallel_tool_calls=asked.parallel_tool_calls is not False,
        max_tokens=_most_tokens(asked),
        sampling=asked.sampling(),
        stop=(asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ()),
        choices=asked.n or 1,
    )


def _most_tokens(asked: ChatRequest) -> int | None:
    new, old = asked.max_completion_tokens, asked.max_tokens
    if new is not None and old is not None and new != old:
        message = f"max_tokens ({old}) and max_completion_tokens ({new}) are the same limit; send one."
        raise RefusedError(message, param="max_tokens")
    return old if new is None else new


def spell_completion(answers: list[Answer], ready: Ready, model: str) -> dict[str, Any]:
    """The `chat.completion` object."""
    return {
        "id": new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [_spell_choice(place, answer) for place, answer in enumerate(answers)],
        "usage": chat_usage(ready.prompt_tokens, sum(answer.tokens for answer in answers)),
    }


def _spell_choice(place: int, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.content, "refusal": None}
    if answer.calls:
        message["content"] = answer.content or None
        message["tool_calls"] = [
            {"id": new_id("call_"), "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.calls
        ]
    finish = "tool_calls" if answer.calls else answer.finish
    return {"index": place, "message": message, "logprobs": None, "finish_reason": finish}
