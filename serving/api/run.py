"""Runs the application under uvicorn until SIGTERM or SIGINT, and lets go of open streams within seconds then."""

import asyncio
import contextlib
import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve_app(
    app: FastAPI,
    host: str,
    port: int,
    on_ready: Callable[[str], None] | None = None,
    grace_s: float = 3.0,
) -> None:
    """Serve until a signal comes.

    Args:
        app: made by `create_app`; its engine is closed at the end.
        host: address to listen on.
        port: 0: any free one.
        on_ready: called with the server's URL once it listens.
        grace_s: how long open answers may go on after a signal; rounded up to whole seconds.

    Raises:
        OSError: the address is taken or not ours.
    """
    with listen(host, port) as listener:
        asyncio.run(Server(app, on_ready, grace_s).serve([listener]))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: the address is taken or not ours. uvicorn, which would log it and exit, never sees it.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family, backlog=2048)


def _configure(app: FastAPI, grace_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        # Clients keep connections open for a minute; one that is closed just as they use it is an error for them.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=math.ceil(grace_s),
    )


class Server(uvicorn.Server):
    """uvicorn's server, which tells when it listens and ends quietly on a signal."""

    def __init__(self, app: FastAPI, on_ready: Callable[[str], None] | None = None, grace_s: float = 3.0) -> None:
        super().__init__(_configure(app, grace_s))
        self._on_ready = on_ready

    @property
    def url(self) -> str:
        """Where it listens; only while it does."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        return f"http://{shown}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self._on_ready is not None:
            self._on_ready(self.url)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, but a signal that was obeyed does not kill the process afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
