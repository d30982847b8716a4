"""A small, fast HTTP/1.1 server for tests: one callback answers every request, well or badly, soon or late."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple


class HttpRequest(NamedTuple):
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class HttpReply:
    """What goes back, and how."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_hung_up: bool = False
    """Close the connection halfway through the body."""
    on_sent: Callable[[], None] | None = None
    """Called when the reply was handed over whole."""


Handler = Callable[[HttpRequest], HttpReply | Awaitable[HttpReply]]


class HttpProtocol(asyncio.Protocol):
    """One connection; requests one after the other."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next_request()) is not None:
            reply = self._handler(request)
            if isinstance(reply, HttpReply):
                self._send_later(reply)
            else:
                task = asyncio.ensure_future(self._send_when_made(reply))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send_when_made(self, making: Awaitable[HttpReply]) -> None:
        self._send_later(await making)

    def _next_request(self) -> HttpRequest | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        start = end + 4
        if len(self._buffer) < start + size:
            return None
        body = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        method, path, _ = first.split(" ", 2)
        return HttpRequest(method, path, headers, body)

    def _send_later(self, reply: HttpReply) -> None:
        if reply.delay_s:
            asyncio.get_running_loop().call_later(reply.delay_s, self._send, reply)
        else:
            self._send(reply)

    def _send(self, reply: HttpReply) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        headers = {"content-type": "application/json", "content-length": str(len(reply.body)), **reply.headers}
        head = f"HTTP/1.1 {reply.status} Said\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = reply.body[: len(reply.body) // 2] if reply.is_hung_up else reply.body
        self._transport.write(head.encode("latin-1") + b"\r\n" + body)
        if reply.is_hung_up:
            self._transport.close()
        elif reply.on_sent:
            reply.on_sent()


@contextlib.asynccontextmanager
async def serve(handler: Handler, port: int = 0) -> AsyncIterator[str]:
    """Listen on this machine; gives the address, without a path."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(handler), "127.0.0.1", port, backlog=1024)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
