"""Whatever an endpoint sends is either a reply, or a fault or an error that says what came."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.replies import ErrorReply, Fault, Reply, read_error, read_pause, read_reply, shorten


def chat(message: Any, finish_reason: str = "stop", **fields: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish_reason}], **fields}).encode()


def test_a_reply_keeps_the_body_as_it_came() -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 3}
    body = chat({"role": "assistant", "content": "你好"}, model="qwen-max", usage=usage)
    reply = read_reply(body)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.served_model, reply.prompt_tokens, reply.completion_tokens) == ("你好", "qwen-max", 12, 3)
    assert reply.raw == body.decode()
    assert reply.has_usage
    assert reply.refusal is None


def test_an_empty_answer_is_an_answer() -> None:
    reply = read_reply(chat({"content": ""}))
    assert isinstance(reply, Reply)
    assert reply.text == ""
    assert not reply.has_usage


def test_a_model_that_thought_until_its_tokens_ran_out_gave_an_empty_answer() -> None:
    reply = read_reply(chat({"content": None}, finish_reason="length"))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    ("message", "finish_reason", "refusal"),
    [
        ({"content": None, "refusal": "I can't help"}, "stop", "I can't help"),
        ({"content": "half"}, "content_filter", "content filter"),
        ({"content": None}, "content_filter", "content filter"),
    ],
)
def test_refusals_are_seen(message: dict[str, Any], finish_reason: str, refusal: str) -> None:
    reply = read_reply(chat(message, finish_reason))
    assert isinstance(reply, Reply)
    assert reply.refusal == refusal


CALLS = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


@pytest.mark.parametrize("may_be_empty", [True, False])
def test_calls_without_words_are_an_answer(may_be_empty: bool) -> None:
    body = chat({"content": None, "tool_calls": CALLS}, "tool_calls")
    reply = read_reply(body, may_be_empty)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason, reply.raw) == ("", "tool_calls", body.decode())


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None}, ""),
        ({}, ""),
        ({"content": None, "tool_calls": []}, ""),
        ({"content": None, "tool_calls": "f()"}, ""),
        ({"content": None, "tool_calls": [None, 7]}, ""),
        ({"content": "words", "tool_calls": {"name": "f"}}, "words"),
        ({"content": None, "refusal": "I can't help"}, "I can't help"),
        ({"content": "", "refusal": "I can't help"}, "I can't help"),
        ({"content": "words", "refusal": "I can't help"}, "words"),
        ({"content": None, "refusal": {"why": 7}}, ""),
    ],
)
def test_what_a_model_under_test_says_is_its_answer(message: dict[str, Any], text: str) -> None:
    reply = read_reply(chat(message), may_be_empty=True)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.refusal) == (text, None)
    assert json.loads(reply.raw)["choices"][0]["message"] == message


def test_parts_of_text_are_one_text_for_a_model_under_test() -> None:
    parts = [{"type": "text", "text": "No"}, {"type": "image_url"}, {"type": "text", "text": "."}]
    reply = read_reply(chat({"content": parts}), may_be_empty=True)
    assert isinstance(reply, Reply)
    assert reply.text == "No."


def test_tokens_that_no_answer_can_have_are_not_believed() -> None:
    body = json.dumps({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 10**30}}).encode()
    reply = read_reply(body)
    assert isinstance(reply, Reply)
    assert reply.prompt_tokens == 0


def test_what_a_content_filter_left_of_an_answer_is_the_answer_of_a_model_under_test() -> None:
    reply = read_reply(chat({"content": "half"}, "content_filter"), may_be_empty=True)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason, reply.refusal) == ("half", "content_filter", None)


@pytest.mark.parametrize("message", [None, "words", {"content": 7}, {"content": [7]}])
def test_what_is_no_message_is_broken_for_a_model_under_test_too(message: Any) -> None:
    assert isinstance(read_reply(chat(message), may_be_empty=True), Fault)


@pytest.mark.parametrize("tool_calls", [None, [], "f()", {"name": "f"}])
def test_no_words_and_no_calls_are_broken_where_words_are_needed(tool_calls: Any) -> None:
    assert isinstance(read_reply(chat({"content": None, "tool_calls": tool_calls})), Fault)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Gateway</html>",
        b'{"choices": [{"message": {"content": "cut in the mid',
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": ["text"]}',
        b'{"choices": [{}]}',
        b'{"error": {"message": "overloaded"}}',
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        chat(None),
        chat({"content": None}),
        chat({"content": 7}),
        chat({"content": [{"type": "text", "text": "hi"}]}),
    ],
)
def test_a_reply_of_the_wrong_shape_is_a_broken_one(body: bytes) -> None:
    fault = read_reply(body)
    assert isinstance(fault, Fault)
    assert fault.cause == "broken_reply"
    assert len(fault.detail) < 500


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    assert isinstance(read_reply(body), Reply | Fault)
    assert isinstance(read_error(500, {}, body.decode(errors="replace")), ErrorReply)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "usage",
                    "error",
                    "detail",
                    "prompt_tokens",
                    "loc",
                    "msg",
                    "tool_calls",
                    "refusal",
                    "finish_reason",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_breaks_the_reader(value: Any) -> None:
    body = json.dumps(value)
    for wrapped in (body, json.dumps({"choices": [value]}), json.dumps({"choices": [{"message": value}]})):
        assert isinstance(read_reply(wrapped.encode()), Reply | Fault)
        assert isinstance(read_reply(wrapped.encode(), may_be_empty=True), Reply | Fault)
    assert isinstance(read_error(400, {}, body), ErrorReply)


def test_half_a_utf16_pair_becomes_a_replacement_character() -> None:
    reply = read_reply(b'{"choices": [{"message": {"content": "a\\ud83d \\ud83d\\ude00"}}]}')
    assert isinstance(reply, Reply)
    assert reply.text == "a\ufffd \U0001f600"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "50", "retry-after": "3"}, 0.05),
        ({"retry-after": "Thu, 01 Jan 1970 00:17:00 GMT"}, 20.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert read_pause(headers, now=1000.0) == seconds


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "no such thing", "param": "seed"}}', "no such thing"),
        ('{"error": "no such thing"}', "no such thing"),
        ('{"object": "error", "message": "no such thing"}', "no such thing"),
        ('{"detail": "no such thing"}', "no such thing"),
        (
            '{"detail": [{"loc": ["body", "seed"], "msg": "not permitted", "input": "secret"}]}',
            "body.seed: not permitted",
        ),
        ('{"detail": [{"loc": 7, "msg": "not permitted"}]}', "7: not permitted"),
        ('[{"error": {"message": "no such thing"}}]', "no such thing"),
        ('{"message": {"detail": [{"loc": ["body", "seed"], "msg": "not permitted"}]}}', "body.seed: not permitted"),
        ("no such thing", "no such thing"),
        ('["no such thing"]', '["no such thing"]'),
    ],
)
def test_errors_are_read_in_every_shape(body: str, message: str) -> None:
    assert read_error(400, {}, body).message == message


def test_long_texts_are_shortened_to_one_line() -> None:
    assert shorten("a\n b" + "c" * 1000).startswith("a bccc")
    assert len(shorten("c" * 1000)) == 301
