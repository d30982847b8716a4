"""Rows that can't be learnt are named; what comes in many shapes is read into one."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from schemas.errors import CallmillError, UsageError
from tests.training.example_rows import (
    CLOCK,
    WEATHER,
    calls,
    result,
    user,
    words,
    write_chat,
    write_preferences,
    write_rows,
)
from training.rows import find_files, read_conversations, read_preferences


def test_arguments_become_objects_and_results_stand_in_the_order_of_their_calls(tmp_path: Path) -> None:
    asked = calls(("get_weather", {"city": "Rome"}), ("now", {}))
    rows = [([user("both"), asked, result(1, "noon"), result(0, "rain")], [WEATHER, CLOCK])]
    (read,) = read_conversations([write_rows(tmp_path / "rows.parquet", rows)])
    assert read.messages[1]["content"] == ""
    assert read.messages[1]["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": {"city": "Rome"}}
    assert [(each["name"], each["content"]) for each in read.messages[2:]] == [("get_weather", "rain"), ("now", "noon")]


def test_system_and_developer_messages_become_one(tmp_path: Path) -> None:
    head = [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]
    (read,) = read_conversations([write_rows(tmp_path / "rows.parquet", [([*head, user("c"), words("d")], [])])])
    assert [each["content"] for each in read.messages] == ["a\n\nb", "c", "d"]


def test_preferences_are_two_conversations_with_one_prompt(tmp_path: Path) -> None:
    first = next(iter(read_preferences([write_preferences(tmp_path / "pairs.parquet", 4)])))
    assert first.chosen.messages[:-1] == first.rejected.messages[:-1]
    assert "tool_calls" in first.chosen.messages[-1]
    assert "tool_calls" not in first.rejected.messages[-1]


@pytest.mark.parametrize(
    ("messages", "tools", "said"),
    [
        ("no json", "[]", r"row 0: `messages` is no JSON"),
        ('{"role": "user"}', "[]", r"`messages` is dict; expected a list"),
        ('[{"role": "bot", "content": ""}]', "[]", r"role is 'bot'; expected system, user, assistant or tool"),
        ('[{"role": "user", "content": [1]}]', "[]", r"content is list; only text"),
        ('[{"role": "assistant", "tool_calls": [{"function": {}}]}]', "[]", r"holds no function with a name"),
        (
            json.dumps([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]),
            "[]",
            r"arguments of f are no JSON: '\{'",
        ),
        ("[]", [{"type": "function"}], r"`tools` is an Arrow structure, which puts nulls into schemas"),
    ],
)
def test_a_broken_row_is_named(messages: str, tools: Any, said: str, tmp_path: Path) -> None:
    pl.DataFrame({"messages": [messages], "tools": [tools]}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(CallmillError, match=said):
        list(read_conversations([tmp_path / "rows.parquet"]))


def test_missing_files_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(CallmillError, match="There is no Parquet file at"):
        find_files(tmp_path / "nowhere")
    pl.DataFrame({"text": ["a"]}).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(CallmillError, match="has the columns text; expected messages"):
        list(read_conversations([tmp_path / "rows.parquet"]))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(CallmillError, match="is no Parquet file"):
        list(read_conversations([tmp_path / "broken.parquet"]))


def test_of_a_data_set_only_the_rows_for_training_are_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for split in ("train", "test"):
        write_chat(tmp_path / "data" / f"{split}-00000-of-00001.parquet", 1)
    assert len(find_files(tmp_path)) == 2, "a folder of anybody's is read whole"
    (tmp_path / "manifest.json").write_text("{}")
    assert [file.name for file in find_files(tmp_path)] == ["train-00000-of-00001.parquet"]
    assert find_files(tmp_path / "data") == find_files(tmp_path)
    (tmp_path / "data" / "train-00000-of-00001.parquet").unlink()
    with pytest.raises(UsageError, match="held-out functions stay so"):
        find_files(tmp_path)
