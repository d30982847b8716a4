"""What is read out of an answer, before anybody judges it."""

import json
from typing import Any

import pytest

from schemas.answer import Answer
from schemas.evaluation import GivenCall
from tasks.ask_cases import read_given


def answer(message: dict[str, Any]) -> Answer:
    """An answer whose body holds this message."""
    raw = json.dumps({"choices": [{"message": message}]})
    content = message.get("content")
    return Answer(
        answer_id="a", request_id="r", draw=0, prompt="evaluation", model="m", served_model=None,
        text=content if isinstance(content, str) else "", raw=raw, finish_reason="stop", prompt_tokens=1,
        completion_tokens=1, cost_usd=None, latency_ms=1, attempts=1, answered_at="2026-03-01T00:00:00+00:00",
    )  # fmt: skip


def test_calls_are_kept_as_they_came() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1'}}]
    given = read_given(answer({"content": None, "tool_calls": calls}))
    assert given.calls == (GivenCall(name="f", arguments='{"a": 1'),)
    assert given.text is None


def test_words_without_calls_are_words() -> None:
    given = read_given(answer({"content": "No.", "tool_calls": []}))
    assert (given.calls, given.text) == ((), "No.")


@pytest.mark.parametrize(("content", "text"), [(None, None), ("", "")])
def test_no_content_is_not_empty_content(content: str | None, text: str | None) -> None:
    """BFCL's handler cannot read the first, and reads no call out of the second."""
    assert read_given(answer({"content": content})).text == text


def test_half_a_pair_of_utf16_can_be_stored() -> None:
    call = {"function": {"name": "f", "arguments": {"a": "\ud800"}}}
    read_given(answer({"content": None, "tool_calls": [call]})).calls[0].arguments.encode()


@pytest.mark.parametrize("calls", ["f(a=1)", [17], [{"function": None}], [{"function": {"name": 5}}], {"name": "f"}])
def test_what_is_no_call_is_kept_to_be_judged_as_one_that_cannot_be_read(calls: Any) -> None:
    given = read_given(answer({"content": None, "tool_calls": calls}))
    assert len(given.calls) == 1
    assert given.calls[0].arguments.startswith("not a call: ")


def test_arguments_that_came_as_an_object_cannot_be_read_as_bfcl_cannot() -> None:
    calls = [{"function": {"name": "f", "arguments": {"a": 1}}}]
    assert read_given(answer({"content": None, "tool_calls": calls})).calls[0].arguments == 'not text: {"a": 1}'
