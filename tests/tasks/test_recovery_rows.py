"""A refused call becomes a conversation in which it is mended; a call that an API would carry out does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.preferences import Preference, PreferencesReport
from tasks.preferences_folder import write_rows
from tasks.recovery_rows import recover_pairs
from tests.training.example_rows import CLOCK, calls, user, words
from training.rows import find_files, read_conversations

FORECAST = {
    "type": "function",
    "function": {
        "name": "get_forecast",
        "description": "Get the forecast of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "maximum": 10}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
OSLO: dict[str, Any] = {"city": "Oslo", "days": 3}
ROME: dict[str, Any] = {"city": "Rome"}


def pair(rejected: dict[str, Any], chosen: dict[str, Any] | None = None, pair_id: str = "p1") -> Preference:
    """A request for Oslo, or for what is chosen."""
    return Preference(
        pair_id=pair_id,
        source="answer",
        sample_id="s1",
        kind="simple",
        language="en",
        prompt=(user("Oslo for 3 days?"),),
        tools=(FORECAST, CLOCK),
        chosen=chosen or calls(("get_forecast", OSLO)),
        rejected=rejected,
        chosen_by="teacher",
        written_by="student",
        fingerprint=None,
        error_type="value_error:string",
        detail=None,
        answer_ids=(),
        answered_run_id="r1",
    )


def test_a_key_with_a_colon_in_it_is_told_like_any_other() -> None:
    schema = {"type": "object", "properties": {"on: at": {"type": "integer"}}}
    function = {
        "name": "book",
        "description": "Book.",
        "parameters": {"type": "object", "properties": {"when": schema}},
    }
    known = pair(calls(("book", {"when": {"on: at": "noon"}})), calls(("book", {"when": {"on: at": 12}})))
    (row,), _ = recover_pairs([known.model_copy(update={"tools": ({"type": "function", "function": function},)})])
    assert 'when.on: at: "noon" is not of type "integer"' in row.messages[2]["content"].replace('\\"', '"')


def roles(row: Any) -> list[str]:
    return [message["role"] for message in row.messages]


@pytest.mark.parametrize(
    ("name", "arguments", "reason", "said"),
    [
        ("get_forecast", {"days": 3}, "missing_required", "city"),
        ("get_forecast", {**OSLO, "unit": "C"}, "unexpected_param", "unit"),
        ("get_forecast", {**OSLO, "days": "3"}, "type_error:simple", "days"),
        ("get_forecast", {**OSLO, "days": 30}, "value_error:range", "days"),
        ("get_weather", OSLO, "wrong_func_name", "get_weather"),
    ],
)
def test_a_refused_call_is_shown_refused_and_mended(
    name: str, arguments: dict[str, Any], reason: str, said: str
) -> None:
    (row,), left_out = recover_pairs([pair(calls((name, arguments)))])
    assert not left_out
    asked, wrong, told, right = row.messages
    assert asked == user("Oslo for 3 days?")
    assert wrong["weight"] == 0
    assert "weight" not in right
    assert told["tool_call_id"] == wrong["tool_calls"][0]["id"] != right["tool_calls"][0]["id"]
    assert said in told["content"]
    assert json.loads(right["tool_calls"][0]["function"]["arguments"]) == OSLO
    assert (row.error_type, row.written_by, row.pair_id) == (reason, "student", "p1")


@pytest.mark.parametrize(
    "rejected",
    [
        calls(("get_forecast", {"city": "Bergen"})),  # an API would answer it
        words("I can't do that."),
        calls(("now", {}), ("get_forecast", {})),  # the first does something that nobody asked for
        calls(("get_forecast", OSLO), ("get_forecast", {})),  # nothing is left to be mended
    ],
)
def test_what_no_api_refuses_teaches_no_recovery(rejected: dict[str, Any]) -> None:
    rows, left_out = recover_pairs([pair(rejected)])
    assert rows == ()
    assert left_out == {"no_refusal": 1}


def test_a_right_call_beside_a_refused_one_is_not_made_again() -> None:
    chosen = calls(("get_forecast", OSLO), ("get_forecast", ROME))
    (row,), _ = recover_pairs([pair(calls(("get_forecast", OSLO), ("get_forecast", {"town": "Rome"})), chosen)])
    assert roles(row) == ["user", "assistant", "tool", "tool", "assistant"]
    assert row.messages[2]["content"] == '{"status": "ok"}'
    (mended,) = row.messages[4]["tool_calls"]
    assert json.loads(mended["function"]["arguments"]) == ROME


def test_errors_are_spelled_in_several_ways_and_each_pair_always_alike() -> None:
    pairs = [pair(calls(("get_forecast", {"days": 3})), pair_id=f"p{number}") for number in range(30)]
    told = [row.messages[2]["content"] for row in recover_pairs(pairs).rows]
    assert told == [row.messages[2]["content"] for row in recover_pairs(pairs).rows]
    assert len(set(told)) == 3
    assert any(text.startswith("422 Unprocessable Entity: {") for text in told)
    assert any(json.loads(text)["error"]["code"] == "missing_required" for text in told if text.startswith("{"))


def write_recovery(folder: Path) -> Path:
    """A folder of one row."""
    rows = recover_pairs([pair(calls(("get_forecast", {"days": 3})))]).rows
    counts: dict[str, Any] = {name: {} for name in ("sources", "error_types", "kinds", "written_by", "chosen_by")}
    report = PreferencesReport(
        form="recovery", job_id="j", run_id="r", from_job_id="f", from_run_ids=(), folder=None, rows=1, left_out={},
        **counts,
    )  # fmt: skip
    assert [file.rows for file in write_rows(rows, folder, report).files] == [None, 1]
    return folder


def test_the_folder_is_what_training_reads(tmp_path: Path) -> None:
    write_recovery(tmp_path / "recovery")
    (conversation,) = read_conversations(find_files(tmp_path / "recovery"))
    assert [message.get("weight") for message in conversation.messages] == [None, 0, None, None]
    assert conversation.messages[3]["tool_calls"][0]["function"]["arguments"] == OSLO
    assert conversation.tools == [FORECAST, CLOCK]
