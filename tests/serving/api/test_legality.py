"""No answer with an illegal call goes out, whole or streamed, whatever the engine says."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from serving.engine import FinishReason, Generation
from tests.serving.api.asking import events, post, refusal
from tests.serving.api.scripted import TAGS, WEATHER, ScriptedEngine, call_text, make_app, running

PARIS = ("get_weather", '{"city": "Paris"}')
ROME = ("get_weather", '{"city": "Rome, \\"the eternal\\" </tool_call>"}')
TWICE = ("set_tags", '{"tags": ["a", "a"]}')
ONCE = ("set_tags", '{"tags": ["a", "b"]}')


def say(text: str) -> Callable[[Generation], str]:
    """A script of one line."""
    return lambda generation: text


ENGINE = ScriptedEngine()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server for all; tests run one after the other."""
    with running(make_app(ENGINE)) as url:
        yield url


def ask(url: str, text: str, finish: FinishReason = "stop", **fields: Any) -> dict[str, Any]:
    """The choice, or the error, that a text becomes; streamed it must be the same."""
    fields = {"tools": [WEATHER, TAGS], **fields}
    ENGINE.script, ENGINE.finish = say(text), finish
    whole = post(url, **fields)
    streamed = post(url, stream=True, **fields)
    if whole.status_code != 200:
        status, _, message = refusal(whole)
        last = events(streamed.text)[-1] if streamed.status_code == 200 else streamed.json()
        assert last["error"]["code"] == whole.json()["error"]["code"]
        return {"status": status, "message": message, "code": last["error"]["code"], "streamed": streamed}
    choice = whole.json()["choices"][0]
    calls = [_spelled(call["function"]) for call in choice["message"].get("tool_calls", [])]
    assert events(streamed.text)[-1] == "[DONE]"
    shown = _put_together(events(streamed.text)[:-1])
    assert shown["finish"] == choice["finish_reason"]
    assert shown["content"] == (choice["message"]["content"] or "")
    if finish == "stop":
        assert shown["calls"] == calls
    return {"content": choice["message"]["content"], "calls": calls, "finish": choice["finish_reason"]}


def _spelled(function: dict[str, str]) -> tuple[str, str]:
    return function["name"], function["arguments"]


def _put_together(chunks: list[Any]) -> dict[str, Any]:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    functions: dict[int, list[str]] = {}
    for delta in deltas:
        for call in delta.get("tool_calls", []):
            said = functions.setdefault(call["index"], ["", ""])
            said[0] += call["function"].get("name", "")
            said[1] += call["function"].get("arguments", "")
    return {
        "content": "".join(delta.get("content") or "" for delta in deltas),
        "calls": [tuple(each) for each in functions.values()],
        "finish": chunks[-1]["choices"][0]["finish_reason"],
    }


def test_words(url: str) -> None:
    """Are content."""
    assert ask(url, "Good day.") == {"content": "Good day.", "calls": [], "finish": "stop"}


def test_words_and_several_calls(url: str) -> None:
    """Marks and quotes inside strings are the model's own."""
    said = ask(url, "I will look.\n" + call_text(PARIS, ROME))
    assert said == {"content": "I will look.", "calls": [PARIS, ROME], "finish": "tool_calls"}


def test_calls_alone_have_no_content(url: str) -> None:
    """As OpenAI has it."""
    assert ask(url, call_text(PARIS), tool_choice="required")["content"] is None


def test_marks_are_only_words_where_no_call_can_be_made(url: str) -> None:
    """none, and no tools at all."""
    cases: list[dict[str, Any]] = [{"tool_choice": "none"}, {"tools": []}]
    for fields in cases:
        assert ask(url, call_text(PARIS), **fields) == {"content": call_text(PARIS), "calls": [], "finish": "stop"}


def test_validated_call_goes_out(url: str) -> None:
    """A function whose schema the grammar could not say in full."""
    assert ask(url, call_text(ONCE, PARIS))["calls"] == [ONCE, PARIS]


def test_call_that_fails_its_validation_is_refused(url: str) -> None:
    """422 whole; streamed it never appears, and as nothing went out yet, 422 too."""
    said = ask(url, call_text(TWICE))
    assert (said["status"], said["code"]) == (422, "illegal_call")
    assert "set_tags" in said["message"]
    assert "uniqueItems" in said["message"]
    assert said["streamed"].status_code == 422


def test_stream_ends_with_an_error_where_a_later_call_fails(url: str) -> None:
    """What went out before was legal; no [DONE] follows."""
    streamed = ask(url, call_text(PARIS, TWICE))["streamed"]
    assert streamed.status_code == 200
    assert "set_tags" not in streamed.text.split('"error"')[0]
    assert "[DONE]" not in streamed.text


def test_openai_client_raises_on_a_stream_that_fails(url: str) -> None:
    """The plain and the accumulating interface."""
    ENGINE.script, ENGINE.finish = say(call_text(PARIS, TWICE)), "stop"
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [WEATHER, TAGS]}
    with pytest.raises(openai.APIError, match="set_tags"):
        list(client.chat.completions.create(**asked, stream=True))
    with pytest.raises(openai.APIError, match="set_tags"), client.chat.completions.stream(**asked) as stream:
        list(stream)
    with pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(**asked)


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    (call_text(("drop_table", "{}")), {}, "not offered"),
    (call_text(("get_weather", '{"city": 5}')), {}, "does not allow"),
    (call_text(PARIS, ROME), {"parallel_tool_calls": False}, "at most 1"),
    ("Hello.", {"tool_choice": "required"}, ""),
    ("Hello. " + call_text(PARIS), {"tool_choice": "required"}, "only calls"),
    (call_text(PARIS)[:-5], {}, "inside a call"),
    ('<tool_call>{"oops', {}, "inside a call"),
    (call_text(PARIS), {"tool_choice": {"type": "function", "function": {"name": "set_tags"}}}, "not offered"),
]


@pytest.mark.parametrize(("text", "fields", "words"), FAULTS)
def test_fault_of_the_engine_is_held_back_and_logged(
    url: str, text: str, fields: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What the language should have made impossible."""
    with caplog.at_level(logging.ERROR):
        said = ask(url, text, **fields)
    assert said["status"] == 422
    assert words in said["message"]
    assert "outside its language" in caplog.text


def test_cut_answer_has_no_call(url: str) -> None:
    """Not the half one, and not the whole one before it."""
    cut = "Look: " + call_text(PARIS, ROME)[:-20]
    assert ask(url, cut, "length") == {"content": "Look:", "calls": [], "finish": "length"}
    assert ask(url, call_text(TWICE)[:-3], "length") == {"content": "", "calls": [], "finish": "length"}
