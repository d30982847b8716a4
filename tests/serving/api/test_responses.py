"""/v1/responses: what BFCL's handler sends, what comes back, and the events of a stream."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.serving.api.asking import HTTP, refusal
from tests.serving.api.scripted import WEATHER, ScriptedEngine, call_text, make_app, running

FLAT = {"type": "function", **WEATHER["function"]}
PARIS = call_text(("get_weather", '{"city": "Paris"}'))
ENGINE = ScriptedEngine()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server whose engine's script tests change."""
    with running(make_app(ENGINE)) as url:
        yield url


def ask(url: str, text: str, **fields: Any) -> Any:
    """The official client's answer."""
    ENGINE.script, ENGINE.finish = lambda generation: text, fields.pop("finish", "stop")
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
    return client.responses.create(**{"model": "m", "input": "Weather?", "tools": [FLAT], "store": False, **fields})


def test_call_and_words(url: str) -> None:
    """In order, with ids; usage; the question repeated."""
    answer = ask(url, f"I look.\n{PARIS}", temperature=0.001, include=["reasoning.encrypted_content"])
    message, call = answer.output
    assert (message.type, message.status, answer.output_text) == ("message", "completed", "I look.")
    assert (call.type, call.name, call.arguments, call.status) == (
        "function_call",
        "get_weather",
        '{"city": "Paris"}',
        "completed",
    )
    assert (answer.status, answer.model, answer.temperature) == ("completed", "scripted", 0.001)
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.tools[0].name == "get_weather"


def test_cut_answer_is_incomplete(url: str) -> None:
    """Without its call."""
    answer = ask(url, f"I look.\n{PARIS[:-9]}", finish="length")
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert [item.type for item in answer.output] == ["message"]


def test_conversation_becomes_a_chat(url: str) -> None:
    """Roles, runs of calls, outputs, and thoughts that are left out."""
    call = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city": "Rome"}'}
    said = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "Rome and Oslo?"}]},
        {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "hidden"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        call,
        {**call, "call_id": "c2", "arguments": '{"city": "Oslo"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "windy"}]},
    ]
    ask(url, "Sunny.", input=said, instructions="Always answer.")
    prompt = ENGINE.generations[-1].prompt
    order = ["Always answer.", "Be brief.", "Rome and Oslo?", "I look.", "Rome", "Oslo", "sunny", "windy"]
    places = [prompt.index(text) for text in order]
    assert places[:3] == sorted(places[:3])
    assert prompt.rindex("Oslo") < prompt.index("sunny") < prompt.index("windy")
    assert "hidden" not in prompt
    assert prompt.count("<|im_start|>assistant") == 2, "words and calls are one message; the last begins the answer"


def test_named_and_allowed_choices(url: str) -> None:
    """Flat, as this protocol spells them."""
    choices: list[dict[str, Any]] = [
        {"type": "function", "name": "get_weather"},
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_weather"}]},
    ]
    for choice in choices:
        assert ask(url, PARIS, tool_choice=choice).output[0].type == "function_call"
        assert not ENGINE.generations[-1].language.may_talk


STRANGE = {"type": "object", "properties": {"a": {"type": "strange"}}}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"input": []}, "input"),
    ({"input": None}, "input"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content[0].type"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
    ({"input": [{"type": "function_call", "name": "x"}]}, "input[0]"),
    ({"input": [{"type": "function_call_output", "call_id": "x"}]}, "input[0]"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [WEATHER]}, "tools[0].name"),
    (
        {"tools": [{**FLAT, "parameters": {"type": "object", "properties": {"a": {"type": "strange"}}}}]},
        "tools[0].parameters",
    ),
    ({"previous_response_id": "r"}, "previous_response_id"),
    ({"background": True}, "background"),
    ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format"),
    ({"include": ["message.output_text.logprobs"]}, "include"),
    ({"stop": ["x"]}, "stop"),
    ({"tool_choice": {"type": "function", "name": "other"}}, "tool_choice"),
]


@pytest.mark.parametrize(("fields", "param"), REFUSED, ids=lambda each: str(each)[:40])
def test_what_cant_be_honoured_is_refused_by_name(url: str, fields: dict[str, Any], param: str) -> None:
    """In this protocol's own words."""
    asked = {"model": "m", "input": "x", "tools": [FLAT], **fields}
    assert refusal(HTTP.post(f"{url}/v1/responses", json=asked))[:2] == (400, param)


def test_events_build_the_answer(url: str) -> None:
    """Numbered; items open, grow and close; the end holds what was built."""
    events = list(ask(url, f"I look.\n{PARIS}\n{PARIS}", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events if not event.type.endswith(".delta")]
    words = ["output_item.added", "content_part.added", "output_text.done", "content_part.done", "output_item.done"]
    calls = ["output_item.added", "function_call_arguments.done", "output_item.done"]
    assert kinds == [f"response.{kind}" for kind in ("created", "in_progress", *words, *calls, *calls, "completed")]
    final = events[-1].response
    assert [item.type for item in final.output] == ["message", "function_call", "function_call"]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == final.output_text == "I look."
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert done == final.output
    assert final.usage.output_tokens > 0


def test_stream_that_is_cut_or_fails(url: str) -> None:
    """incomplete without calls; or an error that the client raises."""
    cut = list(ask(url, PARIS[:-9], stream=True, finish="length"))
    assert cut[-1].type == "response.incomplete"
    assert cut[-1].response.output == []
    with pytest.raises(openai.APIError, match="not offered"):
        list(ask(url, PARIS + "\n" + call_text(("other", "{}")), stream=True))
