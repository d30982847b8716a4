"""The relay as the harness sees it: through the real `openai` client, on both of its endpoints."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest

import eval.official.relay as relay_module
from eval.official.relay import Ask, Relay, RelayReply, RelayRequest, open_relay
from eval.official.responses import read_responses_input
from schemas.errors import BudgetSpentError

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
CALL: dict[str, Any] = {"id": "call_0", "type": "function", "function": {"name": "add", "arguments": '{"a": 1'}}
HELLO: list[Any] = [{"role": "user", "content": "hello"}]

Talk = Callable[[openai.AsyncOpenAI, Relay], Awaitable[None]]


def talk(ask: Ask, body: Talk, key: str | None = None) -> Relay:
    """Open a relay and talk to it through a client that retries as the harness's does."""

    async def run() -> Relay:
        async with open_relay(ask) as relay:
            async with openai.AsyncOpenAI(base_url=relay.url, api_key=key or relay.key) as client:
                await asyncio.wait_for(body(client, relay), 20)
            return relay

    return asyncio.run(run())


def always(reply: RelayReply, seen: list[RelayRequest] | None = None) -> Ask:
    async def ask(request: RelayRequest) -> RelayReply:
        if seen is not None:
            seen.append(request)
        return reply

    return ask


def test_a_chat_request_and_its_calls_pass_unchanged() -> None:
    seen: list[RelayRequest] = []

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        tools: list[Any] = [TOOL]
        made = await client.chat.completions.create(
            model="openbmb/any", messages=HELLO, tools=tools, temperature=0.001, store=False
        )
        calls = made.choices[0].message.tool_calls
        assert calls is not None
        # Even arguments that are no JSON.
        assert [call.model_dump() for call in calls] == [CALL]
        assert made.choices[0].finish_reason == "tool_calls"
        assert made.usage is not None
        assert (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.total_tokens) == (5, 2, 7)

    reply = RelayReply({"role": "assistant", "tool_calls": [CALL]}, "tool_calls", 5, 2)
    relay = talk(always(reply, seen), body)
    assert seen == [RelayRequest(tuple(HELLO), (TOOL,))]
    assert (relay.answers, relay.errors) == (1, 0)


def test_a_responses_request_becomes_chat_and_back() -> None:
    seen: list[RelayRequest] = []

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        first: list[Any] = [{"role": "developer", "content": "be brief"}, *HELLO]
        made = await client.responses.create(model="gpt-4o", input=first, store=False, temperature=0.001)
        assert made.output_text == "[add(a=1)]"
        assert made.usage is not None
        assert (made.usage.input_tokens, made.usage.output_tokens) == (5, 2)
        # Several turns: the harness sends our output back as it got it.
        again: list[Any] = [*first, *made.output, {"role": "user", "content": "more"}]
        await client.responses.create(model="gpt-4o", input=again, store=False)

    reply = RelayReply({"role": "assistant", "content": "[add(a=1)]"}, "stop", 5, 2)
    talk(always(reply, seen), body)
    system = {"role": "system", "content": "be brief"}
    assert seen[0] == RelayRequest((system, *HELLO), ())
    answer = {"role": "assistant", "content": "[add(a=1)]"}
    assert seen[1].messages == (system, *HELLO, answer, {"role": "user", "content": "more"})


@pytest.mark.parametrize("content", [None, ""])
def test_an_answer_without_words_is_an_empty_text(content: str | None) -> None:
    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        assert (await client.responses.create(model="any", input="hello")).output_text == ""

    talk(always(RelayReply({"role": "assistant", "content": content})), body)


def test_an_error_comes_at_once_and_is_counted() -> None:
    """The harness's client would retry 429 and 5xx, and ours has done that already."""
    seen: list[RelayRequest] = []

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        with pytest.raises(openai.BadRequestError, match="overloaded"):
            await client.chat.completions.create(model="any", messages=HELLO)
        with pytest.raises(openai.BadRequestError, match="overloaded"):
            await client.responses.create(model="any", input="hello")

    relay = talk(always(RelayReply(error="overloaded", status=503), seen), body)
    assert (len(seen), relay.answers, relay.errors) == (2, 0, 2)
    assert not relay.failure.done()


def test_what_the_caller_raises_is_kept_and_nobody_is_asked_again() -> None:
    asked = 0

    async def ask(request: RelayRequest) -> RelayReply:
        nonlocal asked
        asked += 1
        raise BudgetSpentError("nothing left")

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        for _ in range(3):
            with pytest.raises(openai.BadRequestError, match="nothing left"):
                await client.chat.completions.create(model="any", messages=HELLO)

    relay = talk(ask, body)
    assert asked == 1
    assert isinstance(relay.failure.result(), BudgetSpentError)


def test_a_wrong_key_is_refused() -> None:
    seen: list[RelayRequest] = []

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        with pytest.raises(openai.AuthenticationError, match="wrong key"):
            await client.chat.completions.create(model="any", messages=HELLO)

    talk(always(RelayReply({"content": "x"}), seen), body, key="guessed")
    assert seen == []


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "1"},
        {"role": "user", "content": [{"type": "input_image", "image_url": "x"}]},
        {"role": "user"},
        "hello",
    ],
)
def test_a_responses_request_that_is_no_text_is_refused(item: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_responses_input([item])

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        with pytest.raises(openai.BadRequestError, match="expected"):
            await client.responses.create(model="any", input=[item])

    assert talk(always(RelayReply({"content": "x"})), body).errors == 1


@pytest.mark.parametrize("is_error", [False, True])
def test_a_slow_answer_outlasts_the_clients_patience(monkeypatch: pytest.MonkeyPatch, is_error: bool) -> None:
    monkeypatch.setattr(relay_module, "_KEEPALIVE_S", 0.05)
    asked = 0

    async def ask(request: RelayRequest) -> RelayReply:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.6)
        return RelayReply(error="broke") if is_error else RelayReply({"role": "assistant", "content": "late"})

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        made = await client.with_options(timeout=0.3).chat.completions.create(model="any", messages=HELLO)
        # Without choices the harness notes an inference error.
        assert (made.choices is None) if is_error else (made.choices[0].message.content == "late")

    talk(ask, body)
    assert asked == 1


def test_half_a_character_is_replaced() -> None:
    """The harness could not write it to its files."""

    async def body(client: openai.AsyncOpenAI, relay: Relay) -> None:
        made = await client.chat.completions.create(model="any", messages=HELLO)
        assert made.choices[0].message.content == "?!"

    talk(always(RelayReply({"role": "assistant", "content": "\ud83d!"})), body)


def test_closing_gives_up_what_is_under_way() -> None:
    cancelled = asyncio.Event()

    async def ask(request: RelayRequest) -> RelayReply:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with open_relay(ask) as relay:
                client = await stack.enter_async_context(openai.AsyncOpenAI(base_url=relay.url, api_key=relay.key))
                asking = asyncio.create_task(client.chat.completions.create(model="any", messages=HELLO))
                await asyncio.sleep(0.3)
            assert cancelled.is_set()
            with pytest.raises(openai.APIError):
                await asking

    asyncio.run(asyncio.wait_for(run(), 15))
