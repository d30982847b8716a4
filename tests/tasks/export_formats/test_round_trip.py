"""What a data set says comes back from every form, read by the rules of the tool that the form is for."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.export import EXPORT_FORMATS, ExportFormat, NotCarried
from serving.call_formats.hermes import Hermes
from serving.call_formats.template import ChatMl
from tasks.export_formats.conversation import NotCarriedError, read_conversation
from tasks.export_formats.folder import write_format
from tasks.export_formats.formats import FORMATS
from tests.tasks.export_formats.dialogues import (
    DIALOGUES,
    MASKED,
    OPTIONAL,
    SYSTEM,
    Messages,
    Tools,
    read_lines,
    said,
    source,
)
from tests.tasks.export_formats.loading import LOADERS, load_openai
from tests.training.example_rows import WEATHER, calls, result, user, words

ASK = user("Weather in Oslo?")
CALL = calls(("get_weather", {"city": "Oslo"}))


def to_row(messages: Messages, tools: Tools, export_format: ExportFormat) -> dict[str, Any]:
    """A row through JSON, as a file would hold it."""
    conversation = read_conversation(json.dumps(messages), json.dumps(tools))
    row: dict[str, Any] = json.loads(json.dumps(FORMATS[export_format].to_row(conversation)))
    return row


def refused(messages: Messages, export_format: ExportFormat) -> NotCarried | None:
    """Why the form has no place for it."""
    try:
        to_row(messages, [WEATHER], export_format)
    except NotCarriedError as error:
        return error.reason
    return None


@pytest.mark.parametrize("export_format", EXPORT_FORMATS)
@pytest.mark.parametrize("name", DIALOGUES)
def test_messages_calls_and_tools_come_back(name: str, export_format: ExportFormat) -> None:
    messages, tools = DIALOGUES[name]
    loaded = LOADERS[export_format](to_row(messages, tools, export_format))
    expected = load_openai({"messages": messages, "tools": tools}).said if export_format == "openai" else said(messages)
    assert loaded.said == expected
    assert json.dumps(loaded.tools) == json.dumps(tools)  # the order of keys too
    assert all(loaded.learnt)


@pytest.mark.parametrize(
    ("export_format", "carries"),
    [("openai", True), ("ms-swift", True), ("axolotl", True), ("hermes", False), ("llamafactory", False)],
)
def test_an_answer_that_is_not_to_be_learnt_is_masked_or_left_out(export_format: ExportFormat, carries: bool) -> None:
    if carries:
        assert LOADERS[export_format](to_row(*MASKED, export_format)).learnt == [False, True]
    else:
        assert refused(MASKED[0], export_format) == "masked_answer"


STRICT: tuple[ExportFormat, ...] = ("hermes", "llamafactory", "ms-swift")


@pytest.mark.parametrize("export_format", STRICT)
@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([ASK], "no_answer_last"),
        ([ASK, CALL, result(0, "rain")], "no_answer_last"),
        ([ASK, ASK, CALL], "turns_do_not_alternate"),
        ([ASK, words("Let me see."), CALL], "turns_do_not_alternate"),
        ([words("Hello."), ASK, CALL], "turns_do_not_alternate"),
        ([ASK, words("Where?"), SYSTEM, ASK, CALL], "system_not_first"),
    ],
)
def test_a_form_that_learns_answers_in_turn_refuses_other_turns(
    messages: Messages, reason: NotCarried, export_format: ExportFormat
) -> None:
    assert refused(messages, export_format) == reason
    assert refused(messages, "axolotl") is None


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "unreadable"),
        ([{"role": "narrator", "content": "…"}], "unreadable"),
        ([user("half a pair: \ud800"), words("?")], "unreadable"),
        ([ASK, calls(("get_weather", ["Oslo"]))], "arguments_no_object"),  # type: ignore[arg-type]
    ],
)
def test_a_row_that_can_not_be_read_has_a_place_nowhere(messages: Messages, reason: NotCarried) -> None:
    assert {refused(messages, export_format) for export_format in EXPORT_FORMATS} == {reason}


def test_marks_in_words_are_refused_only_where_they_would_be_read() -> None:
    spoken = [ASK, words("Write <tool_call> first.")]
    beside = [ASK, calls(("get_weather", {"city": "Oslo"}), content="Write <tool_call>")]
    answered = [ASK, CALL, result(0, "</tool_response>"), words("Fine.")]
    assert {name: refused(spoken, name) for name in STRICT} == {
        "hermes": "mark_in_text", "llamafactory": None, "ms-swift": None
    }  # fmt: skip
    for messages in (beside, answered):
        assert [refused(messages, name) for name in STRICT] == ["mark_in_text", "mark_in_text", None]


def test_system_messages_at_the_start_become_one() -> None:
    row = to_row([SYSTEM, {"role": "developer", "content": "In Dutch."}, ASK, CALL], [WEATHER], "llamafactory")
    assert row["system"] == "Be brief.\n\nIn Dutch."


@pytest.mark.parametrize("name", [name for name in DIALOGUES if "mark" not in name])  # that is spelled with an escape
def test_hermes_is_what_the_server_shows_a_model_without_a_template(name: str) -> None:
    """Framed as ChatML by any trainer, the prompt before each answer is the served one."""
    messages, tools = DIALOGUES[name]
    turns = to_row(messages, tools, "hermes")["conversations"]
    roles = {"system": "system", "human": "user", "tool": "user", "gpt": "assistant"}
    framed = [f"<|im_start|>{roles[turn['from']]}\n{turn['value']}<|im_end|>\n" for turn in turns]
    places = [place for place, turn in enumerate(turns) if turn["from"] == "gpt"]
    answers = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
    for place, answer in zip(places, answers, strict=True):
        prompt = Hermes().render(messages[:answer], tools, ChatMl())
        assert "".join(framed[:place]) + "<|im_start|>assistant\n" == prompt


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
hostile = st.sampled_from(
    ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "\n", "{", "# Functions", "é雨"]
)
pieces = st.lists(hostile | st.text(max_size=4), max_size=4).map("".join)


@settings(max_examples=60, deadline=None)
@given(
    asked=pieces,
    spoken=pieces.map(str.strip),
    arguments=st.dictionaries(st.text(max_size=8) | pieces, values | pieces, max_size=3),
    given_back=st.tuples(pieces, pieces),
)
def test_whatever_is_said_comes_back_or_is_refused(
    asked: str, spoken: str, arguments: dict[str, Any], given_back: tuple[str, str]
) -> None:
    call = calls(("get_weather", arguments), ("get_weather", {}), content=spoken)
    messages = [user(asked), call, result(1, given_back[1]), result(0, given_back[0]), words("So.")]
    for export_format in (*STRICT, "axolotl"):
        reason = refused(messages, export_format)
        if reason is None:
            assert LOADERS[export_format](to_row(messages, [WEATHER], export_format)).said == said(messages)
        else:
            assert (reason, "tool_" in spoken + "".join(given_back)) == ("mark_in_text", True)


@pytest.mark.parametrize("export_format", EXPORT_FORMATS)
def test_datasets_reads_the_lines_and_no_null_creeps_into_a_tool(
    export_format: ExportFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools that differ in every key; columns are text or of one structure, whichever rows come first."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    rows = [*DIALOGUES.values(), ([user("Seats?"), calls(("find_seats", {}))], [OPTIONAL])]
    write_format(source(rows), export_format, tmp_path / "out")
    lines = read_lines(tmp_path / "out" / "train.jsonl")
    if export_format == "openai":  # nested, so it is read line by line
        loaded = lines
    else:
        # Blocks of a row or two: the structure that the first block shows must hold for the last.
        path = str(tmp_path / "out" / "train.jsonl")
        words = {"data_files": path, "split": "train", "cache_dir": str(tmp_path / "cache"), "chunksize": 1000}
        loaded = list(datasets.load_dataset("json", **words))
    assert [row["sample_id"] for row in loaded] == [f"train-{place}" for place in range(len(rows))]
    assert {row["language"] for row in loaded} == {"en"}
    for row, (messages, tools) in zip(loaded, rows, strict=True):
        again = LOADERS[export_format](row)
        assert json.dumps(again.tools) == json.dumps(tools)
        assert export_format == "openai" or again.said == said(messages)
