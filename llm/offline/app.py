"""The offline teacher as an OpenAI-compatible ASGI app: POST /v1/chat/completions and GET /v1/models."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from llm.offline.reading import UnknownPromptError
from llm.offline.teacher import Written, hash_messages, write_reply
from llm.offline.words import CHINESE
from schemas.settings import OFFLINE_MODEL

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CREATED = 1_767_225_600
"""A fixed moment: the same request gets the same bytes."""


class BadRequestError(Exception):
    """What came can't be answered; the message says what was expected."""


class OfflineTeacher:
    """ASGI app.

    Args:
        mistakes: share of pairs with a planted mistake, 0 to 1.
        truth_path: file that a line is appended to for every planted mistake; nothing that checks reads it.
    """

    def __init__(self, mistakes: float = 0.12, truth_path: Path | None = None) -> None:
        self._mistakes = mistakes
        self._truth_path = truth_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI event stream."""
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
            return
        status, body = self._route(scope["method"], scope["path"], await _read_body(receive))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _route(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if (method, path) == ("GET", "/v1/models"):
            model = {"id": OFFLINE_MODEL, "object": "model", "created": _CREATED, "owned_by": "callmill"}
            return 200, _encode({"object": "list", "data": [model]})
        if path != "/v1/chat/completions":
            return 404, _encode_error(f"Unknown path {path}; expected /v1/chat/completions or /v1/models.")
        if method != "POST":
            return 405, _encode_error(f"{method} came to {path}; expected POST.")
        try:
            return 200, _encode(self.complete(_parse_request(body)))
        except (BadRequestError, UnknownPromptError) as error:
            return 400, _encode_error(str(error))

    def complete(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the body of a chat completion request.

        Raises:
            UnknownPromptError: the messages are none of the prompts that it reads.
            BadRequestError: a section of a prompt does not hold the JSON that it should.
        """
        messages, model, seed = (
            request["messages"],
            str(request.get("model") or OFFLINE_MODEL),
            request.get("seed") or 0,
        )
        try:
            written = write_reply(messages, int(seed), model, self._mistakes)
        except (ValueError, KeyError) as error:
            raise BadRequestError(
                f"A section of the prompt can't be read ({error}); expected JSON as the prompt's file writes it."
            ) from error
        if written.mistake and self._truth_path:
            self._note_mistake(written, int(seed), self._truth_path)
        return _complete(messages, written, model, int(seed))

    def _note_mistake(self, written: Written, seed: int, path: Path) -> None:
        line = {"request": written.request_sha256, "seed": seed, "prompt": written.prompt, "mistake": written.mistake}
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, _encode(line) + b"\n")  # one write: lines of several processes do not mix
        finally:
            os.close(handle)


def _parse_request(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError as error:
        raise BadRequestError(f"The body is not JSON ({error}); expected a chat completion request.") from error
    messages = request.get("messages") if isinstance(request, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise BadRequestError('\'messages\' is missing or no list of objects; expected [{"role": …, "content": …}, …].')
    seed = request.get("seed")
    if seed is not None and not isinstance(seed, int):
        raise BadRequestError(f"'seed' is {seed!r}; expected a whole number.")
    return dict(request)


def _complete(messages: list[dict[str, Any]], written: Written, model: str, seed: int) -> dict[str, Any]:
    prompt_tokens = sum(_count_tokens(str(message.get("content") or "")) + 4 for message in messages)
    completion_tokens = _count_tokens(written.text)
    return {
        "id": f"chatcmpl-{hash_messages([*messages, {'role': model, 'content': seed}])[:24]}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": written.text},
                "logprobs": None,
                "finish_reason": written.finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _count_tokens(text: str) -> int:
    """About what a tokenizer would count: four Latin characters or one Chinese one."""
    chinese = 0 if text.isascii() else len(CHINESE.findall(text))
    return chinese + (len(text) - chinese + 3) // 4


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _encode_error(message: str) -> bytes:
    return _encode({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}})


async def _read_body(receive: Receive) -> bytes:
    chunks = []
    while True:
        event = await receive()
        chunks.append(event.get("body", b""))
        if event["type"] == "http.disconnect" or not event.get("more_body"):
            return b"".join(chunks)


async def _answer_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
