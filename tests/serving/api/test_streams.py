"""How answers stream, stop, and wait; limits of time, places and patience."""

import asyncio
import time
from typing import Any

import httpx
import openai
import pytest

from tests.serving.api.asking import ASK, HTTP, body, events, post, refusal, wait_for
from tests.serving.api.scripted import ScriptedEngine, call_text, endless, make_app, running

PARIS = call_text(("get_weather", '{"city": "Paris"}'))


def test_chunks_are_openais() -> None:
    """Role first, deltas, finish, usage, [DONE]."""
    with running(make_app(ScriptedEngine(lambda generation: PARIS))) as url:
        response = post(url, stream=True, stream_options={"include_usage": True}, tool_choice="required")
    assert response.headers["content-type"].startswith("text/event-stream")
    first, started, *arguments, finish, usage, done = events(response.text)
    head = {"id": first["id"], "object": "chat.completion.chunk", "created": first["created"], "model": "scripted"}
    choice = {"index": 0, "logprobs": None, "finish_reason": None}
    assert first == {**head, "usage": None, "choices": [{**choice, "delta": {"role": "assistant", "content": None}}]}
    (call,) = started["choices"][0]["delta"]["tool_calls"]
    assert call["id"].startswith("call_")
    assert {**call, "id": ""} == {
        "index": 0,
        "id": "",
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    deltas = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in arguments]
    assert all(set(delta) == {"index", "function"} and set(delta["function"]) == {"arguments"} for delta in deltas)
    assert "".join(delta["function"]["arguments"] for delta in deltas) == '{"city": "Paris"}'
    assert finish["choices"] == [{**choice, "delta": {}, "finish_reason": "tool_calls"}]
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == usage["usage"]["prompt_tokens"] + usage["usage"]["completion_tokens"]
    assert done == "[DONE]"


def test_streamed_choices_interleave() -> None:
    """Each with its own role and end."""
    with running(make_app(ScriptedEngine(lambda generation: "Good day.", delay_s=0.01))) as url:
        chunks = events(post(url, stream=True, n=3).text)[:-1]
    choices = [chunk["choices"][0] for chunk in chunks]
    for place in range(3):
        own = [choice for choice in choices if choice["index"] == place]
        assert own[0]["delta"]["role"] == "assistant"
        assert "".join(choice["delta"].get("content", "") for choice in own) == "Good day."
        assert own[-1]["finish_reason"] == "stop"
    order = [choice["index"] for choice in choices]
    assert order != sorted(order)


def test_first_chunk_comes_before_the_last_is_made() -> None:
    """A stream is not collected."""
    with running(make_app(ScriptedEngine(lambda generation: "Good day to you all.", delay_s=0.05))) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="x")
        times = []
        for _ in client.chat.completions.create(model="m", messages=ASK, stream=True):
            times.append(time.monotonic())
    assert times[-1] - times[0] > 0.2


def _leave(url: str, stream: bool) -> None:
    """Ask, read for a while if there is anything to read, and go."""
    if not stream:
        with pytest.raises(httpx.ReadTimeout):
            HTTP.post(f"{url}/v1/chat/completions", json=body(), timeout=0.3)
        return
    with HTTP.stream("POST", f"{url}/v1/chat/completions", json=body(stream=True)) as answer:
        assert answer.status_code == 200
        next(answer.iter_raw())


@pytest.mark.parametrize("stream", [False, True])
def test_generation_stops_when_the_client_leaves(stream: bool) -> None:
    """Whole or streamed; its place is free again."""
    engine = ScriptedEngine(endless, delay_s=0.005)
    with running(make_app(engine, max_concurrent=1)) as url:
        for _ in range(2):
            _leave(url, stream)
            wait_for(lambda: engine.running == 0)
        made = engine.pieces
        time.sleep(0.1)
        assert engine.pieces == made
        page = HTTP.get(f"{url}/metrics").text
    assert len(engine.generations) == 2
    assert "callmill_running 0.0" in page
    assert "callmill_waiting 0.0" in page


def test_client_that_leaves_while_it_waits_is_not_served() -> None:
    """Before the first piece."""
    engine = ScriptedEngine(endless, delay_s=30)
    with running(make_app(engine)) as url:
        with pytest.raises(httpx.ReadTimeout):
            HTTP.post(f"{url}/v1/chat/completions", json=body(stream=True), timeout=0.2)
        wait_for(lambda: engine.running == 0)
        wait_for(lambda: 'path="/v1/chat/completions",status="499"' in HTTP.get(f"{url}/metrics").text)


@pytest.mark.parametrize("stream", [False, True])
def test_engine_that_breaks_is_a_500(stream: bool) -> None:
    """And the server goes on."""
    engine = ScriptedEngine(lambda generation: "Good day.", fails_after=0)
    with running(make_app(engine)) as url:
        status, _, message = refusal(post(url, stream=stream))
        assert (status, "ValueError" in message) == (500, True)
        engine.fails_after = 1
        assert (events(post(url, stream=True).text)[-1])["error"]["type"] == "server_error"
        engine.fails_after = None
        assert post(url, stream=stream).status_code == 200


def test_many_clients_get_their_own_answers() -> None:
    """64 at once, some of which leave."""
    engine = ScriptedEngine(lambda generation: generation.prompt.split("echo ")[1][:12] * 20, delay_s=0.001)

    async def ask(client: httpx.AsyncClient, url: str, number: int) -> None:
        word = f"w{number:05}"
        fields: dict[str, Any] = {"messages": [{"role": "user", "content": f"echo {word * 2}"}], "tools": []}
        if number % 4 == 0:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(url, json=body(**fields), timeout=httpx.Timeout(10, read=0.02))
        elif number % 4 == 1:
            answer = await client.post(url, json=body(stream=True, **fields))
            deltas = [chunk["choices"][0]["delta"] for chunk in events(answer.text)[:-1]]
            assert "".join(delta.get("content") or "" for delta in deltas) == word * 40
        else:
            answer = await client.post(url, json=body(**fields))
            assert answer.json()["choices"][0]["message"]["content"] == word * 40

    async def ask_all(url: str) -> None:
        async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=64)) as client:
            await asyncio.gather(*(ask(client, f"{url}/v1/chat/completions", number) for number in range(64)))

    with running(make_app(engine)) as url:
        asyncio.run(ask_all(url))
        wait_for(lambda: engine.running == 0)
