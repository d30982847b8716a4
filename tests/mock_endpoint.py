"""A scripted OpenAI endpoint in a process of its own: fast, deterministic, faulty on demand, and it counts.

`python -m tests.mock_endpoint --latency 0.2 --faults 0.3` prints its base URL; GET /stats tells what it has seen.
One line of --log per whole answer: {"key": "9f…", "at": 1767225600.25}, key: hash of the request's body.
"""

import argparse
import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections import Counter
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.http_server import HttpReply, HttpRequest, serve
from tests.mock_answers import write_canned_text

ROOT = Path(__file__).parent.parent
FAULTS = ("rate_limited", "server_error", "hang", "cut_json", "hung_up", "wrong_json", "wrong_shape")
WRONG_TEXTS = (
    "I'm sorry, here is what you asked for: query = hello",
    '{"query": "cut in the mid',
    '{"something": "else"}',
    "[1, 2, 3]",
    "```json\n{'query': 'single quotes'}\n```",
)
WRONG_SHAPES = (
    b'{"choices": []}',
    b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": null}, "finish_reason": "stop"}]}',
    b'{"error": {"message": "overloaded"}}',
    b"<html><body>Bad Gateway</body></html>",
    b'["not", "an", "object"]',
)


class MockStats(NamedTuple):
    """What the endpoint has seen."""

    requests: int
    distinct: int
    """Different bodies."""
    answered: int
    """Whole, well-formed answers."""
    most_at_once: int
    """Meaningful with a latency; each counts as under way for so long."""
    by_status: dict[str, int]
    faults: dict[str, int]


class MockEndpoint:
    """Answers chat completions; what it does wrong depends on the body and on how often it came."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._seen: Counter[str] = Counter()
        self._answered = 0
        self._by_status: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._at_once = 0
        self._most_at_once = 0
        self._log = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if options.log else None
        self._teacher = self._open_teacher() if options.content == "offline" else None

    def handle(self, request: HttpRequest) -> HttpReply | Awaitable[HttpReply]:
        """Answer one HTTP request."""
        if request.path.endswith("/stats"):
            return HttpReply(body=json.dumps(self.stats()._asdict()).encode())
        if not request.path.endswith("/chat/completions"):
            return HttpReply(404, b'{"error": {"message": "no such path"}}')
        self._at_once += 1
        self._most_at_once = max(self._most_at_once, self._at_once)
        asyncio.get_running_loop().call_later(self._options.latency, self._leave)
        key = hashlib.sha256(request.body).hexdigest()[:20]
        self._seen[key] += 1
        fault, dice = self._throw_dice(key, self._seen[key])
        if fault is not None:
            self._faults[fault] += 1
            if fault != "wrong_json":
                return self._fail(fault, dice)
            return self._complete(key, WRONG_TEXTS[dice % len(WRONG_TEXTS)])
        if self._teacher is not None:
            return self._ask_teacher(self._teacher, key, request.body)
        return self._complete(key, write_canned_text(json.loads(request.body)["messages"]))

    def stats(self) -> MockStats:
        """Counts so far."""
        return MockStats(
            sum(self._seen.values()), len(self._seen), self._answered, self._most_at_once,
            dict(self._by_status), dict(self._faults),
        )  # fmt: skip

    def _leave(self) -> None:
        self._at_once -= 1

    def _throw_dice(self, key: str, nth: int) -> tuple[str | None, int]:
        """The fault of the `nth` arrival of a body, if any, and a number to vary it by."""
        dice = int.from_bytes(hashlib.sha256(f"{self._options.seed}:{key}:{nth}".encode()).digest()[:8])
        if dice % 1_000_003 / 1_000_003 >= self._options.faults:
            return None, dice
        kinds = self._options.fault_kinds
        return kinds[dice // 1_000_003 % len(kinds)], dice // 99_991

    def _fail(self, fault: str, dice: int) -> HttpReply:
        latency = self._options.latency
        if fault == "rate_limited":
            seconds = 0.05 + dice % 1000 / 1000 * (self._options.retry_after - 0.05)
            return self._count(HttpReply(429, _error("rate limit"), {"retry-after": f"{seconds:.2f}"}, latency))
        if fault == "server_error":
            return self._count(HttpReply(500 + dice % 4, _error("internal error"), {}, latency))
        if fault == "hang":
            return HttpReply(200, _completion("late"), {}, self._options.hang, is_hung_up=True)
        if fault == "wrong_shape":
            return self._count(HttpReply(200, WRONG_SHAPES[dice % len(WRONG_SHAPES)], {}, latency))
        whole = _completion("never read")
        if fault == "cut_json":
            return self._count(HttpReply(200, whole[: len(whole) // 2], {}, latency))
        return self._count(HttpReply(200, whole, {}, latency, is_hung_up=True))

    def _complete(self, key: str, text: str) -> HttpReply:
        return self._count(HttpReply(200, _completion(text), {}, self._options.latency, on_sent=self._note(key)))

    def _note(self, key: str) -> Any:
        def note() -> None:
            self._answered += 1
            if self._log is not None:
                os.write(self._log, json.dumps({"key": key, "at": time.time()}).encode() + b"\n")

        return note

    def _count(self, reply: HttpReply) -> HttpReply:
        self._by_status[str(reply.status)] += 1
        return reply

    def _open_teacher(self) -> Any:
        from llm.offline.app import OfflineTeacher

        return OfflineTeacher(self._options.mistakes, self._options.truth)

    async def _ask_teacher(self, teacher: Any, key: str, body: bytes) -> HttpReply:
        """The embedded teacher's answer, with the latency of this endpoint."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": [], "query_string": b""}
        await teacher(scope, receive, send)
        status = next(m["status"] for m in sent if m["type"] == "http.response.start")
        content = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        on_sent = self._note(key) if status == 200 else None
        return self._count(HttpReply(status, content, {}, self._options.latency, on_sent=on_sent))


@contextlib.contextmanager
def running_endpoint(
    *,
    latency: float = 0.0,
    content: Literal["echo", "offline"] = "echo",
    faults: float = 0.0,
    fault_kinds: tuple[str, ...] = FAULTS,
    seed: int = 1,
    hang: float = 5.0,
    retry_after: float = 1.0,
    mistakes: float = 0.12,
    log: Path | None = None,
    truth: Path | None = None,
) -> Iterator[str]:
    """Run the endpoint in a process that ends with this one, however this one ends; gives its base URL."""
    words = [
        "--latency", latency, "--content", content, "--faults", faults, "--fault-kinds", ",".join(fault_kinds),
        "--seed", seed, "--hang", hang, "--retry-after", retry_after, "--mistakes", mistakes, "--until-stdin-closes",
        *(["--log", log] if log else []), *(["--truth", truth] if truth else []),
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mock_endpoint", *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        base_url = process.stdout.readline().strip()
        assert base_url, "the mock endpoint did not start"
        yield base_url
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def read_stats(base_url: str) -> MockStats:
    """Ask a running endpoint what it has seen."""
    place = urllib.parse.urlsplit(base_url)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    try:
        connection.request("GET", "/stats")
        return MockStats(**json.loads(connection.getresponse().read()))
    finally:
        connection.close()


def _completion(text: str) -> bytes:
    return json.dumps(
        {
            "id": "chatcmpl-mock",
            "object": "chat.completion",
            "created": 1767225600,
            "model": "mock-1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 60, "total_tokens": 560},
        }
    ).encode()


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "mock", "param": None, "code": None}}).encode()


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; also the defaults for use in-process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--content", choices=["echo", "offline"], default="echo")
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that go wrong")
    parser.add_argument("--fault-kinds", type=lambda text: text.split(","), default=list(FAULTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hang", type=float, default=5.0, help="seconds after which a hanging request is hung up")
    parser.add_argument("--retry-after", type=float, default=1.0, help="most seconds that a 429 asks to wait")
    parser.add_argument("--mistakes", type=float, default=0.12, help="share of planted mistakes of offline content")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser.parse_args(words)


async def main() -> None:
    """Serve until stopped."""
    options = read_options()
    ended = asyncio.Event()
    if options.until_stdin_closes:
        asyncio.get_running_loop().add_reader(0, ended.set)
    async with serve(MockEndpoint(options).handle, options.port) as address:
        print(f"{address}/v1", flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
