"""Prompts: golden files of conversations in each format, and which template is used when."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from serving.call_formats.format import ParsedCall
from serving.call_formats.open import CALL_FORMATS, KnownFormat, open_call_format
from serving.call_formats.reader import spell_calls
from serving.refusals import RefusedError
from tests.serving.call_formats.templates import HERMES_FAMILY, NO_SYSTEM, SINGLE_CALLS, WITHOUT_TOOLS, JinjaTemplate

GOLDEN = Path(__file__).parents[2] / "golden" / "chat"
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the weather of a city. 查询天气。",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
    {"type": "function", "function": {"name": "get_time", "description": "Get the time."}},
]


def call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """A call as OpenAI's API writes it: arguments are text."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


SYSTEM = {"role": "system", "content": "You are brief."}
QUESTION: dict[str, Any] = {"role": "user", "content": "Weather in São Paulo?"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [call("a", "get_weather", {"city": "São Paulo"})]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "21 °C"}
CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "english": [SYSTEM, QUESTION],
    "chinese": [{"role": "user", "content": [{"type": "text", "text": "北京今天天气怎么样？"}]}],
    "tool_result": [SYSTEM, QUESTION, CALLED, RESULT],
    "parallel": [
        {"role": "user", "content": "Weather and time in 北京?"},
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [call("a", "get_weather", {"city": '北"京'}), call("b", "get_time", {})],
        },
        {"role": "tool", "tool_call_id": "b", "content": "12:00"},
        {"role": "tool", "tool_call_id": "a", "content": "晴"},
        {"role": "assistant", "content": "Sunny; it is noon."},
        {"role": "user", "content": "And in Rome?"},
    ],
    "several_steps": [
        QUESTION,
        CALLED,
        RESULT,
        {"role": "assistant", "content": "", "tool_calls": [call("c", "get_time", {})]},
        {"role": "tool", "tool_call_id": "c", "content": "12:00"},
    ],
}
NO_TEMPLATE = JinjaTemplate(None)


@pytest.mark.parametrize("name", CALL_FORMATS)
@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_prompt_renders_as_reviewed(name: str, conversation: str) -> None:
    prompt = open_call_format(name).render(CONVERSATIONS[conversation], TOOLS, NO_TEMPLATE)
    path = GOLDEN / f"{name}.{conversation}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(prompt, encoding="utf-8")
    assert prompt == path.read_text(encoding="utf-8")


def test_every_golden_file_has_its_conversation() -> None:
    expected = {f"{name}.{conversation}" for name in CALL_FORMATS for conversation in CONVERSATIONS}
    assert {path.stem for path in GOLDEN.glob("*.txt")} == expected or os.environ.get("UPDATE_GOLDEN")


@pytest.mark.parametrize("name", CALL_FORMATS)
def test_calls_in_the_prompt_are_spelled_as_they_are_to_be_answered(name: str) -> None:
    call_format = open_call_format(name)
    spelled = spell_calls(
        call_format.marks, [ParsedCall("get_weather", '{"city": "北\\"京"}'), ParsedCall("get_time", "{}")]
    )
    assert spelled in call_format.render(CONVERSATIONS["parallel"], TOOLS, NO_TEMPLATE)
    if name == "hermes":
        assert spelled in call_format.render(CONVERSATIONS["parallel"], TOOLS, JinjaTemplate(HERMES_FAMILY))


def test_a_template_of_the_hermes_family_is_used_as_it_is() -> None:
    hermes = open_call_format("hermes")
    prompt = hermes.render(CONVERSATIONS["tool_result"], TOOLS, JinjaTemplate(HERMES_FAMILY))
    assert hermes.note(JinjaTemplate(HERMES_FAMILY)) is None
    assert prompt.startswith("[system] You are brief.<tools>")
    assert '\n{"name": "get_weather", "arguments": {"city": "São Paulo"}}\n' in prompt
    assert prompt.endswith("[tool] 21 °C[end]\n[assistant] <no thoughts>")


def test_thoughts_are_left_out_unless_asked_for() -> None:
    prompt = open_call_format("hermes", thinking=True).render([QUESTION], [], JinjaTemplate(HERMES_FAMILY))
    assert prompt == "[user] Weather in São Paulo?[end]\n[assistant] "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no chat template"),
        (WITHOUT_TOOLS, "does not show tools"),
        (SINGLE_CALLS, "one call at a time"),
        (HERMES_FAMILY.replace("arguments", "parameters"), "fails on calls|spells calls otherwise"),
    ],
)
def test_another_template_frames_our_text_and_the_note_says_why(text: str | None, reason: str) -> None:
    hermes = open_call_format("hermes")
    note = hermes.note(JinjaTemplate(text))
    assert note is not None
    assert re.search(reason, note)
    prompt = hermes.render(CONVERSATIONS["parallel"], TOOLS, JinjaTemplate(text))
    for expected in ("get_time", "<tools>", "Let me look.\n<tool_call>\n", "<tool_response>\n晴\n</tool_response>"):
        assert expected in prompt
    if text == SINGLE_CALLS:
        assert prompt.startswith("<system># Functions")
        assert prompt.endswith("<user>And in Rome?<eot><assistant>")


def test_llamas_template_is_used_by_llamas_format_one_call_a_message() -> None:
    llama = open_call_format("llama")
    template = JinjaTemplate(SINGLE_CALLS)
    assert llama.note(template) is None
    prompt = llama.render(CONVERSATIONS["parallel"], TOOLS, template)
    assert '{"name": "get_weather", "parameters": {"city": "北\\"京"}}<eot><tool>晴<eot>' in prompt
    assert '{"name": "get_time", "parameters": {}}<eot><tool>12:00<eot><assistant>Sunny' in prompt
    assert llama.note(JinjaTemplate(HERMES_FAMILY)) is not None


def test_a_template_without_a_system_role_gets_its_words_from_the_user() -> None:
    prompt = open_call_format("hermes").render(CONVERSATIONS["tool_result"], TOOLS, JinjaTemplate(NO_SYSTEM))
    assert prompt.startswith("<user>You are brief.\n\n# Functions")
    assert prompt.endswith("<user><tool_response>\n21 °C\n</tool_response><eot><model>")


def test_qwen_agent_goes_on_in_the_turn_of_the_results() -> None:
    qwen_agent = open_call_format("qwen-agent")
    for text in (None, WITHOUT_TOOLS, SINGLE_CALLS, NO_SYSTEM):
        prompt = qwen_agent.render(CONVERSATIONS["tool_result"], TOOLS, JinjaTemplate(text))
        assert prompt.endswith('✿ARGS✿: {"city": "São Paulo"}\n✿RESULT✿: 21 °C\n✿RETURN✿:')


def test_qwen_agent_speaks_the_language_of_the_user() -> None:
    qwen_agent = open_call_format("qwen-agent")
    assert "参数" in qwen_agent.render(CONVERSATIONS["chinese"], TOOLS, NO_TEMPLATE)
    assert "参数" not in qwen_agent.render(CONVERSATIONS["english"], TOOLS, NO_TEMPLATE)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "robot", "content": "x"}, "messages[0].role"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "messages[0].content"),
        ({"role": "assistant", "tool_calls": [{"id": "a"}]}, "messages[0].tool_calls[0]"),
    ],
)
def test_a_message_that_cannot_be_read_is_named(message: dict[str, Any], param: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        open_call_format("hermes").render([message], [], NO_TEMPLATE)
    assert (refusal.value.status, refusal.value.param) == (400, param)


def test_arguments_that_are_no_json_are_shown_as_they_are() -> None:
    messages = [QUESTION, {"role": "assistant", "tool_calls": [call("a", "get_time", '{"cut')]}]
    assert '"arguments": {"cut}' in open_call_format("hermes").render(messages, TOOLS, NO_TEMPLATE)


def test_what_a_template_refuses_is_a_refusal() -> None:
    bad = JinjaTemplate("{{ raise_exception('never') }}")
    with pytest.raises(RefusedError, match="never"):
        open_call_format("hermes").render([QUESTION], [], bad)


def test_an_unknown_format_is_an_error_that_names_the_known() -> None:
    with pytest.raises(UsageError, match="hermes, special-tokens, qwen-agent"):
        open_call_format("xml")


@pytest.mark.parametrize("call_format", [open_call_format(name) for name in CALL_FORMATS], ids=CALL_FORMATS)
def test_a_tokenizer_of_transformers_is_a_template(call_format: KnownFormat) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(tokenizers.models.BPE()))
    tokenizer.chat_template = HERMES_FAMILY
    ours = call_format.render(CONVERSATIONS["parallel"], TOOLS, JinjaTemplate(HERMES_FAMILY))
    assert call_format.render(CONVERSATIONS["parallel"], TOOLS, tokenizer) == ours
    tokenizer.chat_template = None
    assert call_format.render([QUESTION], TOOLS, tokenizer) == call_format.render([QUESTION], TOOLS, NO_TEMPLATE)
