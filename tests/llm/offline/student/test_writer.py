"""The endless writer of base rows: the same for the same seed, both languages, and never a call."""

import json
import random
import re
from itertools import islice
from typing import Any

import pytest

from llm.offline.student.masking import mask_values
from llm.offline.student.records import flatten
from llm.offline.student.row import Row
from llm.offline.student.writer import FIRST_ROWS, write_row, write_rows

ROWS = [write_row(3, FIRST_ROWS - 60 + number) for number in range(360)]
# What a call or a tool is spelled with, in any of the formats that are trained or served.
FORBIDDEN = (
    "tool_call", "tool_response", "<tools>", "</tools>", "✿", "FUNCTION", "python_tag", '"function"', '"parameters"',
    '"arguments"', '"tool"', '"tools"', "<|im_start|>", "<|im_end|>",
)  # fmt: skip
CALLED = re.compile(r"^\s*\w+\(\w+\s*=", re.MULTILINE)
OBJECT = re.compile(r"\{.*\}")


def texts(row: Row) -> str:
    """All of a row's words."""
    return "\n".join(turn.content for turn in row.turns)


def test_a_row_is_a_function_of_seed_and_number() -> None:
    again = list(islice(write_rows(3, FIRST_ROWS - 20), 5))
    assert again == ROWS[40:45]
    assert write_row(4, FIRST_ROWS - 20) != ROWS[40]


@pytest.mark.parametrize("mark", FORBIDDEN)
def test_no_mark_of_a_call_or_a_tool_is_ever_written(mark: str) -> None:
    assert not [row for row in ROWS if mark in texts(row)]


def test_no_row_spells_a_call_as_an_object_or_as_code() -> None:
    """No JSON object anywhere has a "name" beside arguments, and nothing reads f(x=1)."""
    for row in ROWS:
        assert not CALLED.search(texts(row)), row
        for found in OBJECT.findall(texts(row)):
            assert not re.search(r'"name": "[^"]*", "(?:arguments|parameters|description)"', found), row


def test_both_languages_and_all_kinds_of_row_occur() -> None:
    assert 0.15 < sum(row.language == "zh" for row in ROWS) / len(ROWS) < 0.35
    assert {row.kind for row in ROWS} == {"filling", "extracting", "looking_up", "copying", "chat"}
    chinese = [row for row in ROWS if row.language == "zh" and row.kind == "filling"]
    assert all(re.search(r"[\u4e00-\u9fff]", row.turns[1].content) for row in chinese)


def test_every_row_ends_with_an_answer_and_alternates() -> None:
    for row in ROWS:
        roles = [turn.role for turn in row.turns if turn.role != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert roles
        assert all(turn.content.strip() for turn in row.turns), row


def test_names_hardly_ever_repeat() -> None:
    """A model must not learn the forms by heart: nine of ten first forms occur once in 360 rows."""
    names = re.findall(
        r'"(?:form|sheet|title|record|page|document)": "(\w+)", "(?:desc|about|purp)', "\n".join(map(texts, ROWS))
    )
    assert len(set(names)) > 0.9 * len(names) > 50


def test_json_answers_are_json() -> None:
    found = 0
    for row in ROWS:
        for turn in row.turns:
            if row.kind == "filling" and turn.role == "assistant" and turn.content.startswith('{"'):
                for line in turn.content.splitlines():
                    assert len(json.loads(line)) == 2
                    found += 1
    assert found > 20


def test_a_value_is_replaced_in_request_and_record_alike() -> None:
    values: dict[str, Any] = {"city": "Lisbon", "day": "2026-03-05", "mode": "fast", "tags": ["alpha"]}
    query = "Fly to Lisbon on 2026-03-05, fast, tagged alpha."
    changed = mask_values(query, values, frozenset({"fast"}), 1.0, random.Random(1))
    assert values["city"] != "Lisbon"
    assert values["city"] in changed
    assert "alpha" not in changed
    assert values["tags"][0] in changed
    assert (values["day"], values["mode"]) == ("2026-03-05", "fast")


def test_flatten_names_every_leaf() -> None:
    assert flatten({"a": {"b": 1}, "c": [{"d": 2}], "e": [3, 4]}) == [("a.b", 1), ("c.0.d", 2), ("e", [3, 4])]
