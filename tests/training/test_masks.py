"""What counts in the loss, read as text: the assistant's words, calls and ends of turns, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import TerminalError
from schemas.training import NewToken
from serving.call_formats.special_tokens import SpecialTokens
from tests.training.example_rows import CLOCK, WEATHER, calls, result, user, words, write_rows
from training.masks import IGNORED, Render, TokenRow, open_render, split_conversation, tokenize_conversations
from training.rows import Conversation, read_conversations
from training.tokens import add_tokens

TEMPLATES = Path(__file__).parents[2] / "training" / "chat_templates"
END = "<|im_end|>"
SEVERAL_TURNS = [
    {"role": "system", "content": "Be kind to <|im_start|>assistant."},
    user("北京今天的天气，还有时间？"),
    calls(("get_weather", {"city": "北京"}), ("now", {}), content="请稍等。"),
    result(0, "晴，21 °C"),
    result(1, "12:00"),
    words("北京晴，21 °C，中午12点。"),
    user("谢谢，东京呢？"),
    calls(("get_weather", {"city": "东京"})),
]
LEARNT = {
    "hermes.jinja": [
        '请稍等。\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "北京"}}\n</tool_call>\n'
        '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call><|im_end|>',
        "北京晴，21 °C，中午12点。<|im_end|>",
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "东京"}}\n</tool_call><|im_end|>',
    ],
    "special_tokens.jinja": [
        '请稍等。\n<tool_call>{"name": "get_weather", "arguments": {"city": "北京"}}</tool_call>'
        '<tool_call>{"name": "now", "arguments": {}}</tool_call><|im_end|>',
        "北京晴，21 °C，中午12点。<|im_end|>",
        '<tool_call>{"name": "get_weather", "arguments": {"city": "东京"}}</tool_call><|im_end|>',
    ],
    # The turn goes on behind results: the mark that asks for them ends its calls, and an end only the last ones.
    "qwen_agent.jinja": [
        '请稍等。\n✿FUNCTION✿: get_weather\n✿ARGS✿: {"city": "北京"}\n✿FUNCTION✿: now\n✿ARGS✿: {}\n✿RESULT✿',
        " 北京晴，21 °C，中午12点。<|im_end|>",
        '✿FUNCTION✿: get_weather\n✿ARGS✿: {"city": "东京"}\n✿RESULT✿<|im_end|>',
    ],
}


def read(path: Path, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Conversation:
    """As training reads them, out of Parquet."""
    (conversation,) = read_conversations([write_rows(path / "rows.parquet", [(messages, tools)])])
    return conversation


def read_learnt(row: TokenRow, tokenizer: Any) -> list[str]:
    """The stretches that count, decoded."""
    stretches: list[list[int]] = []
    was_learnt = False
    for token, label in zip(row.ids.tolist(), row.labels.tolist(), strict=True):
        if label != IGNORED:
            assert label == token
            stretches = stretches if was_learnt else [*stretches, []]
            stretches[-1].append(token)
        was_learnt = label != IGNORED
    return [tokenizer.decode(each) for each in stretches]


@pytest.mark.parametrize("file", LEARNT)
def test_the_assistants_turns_count_and_nothing_else(file: str, tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.chat_template = (TEMPLATES / file).read_text(encoding="utf-8")
    conversation = read(tmp_path, SEVERAL_TURNS, [WEATHER, CLOCK])
    ((row,),) = tokenize_conversations([conversation], tokenizer, END)
    assert read_learnt(row, tokenizer) == LEARNT[file]
    whole = open_render(tokenizer)(conversation.messages, conversation.tools, False)
    assert tokenizer.decode(row.ids) == whole[: whole.rindex(END) + len(END)]


@pytest.mark.parametrize("file", LEARNT)
def test_a_prompt_is_tokenized_as_the_server_does(file: str, tokenizer: Any, tmp_path: Path) -> None:
    """A generated answer stands behind the tokens of the prompt's text, and so must a learnt one."""
    tokenizer.chat_template = (TEMPLATES / file).read_text(encoding="utf-8")
    conversation = read(tmp_path, SEVERAL_TURNS[1:3], [WEATHER, CLOCK])
    ((row,),) = tokenize_conversations([conversation], tokenizer, END)
    prompt = open_render(tokenizer)(conversation.messages[:1], conversation.tools, True)
    ids = tokenizer.backend_tokenizer.encode(prompt, add_special_tokens=False).ids
    assert row.ids[: len(ids)].tolist() == ids
    assert (row.labels[: len(ids)] == IGNORED).all()
    assert (row.labels[len(ids) :] != IGNORED).all()


def test_marks_that_are_one_token_each_count(tmp_path: Path) -> None:
    from training.tiny_model import make_tokenizer

    tokenizer = make_tokenizer(["a few words"])
    add_tokens(tokenizer, [NewToken(text=text) for text in SpecialTokens().added_tokens])
    tokenizer.chat_template = (TEMPLATES / "special_tokens.jinja").read_text(encoding="utf-8")
    conversation = read(tmp_path, [user("hi"), calls(("now", {}))], [CLOCK])
    ((row,),) = tokenize_conversations([conversation], tokenizer, END)
    learnt = tokenizer.convert_ids_to_tokens(row.labels[row.labels != IGNORED].tolist())
    assert [learnt[0], learnt[-2], learnt[-1]] == ['<tool_call>{"name": "', "}</tool_call>", END]
    assert '", "arguments": ' in learnt


def test_an_answer_of_weight_0_is_shown_and_not_learnt(tokenizer: Any, tmp_path: Path) -> None:
    """A wrong call, the tool's error, the corrected call."""
    tokenizer.chat_template = (TEMPLATES / "hermes.jinja").read_text(encoding="utf-8")
    wrong = {**calls(("get_weather", {"town": "Rome"})), "weight": 0}
    right = calls(("get_weather", {"city": "Rome"}))
    conversation = read(tmp_path, [user("Rome?"), wrong, result(0, "error: city is missing"), right], [WEATHER])
    ((row,),) = tokenize_conversations([conversation], tokenizer, END)
    (learnt,) = read_learnt(row, tokenizer)
    assert '"city": "Rome"' in learnt
    assert '"town": "Rome"' in tokenizer.decode(row.ids)


def test_a_change_of_language_gives_each_answer_its_own_prompt(tokenizer: Any, tmp_path: Path) -> None:
    """Qwen-Agent's prompt is in the language of the last question, so earlier answers stood behind another one."""
    tokenizer.chat_template = (TEMPLATES / "qwen_agent.jinja").read_text(encoding="utf-8")
    messages = [user("Weather in Rome?"), words("Rain."), user("北京呢？"), words("晴。")]
    ((first, second),) = tokenize_conversations([read(tmp_path, messages, [WEATHER])], tokenizer, END)
    assert read_learnt(first, tokenizer) == ["Rain.<|im_end|>"]
    assert read_learnt(second, tokenizer) == ["晴。<|im_end|>"]
    assert "# Tools" in tokenizer.decode(first.ids)
    assert "# 工具" in tokenizer.decode(second.ids)


def test_thoughts_that_a_template_drops_later_do_not_confuse(tmp_path: Path) -> None:
    """Qwen3's template keeps thoughts in the last turn alone."""

    def render(messages: list[dict[str, Any]], tools: list[dict[str, Any]], asks: bool) -> str:
        last = max(place for place, each in enumerate(messages) if each["role"] == "user")
        parts = [
            f"<{each['role']}>{'(thinks)' if each['role'] == 'assistant' and place > last else ''}{each['content']}</>"
            for place, each in enumerate(messages)
        ]
        return "".join(parts) + ("<assistant>(thinks)" if asks else "")

    conversation = read(tmp_path, [user("a"), words("b"), user("c"), words("d")], [])
    checked: Render = render
    first, second = split_conversation(conversation, checked, "</>")
    assert [piece.text for piece in first if piece.is_learnt] == ["b</>"]
    assert "".join(piece.text for piece in second) == "<user>a</><assistant>b</><user>c</><assistant>(thinks)d</>"


def test_a_conversation_without_an_answer_gives_nothing(tokenizer: Any, tmp_path: Path) -> None:
    assert list(tokenize_conversations([read(tmp_path, [user("hi")], [])], tokenizer, END)) == [()]


def test_another_end_than_the_templates_is_an_error(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.chat_template = (TEMPLATES / "hermes.jinja").read_text(encoding="utf-8")
    with pytest.raises(TerminalError, match="Set end_of_turn"):
        list(tokenize_conversations([read(tmp_path, [user("hi"), words("ho")], [])], tokenizer, "<|endoftext|>"))


def test_no_null_creeps_into_a_nested_schema(tmp_path: Path, tokenizer: Any) -> None:
    """Through Parquet and `datasets`: what one tool has, another must not gain as null."""
    from datasets import load_dataset

    nested = {
        "type": "function",
        "function": {
            "name": "plan",
            "parameters": {
                "type": "object",
                "properties": {
                    "stops": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"day": {"type": "integer", "minimum": 1}}},
                    },
                    "mode": {"enum": ["car", None]},
                },
            },
        },
    }
    path = write_rows(
        tmp_path / "rows.parquet", [([user("a"), words("b")], [nested]), ([user("c"), words("d")], [CLOCK])]
    )
    loaded = load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    loaded.to_parquet(tmp_path / "again.parquet")
    tokenizer.chat_template = (TEMPLATES / "hermes.jinja").read_text(encoding="utf-8")
    conversations = list(read_conversations([tmp_path / "again.parquet"]))
    assert [each.tools for each in conversations] == [[nested], [CLOCK]]
    ((first,), (second,)) = tokenize_conversations(conversations, tokenizer, END)
    assert json.dumps(nested) in tokenizer.decode(first.ids)
    assert "null" not in tokenizer.decode(second.ids)
