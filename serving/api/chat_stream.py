"""/v1/chat/completions as a stream: `chat.completion.chunk` objects in OpenAI's order, then `[DONE]`."""

import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any

from serving.api.events import Finished, read_events
from serving.api.generating import Runner
from serving.api.limits import Visit
from serving.api.merging import merge
from serving.api.question import Ready
from serving.api.spelling import chat_usage, new_id
from serving.api.streaming import DONE, spell_event
from serving.call_formats.format import ArgumentsDelta, CallEnded, CallStarted, Event, TextDelta


class ChatStream:
    """The chunks of one answer, all choices interleaved."""

    def __init__(self, model: str, ready: Ready, shows_usage: bool) -> None:
        self._ready = ready
        self._shows_usage = shows_usage
        self._head = {
            "id": new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }

    async def chunks(self, runner: Runner, visit: Visit) -> AsyncGenerator[bytes, None]:
        """Every event that goes out, the role of each choice before its first."""
        tokens = 0
        opened: set[int] = set()
        streams = [read_events(runner, each, visit) for each in self._ready.generations]
        async with contextlib.aclosing(merge(streams)) as events:
            async for place, event in events:
                if place not in opened:
                    opened.add(place)
                    yield self._chunk(place, {"role": "assistant", "content": self._first_content()})
                if isinstance(event, Finished):
                    tokens += event.tokens
                    yield self._chunk(place, {}, "tool_calls" if _is_calls(event) else event.finish)
                elif not isinstance(event, CallEnded):
                    yield self._chunk(place, spell_delta(event))
        if self._shows_usage:
            yield self._spell([], chat_usage(self._ready.prompt_tokens, tokens))
        yield DONE

    def _first_content(self) -> str | None:
        return "" if self._ready.language.may_talk else None

    def _chunk(self, place: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return self._spell([{"index": place, "delta": delta, "logprobs": None, "finish_reason": finish}], None)

    def _spell(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        shown = {"usage": usage} if self._shows_usage else {}
        return spell_event({**self._head, "choices": choices, **shown})


def _is_calls(end: Finished) -> bool:
    return end.calls > 0 and end.finish == "stop"


def spell_delta(event: Event) -> dict[str, Any]:
    """The delta that a client adds to what it has."""
    match event:
        case TextDelta(text):
            return {"content": text}
        case CallStarted(index, name):
            function = {"name": name, "arguments": ""}
            return {"tool_calls": [{"index": index, "id": new_id("call_"), "type": "function", "function": function}]}
        case ArgumentsDelta(index, text):
            return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}
        case CallEnded():
            return {}
