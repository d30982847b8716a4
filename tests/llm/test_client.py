"""The one client over real HTTP: nothing is paid twice, everything that can heal is tried again, no key leaks."""

import asyncio
import contextlib
import json
import logging
import socket
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from llm import connection, sender
from llm.client import open_client
from llm.journal import Journal
from schemas.answer import Answer, Message, Request
from schemas.errors import BudgetSpentError, RequestRefusedError, TerminalError, TransientError, UnreachableError
from schemas.settings import EndpointSettings, EvaluateSettings, TeacherSettings
from tests.http_server import HttpReply
from tests.llm.scripted import (
    KEY,
    Opened,
    completion,
    failure,
    lines_of,
    make_answer,
    make_endpoint_settings,
    make_request,
    make_settings,
    opened,
)


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", 0.001)


def run(test: Callable[[Opened], Awaitable[None]], *steps: Any, **settings: Any) -> None:
    """Run a test against a scripted endpoint."""

    async def body() -> None:
        async with opened(*steps, **settings) as parts:
            await asyncio.wait_for(test(parts), 20)

    asyncio.run(body())


def test_an_answer_holds_what_came_and_what_it_took() -> None:
    async def body(parts: Opened) -> None:
        request = make_request()
        answer = await parts.client.answer(request, draw=2)
        assert Answer.model_validate(answer.model_dump()) == answer
        assert answer.answer_id == request.answer_id(2)
        assert (answer.text, answer.served_model, answer.finish_reason) == ("hello", "served-model", "stop")
        assert (answer.prompt_tokens, answer.completion_tokens, answer.attempts) == (100, 50, 1)
        assert answer.cost_usd == pytest.approx(0.0007)
        assert answer.latency_ms > 0
        assert '"served-model"' in answer.raw
        stats = parts.client.stats
        assert (stats.requests_sent, stats.new.answers, stats.cost_usd) == (1, 1, answer.cost_usd)

    run(body, completion(), price_in=2.0, price_out=10.0)


def test_draws_differ_in_their_seed_and_a_draw_keeps_its_own() -> None:
    async def body(parts: Opened) -> None:
        request = make_request()
        for draw in range(3):
            await parts.client.answer(request, draw)
        seeds = [sent["seed"] for sent in parts.endpoint.bodies]
        assert seeds == [request.seed(draw) for draw in range(3)]
        assert len(set(seeds)) == 3

    run(body, completion())


def test_what_is_known_is_never_asked_again() -> None:
    async def body(parts: Opened) -> None:
        client = parts.client
        client.remember([make_answer(1)])
        assert await client.answer(make_request("1")) == make_answer(1)
        first = await client.answer(make_request("2"))
        assert await client.answer(make_request("2")) is first
        assert len(parts.endpoint.bodies) == 1
        assert client.stats.reused.answers == 2
        assert client.take_unloaded() == [first]
        assert client.take_unloaded() == []
        client.put_back([first])
        assert client.take_unloaded() == [first], "what could not be committed comes with the next commit"

    run(body, completion())


def test_an_answer_is_in_the_journal_before_it_is_seen(tmp_path: Path) -> None:
    async def body() -> None:
        with Journal(tmp_path) as journal:
            async with opened(completion(), journal=journal) as parts:
                answer = await parts.client.answer(make_request())
                [line] = lines_of(tmp_path)
                assert answer.answer_id in line
                assert '"job_id":"job","run_id":"run"' in line
                journal.mark_loaded(parts.client.take_unloaded())
                assert lines_of(tmp_path) == []

    asyncio.run(body())


def test_equal_calls_at_once_are_one_call() -> None:
    async def body(parts: Opened) -> None:
        answers = await asyncio.gather(*(parts.client.answer(make_request()) for _ in range(10)))
        assert len(parts.endpoint.bodies) == 1
        assert len({id(answer) for answer in answers}) == 1
        assert parts.client.stats.joined == 9
        assert len(parts.client.take_unloaded()) == 1

    run(body, completion(delay_s=0.02))


def test_a_cancelled_first_caller_does_not_take_the_others_down() -> None:
    async def body(parts: Opened) -> None:
        first = asyncio.create_task(parts.client.answer(make_request()))
        second = asyncio.create_task(parts.client.answer(make_request()))
        await parts.endpoint.has_been_asked.wait()
        first.cancel()
        assert (await second).text == "hello"
        assert first.cancelled()
        assert len(parts.endpoint.bodies) == 1

    run(body, completion(delay_s=0.02))


def test_a_sent_call_is_paid_for_and_kept_although_its_caller_left() -> None:
    async def body(parts: Opened) -> None:
        caller = asyncio.create_task(parts.client.answer(make_request()))
        await parts.endpoint.has_been_asked.wait()
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        assert (await parts.client.answer(make_request())).text == "hello"
        assert len(parts.endpoint.bodies) == 1

    run(body, completion(delay_s=0.02))


def test_a_call_that_nobody_waits_for_is_not_sent() -> None:
    async def body(parts: Opened) -> None:
        first = asyncio.create_task(parts.client.answer(make_request("1")))
        second = asyncio.create_task(parts.client.answer(make_request("2")))
        await parts.endpoint.has_been_asked.wait()
        second.cancel()
        await first
        await parts.client.answer(make_request("3"))
        assert [sent["messages"][0]["content"] for sent in parts.endpoint.bodies] == ["1", "3"]
        assert (await parts.client.answer(make_request("2"))).text == "hello"

    run(body, completion(delay_s=0.01), concurrency=1)


BROKEN = {
    "429 with Retry-After": ("rate_limited", failure(429, headers={"retry-after": "0.01"})),
    "500": ("server_error", failure(500)),
    "503 with Retry-After": ("server_error", failure(503, headers={"retry-after-ms": "5"})),
    "408": ("timeout", failure(408)),
    "409": ("server_error", failure(409)),
    "HTML": ("broken_reply", HttpReply(200, b"<html>hello</html>")),
    "cut-off JSON": ("broken_reply", HttpReply(200, completion().body[:40])),
    "hung up": ("connection", HttpReply(200, completion().body, is_hung_up=True)),
    "no choices": ("broken_reply", HttpReply(200, b'{"choices": []}')),
    "null": ("broken_reply", completion(None)),
    "time-out": ("timeout", completion(delay_s=60)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_may_heal_is_tried_again(name: str) -> None:
    cause, reply = BROKEN[name]

    async def body(parts: Opened) -> None:
        answer = await parts.client.answer(make_request())
        assert (answer.text, answer.attempts) == ("hello", 3)
        assert parts.client.stats.retries == {cause: 2}
        assert len(parts.client.take_unloaded()) == 1

    run(body, reply, reply, completion(), timeout_s=0.1 if name == "time-out" else 5)


def test_after_the_last_attempt_it_says_what_came_and_what_to_do() -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(
            TransientError, match=r"after 3 attempts.*answered 500 \(boom\).*run the same command again"
        ):
            await parts.client.answer(make_request())
        assert len(parts.endpoint.bodies) == 3
        assert parts.client.take_unloaded() == []

    run(body, failure(500, "boom"), max_attempts=3)


def test_a_failed_call_can_be_asked_again() -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(TransientError):
            await parts.client.answer(make_request())
        assert (await parts.client.answer(make_request())).text == "hello"

    run(body, failure(500), failure(500), completion(), max_attempts=2)


def test_an_endpoint_that_is_down_is_transient_and_shrinks_the_concurrency() -> None:
    async def body() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings = make_settings(base_url=f"http://127.0.0.1:{free.getsockname()[1]}/v1", max_attempts=2)
            async with open_client(settings, None, job_id="job", run_id="run") as client:
                with pytest.raises(
                    UnreachableError, match=r"after 2 attempts.*no connection.*See whether the endpoint is up"
                ):
                    await client.answer(make_request())
                assert client.stats.concurrency == 8
                assert client.stats.retries == {"connection": 2}

    asyncio.run(body())


def test_an_address_that_takes_no_connection_in_time_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CONNECT_SECONDS", 0.1)

    async def body() -> None:
        with socket.socket() as deaf, contextlib.ExitStack() as queue:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            for _ in range(4):  # the queue of those who wait to be let in is full
                waiting = queue.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(deaf.getsockname())
            settings = make_settings(base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}/v1", max_attempts=1)
            async with open_client(settings, None, job_id="job", run_id="run") as client:
                with pytest.raises(UnreachableError, match="no connection in time"):
                    await client.answer(make_request())

    asyncio.run(body())


@pytest.mark.parametrize("reply", [failure(503), HttpReply(200, b"", is_hung_up=True), completion(delay_s=60)])
def test_an_endpoint_that_is_there_and_fails_is_not_unreachable(reply: HttpReply) -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(TransientError) as caught:
            await parts.client.answer(make_request())
        assert not isinstance(caught.value, UnreachableError)

    run(body, reply, max_attempts=1, timeout_s=0.2)


def test_a_429_pauses_everybody() -> None:
    arrivals: list[float] = []

    def refuse(_: dict[str, Any]) -> HttpReply:
        arrivals.append(time.monotonic())
        return failure(429, headers={"retry-after": "0.2"})

    def answer(_: dict[str, Any]) -> HttpReply:
        arrivals.append(time.monotonic())
        return completion()

    async def body(parts: Opened) -> None:
        await asyncio.gather(*(parts.client.answer(make_request(str(n))) for n in range(4)))
        assert all(later - arrivals[0] >= 0.19 for later in arrivals[1:])

    run(body, refuse, answer, concurrency=1)


def test_a_pause_of_an_hour_ends_the_step_instead_of_freezing_it() -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(TransientError, match=r"asks to wait 3600 s, expected at most 300"):
            await parts.client.answer(make_request())

    run(body, failure(429, headers={"retry-after": "3600"}))


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (failure(401), TerminalError, "set CALLMILL_TEACHER_API_KEY"),
        (failure(404), TerminalError, "no model 'test-model'"),
        (failure(429, code="insufficient_quota"), TerminalError, "no credit"),
        (failure(400), RequestRefusedError, "others go on"),
        (completion("half", finish_reason="content_filter"), RequestRefusedError, "content filter"),
        (completion(None, refusal="I won't"), RequestRefusedError, "I won't"),
    ],
)
def test_what_cannot_heal_is_tried_once(reply: HttpReply, kind: type[Exception], words: str) -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(kind, match=words):
            await parts.client.answer(make_request())
        assert len(parts.endpoint.bodies) == 1
        assert parts.client.take_unloaded() == []

    run(body, reply)


def test_those_in_line_do_not_try_a_refused_key_one_by_one() -> None:
    async def body(parts: Opened) -> None:
        calls = [parts.client.answer(make_request(str(n))) for n in range(20)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, TerminalError) for result in results)
        assert len(parts.endpoint.bodies) == 1

    run(body, failure(401), concurrency=1)


def test_a_refused_request_does_not_stop_the_others() -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(RequestRefusedError):
            await parts.client.answer(make_request("1"))
        assert (await parts.client.answer(make_request("2"))).text == "hello"

    run(body, failure(400, "too long"), completion())


@pytest.mark.parametrize(
    "reply",
    [
        failure(401, f"Incorrect API key provided: {KEY}"),
        failure(400, f"Bearer {KEY}", code=KEY, param=KEY),
        failure(400, f"response_format is bad, {KEY}"),
        failure(500, f"{'x' * 290}{KEY}"),
        HttpReply(500, f"<html>{KEY}</html>".encode()),
        HttpReply(200, f"<html>{KEY}</html>".encode()),
        completion(None, refusal=f"not with {KEY}"),
    ],
)
def test_the_key_is_in_no_error_and_no_log(reply: HttpReply, caplog: pytest.LogCaptureFixture) -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises((TransientError, TerminalError)) as caught:
            await parts.client.answer(make_request(answer_schema={"type": "object"}))
        assert KEY[:12] not in "".join(traceback.format_exception(caught.value))
        assert KEY[:12] not in repr(caught.value)

    with caplog.at_level(logging.DEBUG):
        run(body, reply, max_attempts=2)
    assert KEY[:12] not in caplog.text


def test_the_key_is_in_no_stored_answer() -> None:
    async def body(parts: Opened) -> None:
        answer = await parts.client.answer(make_request())
        assert answer.text == "your key is ***"
        assert KEY not in answer.model_dump_json()

    run(body, completion(f"your key is {KEY}"))


def test_nothing_of_openai_s_own_environment_leaks_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL", "CUSTOM_HEADERS", "WEBHOOK_SECRET"):
        value = "authorization: Bearer sk-ambient\nx-ambient: sk-ambient" if name == "CUSTOM_HEADERS" else "sk-ambient"
        monkeypatch.setenv(f"OPENAI_{name}", value)

    async def body(parts: Opened) -> None:
        await parts.client.answer(make_request())
        [headers] = parts.endpoint.headers
        assert headers["authorization"] == f"Bearer {KEY}"
        assert "sk-ambient" not in str(headers)
        assert not [name for name in headers if "organization" in name or "project" in name]

    run(body, completion())


def test_an_empty_key_is_sent_as_none() -> None:
    async def body(parts: Opened) -> None:
        await parts.client.answer(make_request())
        assert parts.endpoint.headers[0]["authorization"] == "Bearer none"

    run(body, completion(), api_key=SecretStr(""))


def test_structured_output_is_switched_off_once_for_the_whole_run(caplog: pytest.LogCaptureFixture) -> None:
    def refuse_schema(sent: dict[str, Any]) -> HttpReply:
        return failure(400, "response_format json_schema is unknown") if "response_format" in sent else completion()

    async def body(parts: Opened) -> None:
        requests = [make_request(str(n), answer_schema={"type": "object"}) for n in range(20)]
        answers = await asyncio.gather(*(parts.client.answer(request) for request in requests))
        assert [answer.attempts for answer in answers] == [1] * 20
        before = len(parts.endpoint.bodies)
        await parts.client.answer(make_request("last", answer_schema={"type": "object"}))
        assert len(parts.endpoint.bodies) == before + 1

    with caplog.at_level(logging.WARNING):
        run(body, refuse_schema)
    assert caplog.text.count("from now on response_format is left out") == 1


def test_structured_output_can_be_switched_off() -> None:
    async def body(parts: Opened) -> None:
        await parts.client.answer(make_request(answer_schema={"type": "object"}))
        assert "response_format" not in parts.endpoint.bodies[0]

    run(body, completion(), structured_output=False)


def test_an_endpoint_that_knows_almost_nothing_is_found_out_step_by_step() -> None:
    def refuse(sent: dict[str, Any]) -> HttpReply:
        for field in ("response_format", "seed", "temperature"):
            if field in sent:
                return failure(400, f"unsupported parameter {field}")
        return failure(400, "use max_completion_tokens") if "max_tokens" in sent else completion()

    async def body(parts: Opened) -> None:
        answer = await parts.client.answer(make_request(answer_schema={"type": "object"}))
        assert (answer.text, answer.attempts, len(parts.endpoint.bodies)) == ("hello", 1, 5)
        assert parts.client.left_out == ("response_format", "seed", "temperature")

    run(body, refuse)


TOOL = {"type": "function", "function": {"name": "get_rain", "parameters": {"type": "object", "properties": {}}}}


def make_question(text: str = "Rain?", **fields: Any) -> Request:
    """What an evaluation asks."""
    known: dict[str, Any] = {
        "tools": (TOOL,), "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.1, "max_tokens": None,
        "context": "bfcl", "may_be_empty": True,
    }  # fmt: skip
    return make_request(text, **{**known, **fields})


def test_a_model_under_test_is_asked_with_tools_and_may_answer_with_calls_alone() -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "get_rain", "arguments": "{}"}}]

    async def body(parts: Opened) -> None:
        request = make_question()
        answer = await parts.client.answer(request)
        assert Answer.model_validate(answer.model_dump()) == answer
        assert (answer.text, answer.finish_reason, answer.attempts) == ("", "tool_calls", 1)
        assert json.loads(answer.raw)["choices"][0]["message"]["tool_calls"] == calls
        assert parts.endpoint.bodies == [
            {
                "model": "test-model", "messages": [{"role": "user", "content": "Rain?"}], "temperature": 0.9,
                "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.1, "seed": request.seed(0), "tools": [TOOL],
            }
        ]  # fmt: skip
        assert parts.client.left_out == ()

    run(body, completion(None, finish_reason="tool_calls", tool_calls=calls), kind=EvaluateSettings)


@pytest.mark.parametrize(
    ("reply", "text"),
    [(completion(None), ""), (completion(""), ""), (completion(None, refusal="I won't"), "I won't"),
     (completion(None, tool_calls="get_rain()"), "")],
)  # fmt: skip
def test_what_a_model_under_test_does_not_say_is_an_answer(reply: HttpReply, text: str) -> None:
    async def body(parts: Opened) -> None:
        answer = await parts.client.answer(make_question())
        assert (answer.text, answer.attempts) == (text, 1)
        assert parts.client.take_unloaded() == [answer]

    run(body, reply, kind=EvaluateSettings)


@pytest.mark.parametrize("name", ["repetition_penalty", "seed", "temperature", "top_k", "top_p"])
@pytest.mark.parametrize("status", [400, 422])
def test_a_feature_that_is_refused_once_is_left_out_and_named(name: str, status: int) -> None:
    def refuse(sent: dict[str, Any]) -> HttpReply:
        if name not in sent:
            return completion()
        detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]
        return (
            failure(400, f"Unrecognized request argument supplied: {name}")
            if status == 400
            else HttpReply(422, json.dumps({"detail": detail}).encode())
        )

    async def body(parts: Opened) -> None:
        await parts.client.answer(make_question("1"))
        refused, passed = parts.endpoint.bodies
        assert refused.keys() - passed.keys() == {name}
        await asyncio.gather(*(parts.client.answer(make_question(str(n))) for n in range(2, 8)))
        assert len(parts.endpoint.bodies) == 8
        assert parts.client.left_out == (name,)

    run(body, refuse, kind=EvaluateSettings)


def test_a_whole_conversation_with_calls_goes_over_the_wire() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "get_rain", "arguments": "{}"}}
    messages = (
        Message(role="user", content="Rain?"),
        Message(role="assistant", content=None, tool_calls=(call,)),
        Message(role="tool", content="yes", tool_call_id="c1"),
    )

    async def body(parts: Opened) -> None:
        request = Request(prompt="bfcl", model="test-model", messages=messages, temperature=0, max_tokens=9)
        await parts.client.answer(request)
        assert parts.endpoint.bodies[0]["messages"] == json.loads(request.messages_json())
        assert parts.endpoint.bodies[0]["messages"][1] == {"role": "assistant", "content": None, "tool_calls": [call]}

    run(body, completion(), kind=EvaluateSettings)


def test_a_budget_needs_a_limit_on_answers() -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(TerminalError, match=r"budget of \$1 cannot be kept.*set CALLMILL_EVALUATE_MAX_TOKENS"):
            await parts.client.answer(make_question())
        assert (await parts.client.answer(make_question(max_tokens=50))).text == "hello"
        assert len(parts.endpoint.bodies) == 1

    run(body, completion(), kind=EvaluateSettings, price_in=2.0, price_out=10.0, budget_usd=1.0)


def test_without_a_limit_on_answers_their_tokens_are_guessed() -> None:
    async def body(parts: Opened) -> None:
        await asyncio.gather(*(parts.client.answer(make_question(str(n))) for n in range(10)))
        assert len(parts.endpoint.bodies) == 10

    run(body, completion(), kind=EvaluateSettings, tokens_per_minute=6_000_000)


def test_never_more_at_once_than_set() -> None:
    now, most = 0, 0

    async def answer(_: dict[str, Any]) -> HttpReply:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.005)
        now -= 1
        return completion()

    async def body(parts: Opened) -> None:
        await asyncio.gather(*(parts.client.answer(make_request(str(n))) for n in range(40)))
        assert most == 8

    run(body, answer, concurrency=8, min_concurrency=8)


def test_limits_per_minute_let_everything_through_in_the_end() -> None:
    async def body(parts: Opened) -> None:
        await asyncio.gather(*(parts.client.answer(make_request(str(n))) for n in range(10)))
        assert len(parts.endpoint.bodies) == 10

    run(body, completion(), requests_per_minute=60_000, tokens_per_minute=6_000_000)


def test_the_budget_stops_before_it_is_exceeded() -> None:
    async def body(parts: Opened) -> None:
        calls = [parts.client.answer(make_request(str(n))) for n in range(40)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        answers = [result for result in results if isinstance(result, Answer)]
        assert 5 <= len(answers) < 40
        assert all(isinstance(result, Answer | BudgetSpentError) for result in results)
        assert len(parts.endpoint.bodies) == len(answers)
        cost = parts.client.stats.cost_usd
        assert cost is not None
        assert 0.003 + cost <= 0.01

    run(body, completion(), price_in=2.0, price_out=10.0, budget_usd=0.01, spent_usd=0.003)


def test_replies_that_were_paid_for_and_lost_count_against_the_budget() -> None:
    async def body(parts: Opened) -> None:
        with pytest.raises(BudgetSpentError):
            await parts.client.answer(make_request())
        assert 1 <= len(parts.endpoint.bodies) < 8

    run(body, HttpReply(200, b"<html>"), price_in=2.0, price_out=10.0, budget_usd=0.004)


@pytest.mark.parametrize(
    ("settings", "budget_usd", "words"),
    [
        ({"base_url": "http://127.0.0.1:9/v1"}, 5.0, "cannot be kept without prices; set CALLMILL_TEACHER_PRICE_IN"),
        ({"base_url": "http://127.0.0.1:9/v1", "model": None}, None, "set CALLMILL_TEACHER_MODEL"),
        ({"base_url": "localhost:9"}, None, "not a web address"),
        ({"base_url": "http://ada:sk-secret@127.0.0.1/v1"}, None, "names a user or password for 127.0.0.1"),
        ({"base_url": "http://127.0.0.1:9/v1", "api_key": SecretStr("sk-secret\u2026key")}, None, "copy the key again"),
    ],
)
def test_settings_that_cannot_work_are_said_at_once(
    settings: dict[str, Any], budget_usd: float | None, words: str
) -> None:
    async def body(kind: type[EndpointSettings]) -> None:
        asked = make_endpoint_settings(kind, **settings)
        async with open_client(asked, None, job_id="job", run_id="run", budget_usd=budget_usd):
            raise AssertionError("opened")

    for kind, name in ((TeacherSettings, "TEACHER"), (EvaluateSettings, "EVALUATE")):
        with pytest.raises(TerminalError, match=words.replace("TEACHER", name)) as caught:
            asyncio.run(body(kind))
        assert "sk-secret" not in str(caught.value)


def test_without_an_address_nothing_stands_in_for_a_model_under_test() -> None:
    async def body() -> None:
        settings = make_endpoint_settings(EvaluateSettings)
        async with open_client(settings, None, job_id="job", run_id="run"):
            raise AssertionError("opened")

    with pytest.raises(TerminalError, match=r"No address is given; set CALLMILL_EVALUATE_BASE_URL\."):
        asyncio.run(body())


def test_leaving_ends_the_calls_under_way() -> None:
    async def body() -> None:
        async with opened(completion(delay_s=60), timeout_s=60) as parts:
            task = asyncio.create_task(parts.client.answer(make_request()))
            await parts.endpoint.has_been_asked.wait()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)

    asyncio.run(body())
