"""A real HTTP endpoint in the test's own loop that answers by a script, and the client opened on it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import SecretStr

from llm.client import TeacherClient, open_client
from llm.journal import Journal
from schemas.answer import Answer, Message, Request
from schemas.settings import EndpointSettings, TeacherSettings
from tests.http_server import HttpReply, HttpRequest, serve

KEY = "sk-secret-key-0123456789"
Step = HttpReply | Callable[[dict[str, Any]], HttpReply | Awaitable[HttpReply]]


class Scripted:
    """Plays its steps one a request, the last one for ever, and remembers what came."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.has_been_asked = asyncio.Event()

    def handle(self, request: HttpRequest) -> HttpReply | Awaitable[HttpReply]:
        body = json.loads(request.body)
        step = self.steps[min(len(self.bodies), len(self.steps) - 1)]
        self.bodies.append(body)
        self.headers.append(request.headers)
        self.has_been_asked.set()
        return step if isinstance(step, HttpReply) else step(body)


class Opened(NamedTuple):
    """What a test works with."""

    client: TeacherClient
    endpoint: Scripted
    base_url: str


@contextlib.asynccontextmanager
async def opened(
    *steps: Step,
    journal: Journal | None = None,
    budget_usd: float | None = None,
    spent_usd: float = 0,
    kind: type[EndpointSettings] = TeacherSettings,
    **settings: Any,
) -> AsyncIterator[Opened]:
    endpoint = Scripted(*steps)
    async with serve(endpoint.handle) as address:
        base_url = f"{address}/v1"
        endpoint_settings = make_endpoint_settings(kind, base_url=base_url, **settings)
        async with open_client(
            endpoint_settings, journal, job_id="job", run_id="run", budget_usd=budget_usd, spent_usd=spent_usd
        ) as client:
            yield Opened(client, endpoint, base_url)


E = TypeVar("E", bound=EndpointSettings)


def make_endpoint_settings(kind: type[E], **settings: Any) -> E:
    """Every field is given, so that nothing of the developer's own CALLMILL_… gets into a test."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in kind.model_fields.items()}
    return kind(**{**defaults, "model": "test-model", "api_key": SecretStr(KEY), "timeout_s": 5, **settings})


def make_settings(**settings: Any) -> TeacherSettings:
    """A teacher's."""
    return make_endpoint_settings(TeacherSettings, **settings)


def completion(
    text: str | None = "hello", finish_reason: str = "stop", delay_s: float = 0.0, **message: Any
) -> HttpReply:
    body = {
        "model": "served-model",
        "choices": [{"message": {"content": text, **message}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50},
    }
    return HttpReply(body=json.dumps(body).encode(), delay_s=delay_s)


def failure(status: int, message: str = "no", headers: dict[str, str] | None = None, **fields: Any) -> HttpReply:
    return HttpReply(status, json.dumps({"error": {"message": message, **fields}}).encode(), headers or {})


def make_request(text: str = "hi", **fields: Any) -> Request:
    known: dict[str, Any] = {"prompt": "test.v1", "model": "test-model", "temperature": 0.9, "max_tokens": 100}
    return Request(**{**known, "messages": (Message(role="user", content=text),), **fields})


def make_answer(number: int = 0, text: str = "hello", finish_reason: str | None = "stop") -> Answer:
    request = make_request(str(number))
    return Answer(
        answer_id=request.answer_id(0),
        request_id=request.request_id,
        draw=0,
        prompt="test.v1",
        model="test-model",
        served_model=None,
        text=text,
        raw=json.dumps({"text": text}),
        finish_reason=finish_reason,
        prompt_tokens=10,
        completion_tokens=5,
        cost_usd=None,
        latency_ms=12.5,
        attempts=1,
        answered_at="2026-01-01T00:00:00+00:00",
    )


def lines_of(directory: Path) -> list[str]:
    """Lines of every journal segment in a folder."""
    return [line for path in sorted(directory.glob("*.jsonl")) for line in path.read_text().splitlines()]
