"""Each form's reader gives the same conversation that a person reads in the row, or says why it can't."""

from typing import Any

import pytest

from schemas.imported import CallRead, Conversation
from tasks.importing.forms import READERS, choose_form, guess_form
from tasks.importing.literals import UnreadableTextError, find_objects, read_value
from tasks.importing.python_calls import looks_like_calls, read_python_calls
from tasks.importing.python_types import read_type_words
from tasks.importing.row import UnreadableRowError
from tests.tasks.importing.small_sets import GLAIVE_CHAT, glaive_row, hermes_row, toolace_row, xlam_row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[find(a=1, b="x, y")]', [("find", {"a": 1, "b": "x, y"})]),
        ('[Get User\'s Info v1.0(name="Ann")]', [("Get User's Info v1.0", {"name": "Ann"})]),
        ("[market/v1.list(n=-2.5), now()]", [("market/v1.list", {"n": -2.5}), ("now", {})]),
        ('[f(q={"a": [1, null], "b": true}, r=None)]', [("f", {"q": {"a": [1, None], "b": True}, "r": None})]),
        ("[f(text='it\\'s (fine)', filter[x]=(1, 2))]", [("f", {"text": "it's (fine)", "filter[x]": [1, 2]})]),
        ('[f(text="two\nlines")]', [("f", {"text": "two\nlines"})]),
    ],
)
def test_python_like_calls(text: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    assert looks_like_calls(text)
    assert [(call.name, call.arguments) for call in read_python_calls(text)] == expected


@pytest.mark.parametrize("text", ["[f(a=)]", "[f(1)]", "[f(a=1, a=2)]", "[f(a=g(2))]", '[f(a="x)]'])
def test_what_is_no_call_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableTextError):
        read_python_calls(text)


def test_prose_in_brackets_is_no_call() -> None:
    assert not looks_like_calls("[Note] The ferry (to Oslo) is late.")
    assert not looks_like_calls("Sorry, I can't.")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("{'a': None, 'b': [True, 'x']}", {"a": None, "b": [True, "x"]}),
        ("{'a': false, 'b': null}", {"a": False, "b": None}),
        ('"half \\ud83d a pair"', "half \ufffd a pair"),
        ("1e999", None),
    ],
)
def test_values_in_jsons_and_pythons_spelling(text: str, value: Any) -> None:
    assert read_value(text) == value


def test_objects_are_found_among_words() -> None:
    assert list(find_objects('one {"a": {"b": 1}} two {broken} [{"c": 2}]')) == [{"a": {"b": 1}}, {"c": 2}]


@pytest.mark.parametrize(
    ("words", "schema", "is_optional"),
    [
        ("str, optional", {"type": "string"}, True),
        ("int", {"type": "integer"}, False),
        ("Optional[float]", {"type": "number"}, True),
        ("List[List[int]]", {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, False),
        ("Tuple[float, float]", {"type": "array", "items": {"type": "number"}}, False),
        ("Dict[str, int]", {"type": "object"}, False),
        ("Union[int, str]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, False),
        ("int or float", {"type": ["integer", "number"]}, False),
        ("Callable[[float], float]", {}, False),
    ],
)
def test_pythons_words_for_types(words: str, schema: dict[str, Any], is_optional: bool) -> None:
    assert read_type_words(words) == (schema, is_optional)


def _last_calls(conversation: Conversation) -> list[CallRead]:
    return [call for turn in conversation.turns for call in turn.calls]


def test_toolace_finds_the_functions_in_the_systems_sentences() -> None:
    read = READERS["toolace"](toolace_row('[Find Ferries v1.0(origin="Oslo", cars=2)]'))
    assert [tool["name"] for tool in read.tools] == ["Find Ferries v1.0"]
    assert _last_calls(read) == [CallRead(name="Find Ferries v1.0", arguments={"origin": "Oslo", "cars": 2})]


def test_xlam_gets_a_schema_from_flat_parameters() -> None:
    read = READERS["xlam"](xlam_row({"court": 3}))
    parameters = read.tools[0]["parameters"]
    assert parameters["required"] == ["court"]
    assert parameters["properties"]["players"]["items"] == {"type": "string"}
    assert _last_calls(read)[0].arguments == {"court": 3}


@pytest.mark.parametrize("chat", [GLAIVE_CHAT, " ".join(GLAIVE_CHAT.split())])
def test_glaive_reads_turns_and_arguments_with_an_apostrophe(chat: str) -> None:
    read = READERS["glaive"](glaive_row(chat))
    assert [turn.role for turn in read.turns] == ["user", "assistant", "user", "assistant", "tool", "assistant"]
    assert _last_calls(read)[0].arguments == {"person": "Ann O'Hara", "day": "3/5"}
    assert read.turns[-1].text == "It is noted."


def test_glaives_copy_in_sharegpt_form() -> None:
    turns = [("human", "Hi"), ("function_call", '{"name": "f", "arguments": {"a": 1}}'), ("observation", "1")]
    row = {"conversations": [{"from": who, "value": text} for who, text in turns], "tools": '[{"name": "f"}]'}
    assert guess_form(row) == "glaive"
    read = READERS["glaive"](row)
    assert [turn.role for turn in read.turns] == ["user", "assistant", "tool"]
    assert read.tools == ({"name": "f"},)


@pytest.mark.parametrize("has_column", [True, False])
def test_hermes_reads_marks_in_either_spelling(has_column: bool) -> None:
    text = (
        "<scratch_pad>Which room?</scratch_pad>At once.\n<tool_call>\n{'arguments': {'room': 'hall', 'litres': 1.5}, "
        '\'name\': \'water_plants\'}\n</tool_call>\n<tool_call>{"name": "water_plants", "arguments": {"room": "attic"}}'
    )
    read = READERS["hermes"](hermes_row(text, has_column))
    assert [tool["function"]["name"] for tool in read.tools] == ["water_plants"]
    assert [call.arguments["room"] for call in _last_calls(read)] == ["hall", "attic"]
    assert read.turns[-1].text == "At once."


@pytest.mark.parametrize(
    ("form", "row", "reason"),
    [
        ("toolace", {"system": "none"}, "wrong_form"),
        ("toolace", toolace_row("[Find Ferries v1.0(origin=Oslo)]"), "decoder_failed"),
        ("toolace", {**toolace_row("no"), "system": "functions: [{'name': 'f'}]"}, "bad_function"),
        ("xlam", {"query": "?", "tools": "[]"}, "wrong_form"),
        ("xlam", {"query": "?", "tools": "[]", "answers": "[{"}, "decoder_failed"),
        ("xlam", {"query": "?", "tools": "[1]", "answers": "[]"}, "bad_function"),
        ("glaive", glaive_row("Hello!"), "wrong_form"),
        ("glaive", glaive_row("USER: Hi\n\nASSISTANT: <functioncall> {name: x}"), "decoder_failed"),
        ("hermes", hermes_row("<tool_call>{'name': 'x', 'arguments': [1]}</tool_call>"), "decoder_failed"),
        ("hermes", {"conversations": [{"from": "judge", "value": "x"}]}, "wrong_form"),
    ],
)
def test_a_broken_row_says_why(form: Any, row: Any, reason: str) -> None:
    with pytest.raises(UnreadableRowError) as caught:
        READERS[form](row)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_the_form_is_found_out() -> None:
    rows = {
        "toolace": toolace_row("no"),
        "xlam": xlam_row({}),
        "glaive": glaive_row(GLAIVE_CHAT),
        "hermes": hermes_row("no"),
    }
    assert {form: guess_form(row) for form, row in rows.items()} == {form: form for form in rows}
    assert choose_form([{"odd": 1}, rows["xlam"]]) == "xlam"
