"""Server-sent events: one JSON object an event, sent no faster than the client reads, stopped when it leaves."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.api.errors import error_body, server_fault
from serving.api.generating import ClientGoneError, unless_gone
from serving.refusals import RefusedError

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx would collect the whole answer first.
    (b"x-accel-buffering", b"no"),
]


def spell_event(data: dict[str, Any], name: str | None = None) -> bytes:
    """`event: NAME` and `data: JSON`."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


DONE = b"data: [DONE]\n\n"


class EventStream(Response):
    """An answer of which the first events are known already, so that refusals before it were plain HTTP errors."""

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes, None], stall_timeout_s: float) -> None:
        super().__init__()
        self._first = first
        self._rest = rest
        self._stall_timeout_s = stall_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; events are made only as fast as the connection takes them."""
        with contextlib.suppress(ClientGoneError, TimeoutError):
            await unless_gone(receive, self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        async with contextlib.aclosing(self._rest):
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._send(send, self._first)
            async for chunk in self._rest:
                await self._send(send, chunk)
            await self._send(send, b"", more=False)

    async def _send(self, send: Send, chunk: bytes, more: bool = True) -> None:
        async with asyncio.timeout(self._stall_timeout_s):
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def with_errors(chunks: AsyncGenerator[bytes, None], event: str | None) -> AsyncGenerator[bytes, None]:
    """The chunks, and an error as the last one; nothing follows it, so that nobody takes the answer for complete."""
    async with contextlib.aclosing(chunks):
        try:
            async for chunk in chunks:
                yield chunk
        except RefusedError as problem:
            yield spell_event(error_body(problem), event)
        except Exception as problem:
            yield spell_event(error_body(server_fault(problem)), event)


async def open_stream(
    receive: Receive, chunks: AsyncGenerator[bytes, None], stall_timeout_s: float, event: str | None = None
) -> EventStream:
    """Wait for the first chunk, then stream.

    Raises:
        RefusedError: the answer was refused before its first chunk.
        ClientGoneError: the client left before it.
    """
    try:
        first = await unless_gone(receive, _first(chunks))
    except BaseException:
        await chunks.aclose()
        raise
    return EventStream(first, with_errors(chunks, event), stall_timeout_s)


async def _first(chunks: AsyncGenerator[bytes, None]) -> bytes:
    return await anext(chunks)
