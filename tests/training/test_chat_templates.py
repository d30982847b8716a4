"""A model is trained on the very text that it is served with."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.training import TrainedFormat
from serving.call_formats.open import open_call_format
from serving.call_formats.template import ChatMl
from tests.training.example_rows import CLOCK, WEATHER, calls, result, user, words
from training.masks import open_render
from training.rows import read_conversations

TEMPLATES = Path(__file__).parents[2] / "training" / "chat_templates"
FORMATS: list[tuple[TrainedFormat, str]] = [
    ("hermes", "hermes.jinja"),
    ("special-tokens", "special_tokens.jinja"),
    ("qwen-agent", "qwen_agent.jinja"),
]
TWO: tuple[tuple[str, dict[str, Any]], ...] = (("get_weather", {"city": '北京 "x"'}), ("now", {}))
CONVERSATIONS = {
    "one question": [user("hi")],
    "a system message and Chinese": [{"role": "system", "content": "Be brief."}, user("北京天气")],
    "two calls with their results": [user("both"), calls(*TWO, content="Wait."), result(0, "21 °C"), result(1, "noon")],
    "results out of order": [user("both"), calls(*TWO), result(1, "noon"), result(0, "21 °C")],
    "several turns": [
        user("first"),
        calls(("now", {})),
        result(0, "noon"),
        words("It is noon."),
        user("and then?"),
        calls(("get_weather", {"city": "Rome"})),
        result(0, "rain"),
        calls(("now", {})),
        result(0, "one"),
    ],
    "words before a question": [user("hi"), words("Hello."), user("现在几点？")],
}


@pytest.mark.parametrize(("name", "file"), FORMATS)
@pytest.mark.parametrize("messages", CONVERSATIONS.values(), ids=CONVERSATIONS)
@pytest.mark.parametrize("tools", [[], [WEATHER, CLOCK]], ids=["no tools", "tools"])
def test_the_template_writes_what_the_server_writes(
    name: TrainedFormat,
    file: str,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]],
    tokenizer: Any,
    tmp_path: Path,
) -> None:
    import polars as pl

    tokenizer.chat_template = (TEMPLATES / file).read_text(encoding="utf-8")
    row = {"messages": [json.dumps(messages)], "tools": [json.dumps(tools)]}
    pl.DataFrame(row).write_parquet(tmp_path / "rows.parquet")
    (read,) = read_conversations([tmp_path / "rows.parquet"])
    trained = open_render(tokenizer)(read.messages, read.tools, True)
    call_format = open_call_format(name)
    assert trained == call_format.render(messages, tools, ChatMl()), "where a model has no template"
    assert trained == call_format.render(messages, tools, tokenizer), "by the template that is saved with the model"


@pytest.mark.parametrize(("name", "file"), FORMATS[:2])
def test_the_server_takes_the_template_for_calls(name: TrainedFormat, file: str, tokenizer: Any) -> None:
    tokenizer.chat_template = (TEMPLATES / file).read_text(encoding="utf-8")
    assert open_call_format(name).note(tokenizer) is None
