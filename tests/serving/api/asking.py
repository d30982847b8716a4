"""Plain HTTP requests to a server under test, for what the official clients would not send or show."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.serving.api.scripted import WEATHER

ASK: list[Any] = [{"role": "user", "content": "What is the weather?"}]


HTTP = httpx.Client(timeout=20)
"""One for all tests: making one reads certificates for 20 ms."""


def body(**fields: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": "m", "messages": ASK, "tools": [WEATHER], **fields}


def post(url: str, path: str = "/v1/chat/completions", **fields: Any) -> httpx.Response:
    """Send it and wait for the whole answer."""
    return HTTP.post(f"{url}{path}", json=body(**fields))


def wait_for(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    """Soon, or the test fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def refusal(response: httpx.Response) -> tuple[int, str | None, str]:
    """Status, param and message of an error, whose shape must be OpenAI's."""
    said = response.json()
    assert set(said) == {"error"}
    error = said["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return response.status_code, error["param"], error["message"]


def events(text: str) -> list[Any]:
    """The data of each server-sent event; [DONE] as it is."""
    datas = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    return [data if data == "[DONE]" else json.loads(data) for data in datas]
