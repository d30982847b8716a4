"""From text to record: what models really write around JSON, one repair, and a reason where nothing helps."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.ask import Asked, Problem, ask, find_object, make_request, read_answer, repair_request
from prompts.render import Rendered
from schemas.answer import Request
from schemas.sample import Call, WrittenPair, WrittenQuery
from schemas.verdict import RefusalJudgement
from tests.llm.scripted import Opened, completion, failure, make_answer, opened

GOOD = '{"query": "Hello"}'


def question(text: str = "say hello") -> Request:
    rendered = Rendered("test.v1", [("system", "Answer in JSON."), ("user", text)])
    return make_request(rendered, model="test-model", temperature=0.9, max_tokens=100, answer_model=WrittenQuery)


def test_a_request_carries_the_schema_of_its_answer() -> None:
    request = question()
    assert request.answer_schema_name == "WrittenQuery"
    assert request.answer_schema == WrittenQuery.model_json_schema()
    assert [message.role for message in request.messages] == ["system", "user"]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"Here is what you asked for:\n\n{GOOD}",
        f"{GOOD}\n\nI hope this helps!",
        f'<think>maybe {{"query": "no"}} or {{"query": </think>\n{GOOD}',
        f"Use {{placeholder}} like this: {GOOD}",
    ],
)
def test_the_one_object_is_found(text: str) -> None:
    assert find_object(text) == GOOD


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("I cannot do that.", "no JSON objects"),
        ("[1, 2]", "no JSON objects"),
        ("{'query': 'Hello'}", "no JSON objects"),
        (f"{GOOD} {GOOD}", "2 JSON objects"),
        ('{"query": "Hel', "cannot be read"),
        ('{"query": "Hello",}', "cannot be read"),
        ('{"a": [{"name": "inner"}], "b": }', "cannot be read"),
        ('{"query": NaN}', "NaN is not JSON"),
        ('{"query": -Infinity}', "-Infinity is not JSON"),
        ('{"query": 1e999}', "too large"),
        ('{"query": ' + "[" * 100_000, "cannot be read"),
        ('{"query": ' + "9" * 5000 + "}", "cannot be read"),
    ],
)
def test_anything_else_is_not_json(text: str, detail: str) -> None:
    problem = find_object(text)
    assert isinstance(problem, Problem)
    assert problem.reason == "not_json"
    assert detail in problem.detail


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    query=st.text(min_size=1),
    arguments=st.dictionaries(st.text(), JSON_VALUES, max_size=4),
    frame=st.sampled_from(["{}", "```json\n{}\n```", "Sure, here it is:\n{}"]),
    is_ascii=st.booleans(),
)
def test_a_record_survives_being_written_and_read(
    query: str, arguments: dict[str, Any], frame: str, is_ascii: bool
) -> None:
    pair = WrittenPair(query=query, calls=[Call(name="f", arguments=arguments)])
    text = json.dumps(pair.model_dump(), ensure_ascii=is_ascii)
    assert read_answer(make_answer(text=frame.replace("{}", text)), WrittenPair) == pair


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert isinstance(read_answer(make_answer(text=text), WrittenPair), WrittenPair | Problem)


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("", "no_answer", "empty"),
        (" \n ", "no_answer", "empty"),
        ("sorry", "not_json", "no JSON objects"),
        ('{"evidence": "x", "any_serves": "false", "is_refusal": true}', "answer_schema", "any_serves"),
        ('{"evidence": "x", "any_serves": 0, "is_refusal": true}', "answer_schema", "any_serves"),
        ('{"evidence": "x", "any_serves": false}', "answer_schema", "is_refusal: Field required"),
        ('{"evidence": "x", "any_serves": false, "is_refusal": true, "n": 1}', "answer_schema", "n: Extra inputs"),
        ('{"evidence": "\\ud83d", "any_serves": false, "is_refusal": true}', "not_json", "Invalid JSON"),
    ],
)
def test_what_does_not_fit_has_a_reason(text: str, reason: str, detail: str) -> None:
    problem = read_answer(make_answer(text=text), RefusalJudgement)
    assert isinstance(problem, Problem)
    assert problem.reason == reason
    assert detail in problem.detail


@pytest.mark.parametrize("text", ["", '{"query": "Hel'])
def test_an_answer_that_ends_at_its_token_limit_is_cut_off(text: str) -> None:
    problem = read_answer(make_answer(text=text, finish_reason="length"), WrittenQuery)
    assert isinstance(problem, Problem)
    assert problem.reason == "cut_off"


def test_a_repair_is_another_request_in_the_same_conversation() -> None:
    request = question()
    assert request.request_id
    repair = repair_request(request, make_answer(text="oops"), Problem("not_json", "no JSON objects found"))
    assert repair.request_id != request.request_id
    assert repair.prompt == "repair.v1"
    assert [message.role for message in repair.messages] == ["system", "user", "assistant", "user"]
    assert repair.messages[2].content == "oops"
    assert "no JSON objects found" in (repair.messages[3].content or "")
    assert repair.answer_schema == request.answer_schema


def run(test: Callable[[Opened, Asked[WrittenQuery]], Awaitable[None]], *steps: Any) -> None:
    """Ask the scripted endpoint for a query, then look at what came of it."""

    async def body() -> None:
        async with opened(*steps) as parts:
            await test(parts, await asyncio.wait_for(ask(parts.client, question(), 1, WrittenQuery), 20))

    asyncio.run(body())


def test_a_good_answer_is_one_call() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        assert asked == Asked(WrittenQuery(query="Hello"), None, None, (question().answer_id(1),))
        assert len(parts.endpoint.bodies) == 1

    run(body, completion(GOOD))


def test_a_bad_answer_is_repaired_once_and_both_are_stored() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        assert asked.value == WrittenQuery(query="Hello")
        assert asked.reason is None
        assert asked.repair_request is not None
        assert asked.answer_ids == (question().answer_id(1), asked.repair_request.answer_id(1))
        assert [answer.answer_id for answer in parts.client.take_unloaded()] == list(asked.answer_ids)
        assert parts.endpoint.bodies[1]["messages"][2] == {"role": "assistant", "content": "oops"}

    run(body, completion("oops"), completion(GOOD))


def test_after_one_repair_there_is_a_reason() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        assert asked.value is None
        assert (asked.reason, asked.detail) == (
            "answer_schema",
            "query: Field required; text: Extra inputs are not permitted",
        )
        assert len(parts.endpoint.bodies) == 2

    run(body, completion("oops"), completion('{"text": "Hello"}'))


def test_an_empty_answer_is_shown_to_the_endpoint_as_an_empty_object() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        assert asked.reason == "no_answer"
        assert parts.endpoint.bodies[1]["messages"][2]["content"] == "{}"

    run(body, completion(""))


def test_a_refused_request_is_a_reason_and_not_an_error() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        assert (asked.value, asked.reason, asked.answer_ids) == (None, "request_refused", ())
        assert "too long" in str(asked.detail)

    run(body, failure(400, "too long"))


def test_a_refused_repair_leaves_the_first_reason() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        assert asked.reason == "not_json"
        assert "too long" in str(asked.detail)
        assert asked.answer_ids == (question().answer_id(1),)

    run(body, completion("oops"), failure(400, "too long"))


def test_the_second_time_nothing_is_paid() -> None:
    async def body(parts: Opened, asked: Asked[WrittenQuery]) -> None:
        stored = parts.client.take_unloaded()
        async with opened(failure(500)) as again:
            again.client.remember(stored)
            assert await ask(again.client, question(), 1, WrittenQuery) == asked
            assert again.endpoint.bodies == []

    run(body, completion("oops"), completion(GOOD))
