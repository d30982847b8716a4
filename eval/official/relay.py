"""A small OpenAI endpoint on this machine: the harness asks it, it asks whoever opened it.

So retries, limits, prices and the journal of answers are those of our one client, for BFCL's requests too, and the
endpoint's key and the model's name stay out of the harness.
"""

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from eval.official.responses import make_completion, make_response, read_responses_input

_KEEPALIVE_S = 60.0  # the harness's client gives up, and asks again, after 600 s of silence
_REFUSED = 400  # a status that it does not retry: our client has retried already


class RelayRequest(NamedTuple):
    """What the harness asks; its model name and temperature are left out, the caller has its own."""

    messages: tuple[dict[str, Any], ...]
    """OpenAI chat form."""
    tools: tuple[dict[str, Any], ...]
    """OpenAI chat form; none in prompt mode."""


class RelayReply(NamedTuple):
    """What came of it."""

    message: dict[str, Any] | None = None
    """The chat completion's message as it came; None with an error."""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str | None = None
    """Why there is no answer; the case then counts as an inference error."""
    status: int = 200
    """The endpoint's own, told with the error."""


Ask = Callable[[RelayRequest], Awaitable[RelayReply]]
"""Gives an error of one case back as a reply; what it raises, such as a spent budget, ends the harness."""


class Relay:
    """Where the harness finds it, and how it went."""

    def __init__(self, url: str, key: str, ask: Ask) -> None:
        self.url = url
        """Ending in /v1."""
        self.key = key
        """Made up for this relay; requests without it are refused."""
        self.answers = 0
        self.errors = 0
        """Requests that were answered by an error."""
        self.failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        """The first thing that `ask` raised."""
        self._ask = ask
        self._under_way: set[asyncio.Future[RelayReply]] = set()
        self._is_closed = False

    async def ask(self, request: RelayRequest) -> RelayReply:
        """Ask the caller; from the first failure on nobody is asked any more."""
        reply = await self._ask_if_sound(request)
        if reply.error is None and reply.message is None:
            reply = RelayReply(error="the answer has no message", status=reply.status)
        self.answers += reply.error is None
        self.errors += reply.error is not None
        return reply

    async def _ask_if_sound(self, request: RelayRequest) -> RelayReply:
        if self.failure.done():
            return RelayReply(error=str(self.failure.result()))
        asking = asyncio.ensure_future(self._ask(request))
        self._under_way.add(asking)
        asking.add_done_callback(self._under_way.discard)
        try:
            return await asking
        except asyncio.CancelledError:
            if not self._is_closed:
                raise
            return RelayReply(error="the relay was closed")
        except Exception as error:
            if not self.failure.done():
                self.failure.set_result(error)
            return RelayReply(error=str(error))

    def close(self) -> None:
        """Give up what is under way, so that nothing is asked, and paid, for nobody."""
        self._is_closed = True
        for asking in self._under_way:
            asking.cancel()


@contextlib.asynccontextmanager
async def open_relay(ask: Ask) -> AsyncIterator[Relay]:
    """Listen on a free port of this machine until the block ends.

    Args:
        ask: called for many requests at once, as many as the harness has threads.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    relay = Relay(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", secrets.token_urlsafe(24), ask)
    server = _Server(uvicorn.Config(_make_app(relay), log_config=None, access_log=False, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield relay
    finally:
        relay.close()
        server.should_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program that this is a part of."""
        yield


def _make_app(relay: Relay) -> Starlette:
    async def complete_chat(request: Request) -> Response:
        return await _answer(relay, request, _read_chat, _write_chat)

    async def respond(request: Request) -> Response:
        return await _answer(relay, request, _read_responses, _write_response)

    routes = [
        Route("/v1/chat/completions", complete_chat, methods=["POST"]),
        Route("/v1/responses", respond, methods=["POST"]),
    ]
    return Starlette(routes=routes)


async def _answer(
    relay: Relay,
    request: Request,
    read: Callable[[dict[str, Any]], RelayRequest],
    write: Callable[[object, RelayReply], dict[str, Any]],
) -> Response:
    if not secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {relay.key}".encode()):
        return _as_json(_error("wrong key; the relay answers only the harness that it was opened for", 401), 401)
    try:
        body = json.loads(await request.body())
        asked = read(body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        relay.errors += 1
        return _as_json(_error(f"the relay cannot read this request: {error}", _REFUSED), _REFUSED)

    async def answer() -> dict[str, Any]:
        reply = await relay.ask(asked)
        return _error(reply.error, reply.status) if reply.error is not None else write(body.get("model"), reply)

    answering = asyncio.create_task(answer())
    done, _ = await asyncio.wait([answering], timeout=_KEEPALIVE_S)
    if done:
        made = answering.result()
        return _as_json(made, _REFUSED if "error" in made else 200)
    return StreamingResponse(_wait_aloud(answering), media_type="application/json")


async def _wait_aloud(answering: "asyncio.Task[dict[str, Any]]") -> AsyncIterator[bytes]:
    """White space, which JSON allows, until there is an answer.

    By then the status is sent: an error under 200 has no choices, and that is an inference error to the harness too.
    """
    while not answering.done():
        yield b" "
        await asyncio.wait([answering], timeout=_KEEPALIVE_S)
    yield _encode(answering.result())


def _read_chat(body: dict[str, Any]) -> RelayRequest:
    return RelayRequest(tuple(body["messages"]), tuple(body.get("tools") or ()))


def _read_responses(body: dict[str, Any]) -> RelayRequest:
    if body.get("tools"):
        raise ValueError("tools came to /responses; expected text alone, tools go to /chat/completions")
    return RelayRequest(read_responses_input(body["input"]), ())


def _write_chat(model: object, reply: RelayReply) -> dict[str, Any]:
    message = {"role": "assistant", "content": None, **(reply.message or {})}
    return make_completion(model, message, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens)


def _write_response(model: object, reply: RelayReply) -> dict[str, Any]:
    text = (reply.message or {}).get("content") or ""
    return make_response(model, text, reply.prompt_tokens, reply.completion_tokens)


def _error(text: str, status: int) -> dict[str, Any]:
    return {"error": {"message": text, "type": "relay_error", "param": None, "code": status}}


def _as_json(value: dict[str, Any], status: int) -> Response:
    return Response(_encode(value), status, media_type="application/json")


def _encode(value: dict[str, Any]) -> bytes:
    # A lone surrogate in a model's text would stop the harness when it writes its files.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
