"""What a request may ask, what it is refused with, and what reaches the engine."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.refusals import RefusedError
from tests.serving.api.asking import ASK, HTTP, body, post, refusal
from tests.serving.api.scripted import WEATHER, ScriptedEngine, make_app, running

ENGINE = ScriptedEngine(context_length=300, default_max_tokens=None)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A small server."""
    with running(make_app(ENGINE, max_body_bytes=100_000, max_tools=3, max_choices=3)) as url:
        yield url


NAMED = {"type": "function", "function": {"name": "get_weather"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"messages": None}, "messages", "valid list"),
    ({"messages": []}, "messages", "at least 1"),
    ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role", "'system'"),
    ({"messages": [{"role": "user"}]}, "messages[0]", "no content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "valid"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        "messages[0].content[0].type",
        "'text'",
    ),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0]", "tool_call_id"),
    (
        {"messages": [*ASK, {"role": "assistant", "tool_calls": [{"id": "1"}]}]},
        "messages[1].tool_calls[0].function",
        "",
    ),
    ({"temperature": "hot"}, "temperature", "valid number"),
    ({"temperature": True}, "temperature", "valid number"),
    ({"temperature": 2.1}, "temperature", "less than"),
    ({"top_p": 0}, "top_p", "greater"),
    ({"max_tokens": 0}, "max_tokens", "greater"),
    ({"max_tokens": 1.5}, "max_tokens", "integer"),
    ({"max_tokens": 3, "max_completion_tokens": 4}, "max_tokens", "send one"),
    ({"n": 4}, "n", "at most 3"),
    ({"n": 0}, "n", "greater"),
    ({"stop": ""}, "stop", "at least 1"),
    ({"stop": ["a", 5]}, "stop[1]", "string"),
    ({"stream": "yes"}, "stream", "boolean"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type", "function"),
    ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name", "at least 1"),
    ({"tools": [WEATHER] * 4}, "tools", "at most 3"),
    ({"tools": [WEATHER] * 2}, "tools[1].function.name", "named"),
    ({"tool_choice": "maybe"}, "tool_choice", "'auto'"),
    ({"tool_choice": {"type": "function"}}, "tool_choice", ""),
    ({"tool_choice": {"type": "tool"}}, "tool_choice", "'function'"),
    (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}},
        "tool_choice.allowed_tools.tools",
        "",
    ),
    ({"tool_choice": {"type": "function", "function": "x"}}, "tool_choice.function", ""),
    ({"tool_choice": NAMED, "tools": []}, "tool_choice", "get_weather"),
    ({"tool_choice": "required", "tools": None}, "tool_choice", "no tools"),
    ({"logprobs": True}, "logprobs", "not supported"),
    ({"logit_bias": {"5": 1}}, "logit_bias", "not supported"),
    ({"functions": [{"name": "f"}]}, "functions", "tools"),
    ({"function_call": "auto"}, "function_call", "tool_choice"),
    ({"audio": {"voice": "x"}}, "audio", "text"),
    ({"modalities": ["audio"]}, "modalities", "text"),
    ({"response_format": {"type": "json_object"}}, "response_format", "text"),
    ({"response_format": "json"}, "response_format", "text"),
    ({"chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs", "template"),
]


@pytest.mark.parametrize(("fields", "param", "words"), REFUSED, ids=lambda each: str(each)[:40])
def test_what_cant_be_honoured_is_refused_by_name(url: str, fields: dict[str, Any], param: str, words: str) -> None:
    """400, the field, and a reason."""
    status, named, message = refusal(post(url, **fields))
    assert (status, named) == (400, param)
    assert words in message


ACCEPTED: list[dict[str, Any]] = [
    {"user": "u", "store": True, "metadata": {"a": "b"}, "service_tier": "auto", "reasoning_effort": "low", "x": 1},
    {"logprobs": False, "top_logprobs": None, "logit_bias": {}, "response_format": {"type": "text"}, "n": 1},
    {"messages": [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, *ASK]},
    {
        "messages": [
            *ASK,
            {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None, "audio": None},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny", "name": "get_weather"},
        ]
    },
    {"tools": None, "tool_choice": "auto"},
    {"tools": [{"type": "function", "function": {"name": "ping"}}], "tool_choice": "required"},
    {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [NAMED]}}},
    {"stream_options": {"include_usage": True}},
]


@pytest.mark.parametrize("fields", ACCEPTED, ids=lambda each: str(each)[:40])
def test_what_changes_nothing_is_accepted(url: str, fields: dict[str, Any]) -> None:
    """Fields nobody knows, fields that ask for nothing, and every shape of a chat."""
    response = post(url, **fields)
    assert response.status_code == 200, response.text


def test_settings_reach_the_engine(url: str) -> None:
    """Sampling, limit, stop, prompt."""
    post(
        url, temperature=0, top_p=0.5, top_k=-1, seed=7, stop=["END"], max_completion_tokens=9, presence_penalty=1,
        repetition_penalty=1.1,
    )  # fmt: skip
    asked = ENGINE.generations[-1]
    sampling = asked.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.seed) == (0, 0.5, 0, 7)
    assert (sampling.presence_penalty, sampling.repetition_penalty) == (1, 1.1)
    assert (asked.max_tokens, asked.stop) == (9, ("END",))
    assert "What is the weather?" in asked.prompt
    assert "get_weather" in asked.prompt


def test_no_limit_named_means_what_the_context_leaves(url: str) -> None:
    """And a limit beyond it is as much as it leaves."""
    used = post(url).json()["usage"]["prompt_tokens"]
    assert ENGINE.generations[-1].max_tokens == 300 - used
    post(url, max_tokens=10_000)
    assert ENGINE.generations[-1].max_tokens == 300 - used


def test_prompt_beyond_the_context_is_refused(url: str) -> None:
    """With the code that clients know."""
    response = post(url, messages=[{"role": "user", "content": "word " * 400}])
    assert response.json()["error"]["code"] == "context_length_exceeded"
    assert response.status_code == 400


def test_choices_differ_in_their_seed(url: str) -> None:
    """And usage is their sum."""
    said = post(url, n=3, seed=5).json()
    assert [choice["index"] for choice in said["choices"]] == [0, 1, 2]
    assert sorted(str(each.sampling.seed) for each in ENGINE.generations[-3:]) == ["5", "6", "7"]
    assert said["usage"]["completion_tokens"] % 3 == 0


BROKEN = [b"", b"{", b"[1]", b'"x"', b"\xff\xfe", b'{"a": NaN}', b'{"messages": "\\ud800"}', b"[" * 5000, b"{}"]


@pytest.mark.parametrize("content", BROKEN, ids=lambda each: repr(each)[:20])
def test_broken_bodies_are_refused(url: str, content: bytes) -> None:
    """400 in the same shape, on both addresses."""
    for path in ("/v1/chat/completions", "/v1/responses"):
        assert refusal(HTTP.post(f"{url}{path}", content=content))[0] == 400


def test_number_without_a_spelling_is_refused(url: str) -> None:
    """1e999 is read as infinity."""
    spelled = '{"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": '
    spelled += '{"name": "f", "parameters": {"maximum": 1e999}}}]}'
    response = HTTP.post(f"{url}/v1/chat/completions", content=spelled)
    assert refusal(response)[:2] == (400, "tools[0].function.parameters")


def test_oversized_body_is_refused(url: str) -> None:
    """413, whether its length is told or not, and the client sees it."""
    large = b'{"x": "' + b"x" * 1_000_000 + b'"}'
    assert refusal(HTTP.post(f"{url}/v1/chat/completions", content=large))[0] == 413
    chunked = HTTP.post(
        f"{url}/v1/chat/completions", content=(large[place : place + 9999] for place in range(0, 10**6, 9999))
    )
    assert refusal(chunked)[0] == 413


def test_engine_refusal_passes_through() -> None:
    """As its own status."""
    engine = ScriptedEngine(refuses=RefusedError("no place", status=429, code="busy"))
    with running(make_app(engine)) as url:
        for stream in (False, True):
            response = post(url, stream=stream)
            assert refusal(response)[0] == 429
            assert response.headers["retry-after"] == "1"


def test_unknown_addresses_have_the_same_shape(url: str) -> None:
    """404 and 405."""
    assert refusal(HTTP.get(f"{url}/v1/nothing"))[0] == 404
    assert refusal(HTTP.get(f"{url}/v1/chat/completions"))[0] == 405


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({*body(), *(name for fields, _, _ in REFUSED for name in fields), "seed", "stream_options", "input"})


@given(fields=st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=3))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_nonsense_never_breaks_the_server(url: str, path: str, fields: dict[str, Any]) -> None:
    """Whatever is in a field: answered or refused, never 500."""
    start = body() if path == "chat/completions" else {"input": "What is the weather?"}
    response = HTTP.post(f"{url}/v1/{path}", json=start | fields)
    assert response.status_code in (200, 400), response.text
