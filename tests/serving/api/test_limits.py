"""Limits of time, places, patience and keys; and the pages that say how the server is."""

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from tests.serving.api.asking import ASK, HTTP, body, events, post, refusal, wait_for
from tests.serving.api.scripted import TAGS, WEATHER, ScriptedEngine, call_text, endless, make_app, running

PARIS = call_text(("get_weather", '{"city": "Paris"}'))


def _stands_still(engine: ScriptedEngine) -> bool:
    made = engine.pieces
    time.sleep(0.2)
    return engine.pieces == made


def test_engine_waits_for_a_slow_reader_and_drops_one_that_stands_still() -> None:
    """Nothing piles up in the server; after the stall timeout the client is given up."""
    engine = ScriptedEngine(endless)
    with running(make_app(engine, stall_timeout_s=1.0)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((host, int(port)))
            content = httpx.Request("POST", url, json=body(stream=True)).content
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
            connection.sendall(head.encode() + content)
            wait_for(lambda: engine.running == 1)
            wait_for(lambda: _stands_still(engine))
            assert engine.pieces < 100_000, "nobody reads, so it is not all made"
            wait_for(lambda: engine.running == 0)


def test_time_limit() -> None:
    """504 before the first chunk, an error event after it; the engine stops."""
    engine = ScriptedEngine(endless, delay_s=0.01)
    with running(make_app(engine, timeout_s=0.3)) as url:
        status, _, message = refusal(post(url))
        assert (status, "0.3 s" in message) == (504, True)
        streamed = events(post(url, stream=True).text)
        assert streamed[-1]["error"]["code"] == "timeout"
        assert engine.running == 0


def test_body_that_does_not_come_is_given_up() -> None:
    """408."""
    with running(make_app(ScriptedEngine(), stall_timeout_s=0.2)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
            connection.settimeout(5)
            assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_places_are_limited() -> None:
    """429 for who comes too late, and the others are served."""
    engine = ScriptedEngine(lambda generation: "Good day.", delay_s=0.1)
    with running(make_app(engine, max_concurrent=3)) as url, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: post(url), range(8)))
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5
        assert engine.most_running == 3
        assert refusal(post(url, n=4))[0] == 429
        assert post(url, n=3).status_code == 200
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="m", messages=ASK, n=4)


def test_key() -> None:
    """Asked of everything under /v1."""
    with running(make_app(ScriptedEngine(), api_key="ünlock")) as url:
        for key in (None, b"Bearer wrong", "Basic ünlock".encode(), b"Bearer"):
            headers = {} if key is None else {b"Authorization": key}
            for path in ("/v1/models", "/v1/nothing"):
                assert refusal(HTTP.get(f"{url}{path}", headers=headers))[0] == 401
        good = {b"Authorization": "Bearer ünlock".encode()}
        assert HTTP.get(f"{url}/v1/models", headers=good).status_code == 200
        for path in ("/health", "/metrics", "/"):
            assert HTTP.get(f"{url}{path}").status_code == 200
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=f"{url}/v1", api_key="x").models.list()


def test_pages() -> None:
    """Models, health, metrics, a hint."""
    engine = ScriptedEngine(lambda generation: PARIS)
    with running(make_app(engine)) as url:
        card = HTTP.get(f"{url}/v1/models").json()["data"][0]
        assert card["id"] == "scripted"
        assert HTTP.get(f"{url}/v1/models/some/name").json() == card
        post(url)
        engine.script = lambda generation: call_text(("set_tags", '{"tags": ["a", "a"]}'))
        post(url, tools=[WEATHER, TAGS])
        HTTP.get(f"{url}/no/such/page")
        page = HTTP.get(f"{url}/metrics").text
        for line in (
            'callmill_requests_total{path="/v1/chat/completions",status="200"} 1.0',
            'callmill_requests_total{path="/v1/chat/completions",status="422"} 1.0',
            'callmill_requests_total{path="other",status="404"} 1.0',
            "callmill_calls_returned_total 1.0",
            'callmill_calls_refused_total{reason="arguments"} 1.0',
            'callmill_request_seconds_count{path="/v1/chat/completions"} 2.0',
        ):
            assert line in page
        assert re.search(r"^callmill_generated_tokens_total [1-9]", page, re.M)
        assert "callmill serves scripted" in HTTP.get(url).text
        engine.is_up = False
        assert HTTP.get(f"{url}/health").status_code == 503
    assert engine.is_closed
