"""Without token masks what the model wrote comes through unchanged: calls as they stand, everything else as words."""

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from serving.engine import FinishReason
from tests.serving.api.scripted import TAGS, WEATHER, ScriptedEngine, call_text, make_app, running

PARIS = ("get_weather", '{"city": "Paris"}')
UNKNOWN = ("drop_table", '{"table": "users"}')
WRONG_TYPE = ("get_weather", '{"city": 5, "planet": null}')
NO_JSON = ("get_weather", "{city: Paris}")
TWICE = ("set_tags", '{"tags": ["a", "a"]}')

ENGINE = ScriptedEngine(is_constrained=False)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server for all; tests run one after the other."""
    with running(make_app(ENGINE)) as url:
        yield url


def ask(url: str, text: str, finish: FinishReason = "stop", **fields: Any) -> tuple[str, list[tuple[str, str]], str]:
    """Content, calls and finish reason that a text becomes; whole and streamed the same."""
    ENGINE.script, ENGINE.finish = lambda generation: text, finish
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [WEATHER, TAGS], **fields}
    whole = client.chat.completions.create(**asked).choices[0]
    said: dict[int, list[str]] = {}
    words, last = "", ""
    for chunk in client.chat.completions.create(**asked, stream=True):
        delta = chunk.choices[0].delta
        words += delta.content or ""
        last = chunk.choices[0].finish_reason or last
        for call in delta.tool_calls or ():
            assert call.function is not None
            name_and_arguments = said.setdefault(call.index, ["", ""])
            name_and_arguments[0] += call.function.name or ""
            name_and_arguments[1] += call.function.arguments or ""
    calls: Any = [(each.function.name, each.function.arguments) for each in whole.message.tool_calls or ()]
    assert (words, [tuple(each) for each in said.values()], last) == (
        whole.message.content or "",
        calls,
        whole.finish_reason,
    )
    return words, calls, last


@pytest.mark.parametrize("call", [PARIS, UNKNOWN, WRONG_TYPE, NO_JSON, TWICE], ids=str)
def test_a_call_comes_through_as_it_stands(url: str, call: tuple[str, str]) -> None:
    """Legal or not; neither repaired, nor held back."""
    assert ask(url, "Let me see.\n" + call_text(call)) == ("Let me see.", [call], "tool_calls")


def test_what_the_request_forbids_is_forbidden_to_nobody(url: str) -> None:
    assert ask(url, call_text(PARIS, UNKNOWN), parallel_tool_calls=False)[1] == [PARIS, UNKNOWN]
    assert ask(url, "No.", tool_choice="required") == ("No.", [], "stop")
    chosen = {"type": "function", "function": {"name": "set_tags"}}
    assert ask(url, call_text(PARIS), tool_choice=chosen)[1] == [PARIS]


@pytest.mark.parametrize(
    "text",
    ['<tool_call>{"oops', call_text(PARIS)[:-5], call_text(PARIS) + "\n<tool_call>oops</tool_call>", "<tool_call>"],
)
def test_what_does_not_read_as_calls_to_its_end_is_words(url: str, text: str) -> None:
    assert ask(url, f"Look:  {text} ") == (f"Look:  {text}", [], "stop")


def test_a_cut_answer_is_words(url: str) -> None:
    """Nobody should act on half of an answer, but all of it can be read."""
    text = f"{call_text(PARIS)}\nand so on"
    assert ask(url, text, "length") == (text, [], "length")


def test_marks_are_only_words_where_no_call_was_to_be_made(url: str) -> None:
    assert ask(url, call_text(PARIS), tool_choice="none") == (call_text(PARIS), [], "stop")


def test_a_schema_that_no_grammar_can_promise_is_taken(url: str) -> None:
    """Nothing is promised, so nothing is refused."""
    odd = {"type": "function", "function": {"name": "odd", "parameters": {"type": "object", "not": {}}}}
    call = ("odd", '{"any": "thing"}')
    assert ask(url, call_text(call), tools=[odd])[1] == [call]


def test_a_response_holds_the_call_as_it_stands(url: str) -> None:
    ENGINE.script, ENGINE.finish = lambda generation: call_text(WRONG_TYPE), "stop"
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    tools: Any = [{"type": "function", **WEATHER["function"]}]
    asked: Any = {"model": "m", "input": "x", "tools": tools}
    item: Any = client.responses.create(**asked).output[0]
    assert (item.type, item.name, item.arguments) == ("function_call", *WRONG_TYPE)
    with client.responses.stream(**asked) as stream:
        streamed: Any = stream.get_final_response().output[0]
    assert (streamed.type, streamed.name, streamed.arguments) == ("function_call", *WRONG_TYPE)


def test_the_server_says_that_calls_may_be_illegal(url: str) -> None:
    assert "may be illegal" in httpx2.get(url).text
