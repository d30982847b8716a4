"""What makes a question the same question: stored answers are found by it, so it never changes."""

import json
from typing import Any

import pytest

from schemas.answer import Message, Request

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def make_request(**fields: Any) -> Request:
    known: dict[str, Any] = {
        "prompt": "test.v1",
        "model": "test-model",
        "temperature": 0.9,
        "max_tokens": 100,
        "messages": (Message(role="user", content="hello"),),
    }
    return Request(**{**known, **fields})


def test_plain_requests_keep_the_ids_that_answers_are_stored_under() -> None:
    """Computed on 2026-11-21, before requests had tools."""
    request = make_request()
    assert (request.request_id, request.answer_id(0)) == ("e0855aa590be4578d738", "8e8a6a478bd1accd9ceb")
    assert request.seed(0) == 149464740
    messages = (
        Message(role="system", content="You write."),
        Message(role="user", content='北京 "x"'),
        Message(role="assistant", content=""),
    )
    longer = make_request(
        model="qwen-max", temperature=0.7, max_tokens=2048, messages=messages,
        answer_schema={"type": "object", "b": 1, "a": [1]}, answer_schema_name="A",
    )  # fmt: skip
    assert (longer.request_id, longer.answer_id(3)) == ("4ca7d164a61b85f80198", "c822b2ddf81dce6baf0c")
    assert longer.messages_json() == (
        '[{"content":"You write.","role":"system"},{"content":"北京 \\"x\\"","role":"user"},'
        '{"content":"","role":"assistant"}]'
    )


CHANGES: list[dict[str, Any]] = [
    {},
    {"tools": (TOOL,)},
    {"tools": (TOOL, TOOL)},
    {"top_p": 0.0},
    {"top_p": 0.8},
    {"top_k": 0},
    {"top_k": 20},
    {"repetition_penalty": 1.1},
    {"max_tokens": None},
    {"context": "bfcl"},
    {"context": ""},
    {"messages": (Message(role="user", content=None),)},
    {"messages": (Message(role="assistant", content=None, tool_calls=(CALL,)),)},
    {"messages": (Message(role="assistant", content=None, tool_calls=()),)},
    {"messages": (Message(role="assistant", content=None),)},
    {"messages": (Message(role="tool", content="hello", tool_call_id="c1"),)},
    {"messages": (Message(role="tool", content="hello", tool_call_id="c2"),)},
    {"messages": (Message(role="tool", content="hello"),)},
    {"messages": (Message(role="developer", content="hello"),)},
]


def test_whatever_the_endpoint_sees_and_the_context_make_another_question() -> None:
    ids = [make_request(**change).request_id for change in CHANGES]
    assert len(set(ids)) == len(CHANGES)


@pytest.mark.parametrize("change", [{"may_be_empty": True}, {"prompt": "other.v2"}, {"answer_schema_name": "A"}])
def test_what_the_endpoint_does_not_see_does_not(change: dict[str, Any]) -> None:
    assert make_request(**change).request_id == make_request().request_id


def test_stored_messages_hold_calls() -> None:
    messages = (
        Message(role="assistant", content=None, tool_calls=(CALL,)),
        Message(role="tool", content="done", tool_call_id="c1"),
    )
    assert json.loads(make_request(messages=messages).messages_json()) == [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "done", "tool_call_id": "c1"},
    ]
