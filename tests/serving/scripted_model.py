"""A scripted OpenAI-compatible model on a port of its own: the n-th request gets the n-th answer, streamed."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.http_server import HttpReply, HttpRequest, serve


@dataclass(frozen=True)
class Says:
    """One answer."""

    content: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """Names and arguments as text."""
    finish_reason: str | None = None
    status: int = 200
    """Another one: an error with the content as its message."""


@dataclass
class ScriptedModel:
    """Answers in order; the last answer is repeated."""

    answers: list[Says]
    requests: list[dict[str, Any]] = field(default_factory=list)

    def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one HTTP request."""
        if request.path.endswith("/models"):
            return HttpReply(body=json.dumps({"object": "list", "data": [_listed("scripted")]}).encode())
        self.requests.append(json.loads(request.body))
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if answer.status != 200:
            error = {"error": {"message": answer.content, "type": "scripted", "param": None, "code": None}}
            return HttpReply(answer.status, json.dumps(error).encode())
        return HttpReply(body=_stream(answer), headers={"content-type": "text/event-stream"})


def _listed(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "tests"}


def _stream(answer: Says) -> bytes:
    """Words and arguments in pieces of three characters."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _pieces(answer.content)]
    for index, (name, arguments) in enumerate(answer.calls):
        function = {"name": name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": f"c{index}", "type": "function", "function": function}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in _pieces(arguments)]
    reason = answer.finish_reason or ("tool_calls" if answer.calls else "stop")
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    chunks = [_chunk(choices=[choice]) for choice in choices]
    chunks.append(_chunk(choices=[], usage={"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}))
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _pieces(text: str) -> list[str]:
    return [text[place : place + 3] for place in range(0, len(text), 3)]


def _chunk(**fields: Any) -> dict[str, Any]:
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **fields}


@contextlib.contextmanager
def serving(handler: Callable[[HttpRequest], HttpReply]) -> Iterator[str]:
    """Serve in a thread; gives the address without a path."""
    ready = threading.Event()
    address: list[str] = []
    ended = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with serve(handler) as at:
            address.append(at)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5)
        loop.close()
