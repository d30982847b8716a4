"""Any answer, cut into any pieces, reads the same; and what is spelled is read back."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.call_formats.format import (
    ArgumentsDelta,
    CallEnded,
    CallStarted,
    Event,
    ParsedAnswer,
    ParsedCall,
    TextDelta,
)
from serving.call_formats.open import CALL_FORMATS, KnownFormat, open_call_format
from serving.call_formats.reader import CallReader, spell_calls

FORMATS = [open_call_format(name) for name in CALL_FORMATS]
quick = settings(max_examples=60, deadline=None)
each_format = pytest.mark.parametrize("call_format", FORMATS, ids=CALL_FORMATS)
MARK_TEXTS = ["<tool_call>", "</tool_call>", "}\n</tool_call>", '{"name": "', "✿FUNCTION✿", "✿RESULT✿", "✿ARGS✿: "]

texts = st.lists(
    st.one_of(st.sampled_from([*MARK_TEXTS, '"', "\\", "{", "}", "[", "]", "\n", " "]), st.text(max_size=4))
).map("".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
calls = st.builds(
    lambda name, arguments: ParsedCall(name, json.dumps(arguments, ensure_ascii=False)),
    st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True),
    st.dictionaries(texts, values, max_size=3),
)


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces, ends at these places."""
    ends = sorted({place % (len(text) + 1) for place in places} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def join(events: list[Event]) -> ParsedAnswer:
    """What the pieces say together, and that they come in order."""
    content, read, ended = "", list[ParsedCall](), 0
    for event in events:
        match event:
            case TextDelta(text):
                assert text
                assert not read, "words behind a call"
                content += text
            case CallStarted(index, name):
                assert index == len(read) == ended
                read.append(ParsedCall(name, ""))
            case ArgumentsDelta(index, text):
                assert index == len(read) - 1 == ended
                read[index] = ParsedCall(read[index].name, read[index].arguments + text)
            case CallEnded(index):
                assert index == ended
                ended += 1
    return ParsedAnswer(content, tuple(read[:ended]), False)


def read_pieces(call_format: KnownFormat, pieces: list[str]) -> tuple[ParsedAnswer, CallReader]:
    reader = call_format.reader()
    events = [event for piece in pieces for event in reader.feed(piece)] + reader.finish()
    return join(events), reader


@each_format
@quick
@given(words=texts, spelled=st.lists(calls, max_size=3), rest=texts, places=st.lists(st.integers(0, 500)))
@example(words="", spelled=[], rest='<tool_call>\n{"name": "f", "arguments": {}}', places=[])
def test_any_split_of_any_answer_reads_as_the_whole(
    call_format: KnownFormat, words: str, spelled: list[ParsedCall], rest: str, places: list[int]
) -> None:
    answer = words + spell_calls(call_format.marks, spelled) + rest
    whole = call_format.parse(answer)
    read, reader = read_pieces(call_format, cut(answer, places))
    assert (read.content, read.calls, reader.is_cut) == (whole.content, whole.calls, whole.is_cut)


@each_format
@quick
@given(words=st.text(alphabet="abc 晴\n<✿", max_size=20), spelled=st.lists(calls, min_size=1, max_size=3))
def test_spelled_calls_are_read_back(call_format: KnownFormat, words: str, spelled: list[ParsedCall]) -> None:
    answer = words + spell_calls(call_format.marks, spelled) + call_format.marks.end
    assert call_format.parse(answer) == ParsedAnswer(words.strip(), tuple(spelled), False)


@each_format
@quick
@given(spelled=st.lists(calls, min_size=1, max_size=2), place=st.integers(1, 400))
def test_a_cut_answer_gives_its_whole_calls_and_says_that_it_is_cut(
    call_format: KnownFormat, spelled: list[ParsedCall], place: int
) -> None:
    answer = spell_calls(call_format.marks, spelled)
    parsed = call_format.parse(answer[: place % len(answer)])
    assert parsed.calls == tuple(spelled[: len(parsed.calls)])
    assert parsed.is_cut or not parsed.content or call_format.marks.trigger.startswith(parsed.content)


@each_format
@quick
@given(words=texts, places=st.lists(st.integers(0, 200)))
def test_no_part_of_a_mark_is_shown_before_it_is_known_to_be_none(
    call_format: KnownFormat, words: str, places: list[int]
) -> None:
    trigger = call_format.marks.trigger
    reader = call_format.reader()
    shown = ""
    for piece in cut(words.replace(trigger, "") + trigger, places):
        shown += "".join(event.text for event in reader.feed(piece) if isinstance(event, TextDelta))
    assert shown == call_format.parse(words.replace(trigger, "") + trigger).content
    assert trigger not in shown
    assert reader.is_cut


def test_arguments_come_as_they_are_written_and_the_tail_is_held_back() -> None:
    reader = open_call_format("hermes").reader()
    pieces = [
        "Well.\n<tool",
        '_call>\n{"name": "get',
        '_weather", "arguments": {"city"',
        ': "a}',
        '"}',
        "}\n</tool_",
        "call>",
    ]
    assert [reader.feed(piece) for piece in pieces] == [
        [TextDelta("Well.")],
        [],
        [CallStarted(0, "get_weather"), ArgumentsDelta(0, '{"city"')],
        [ArgumentsDelta(0, ': "a}')],
        [ArgumentsDelta(0, '"}')],
        [],
        [CallEnded(0)],
    ]


@pytest.mark.parametrize(
    "answer",
    [
        '<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>',
        '<tool_call>\n{ "name": "f",\n "arguments": {"a":1} }\n</tool_call>\n\nDone, I hope.',
    ],
)
def test_an_unconstrained_model_may_use_other_white_space(answer: str) -> None:
    assert open_call_format("hermes").parse(answer).calls == (ParsedCall("f", '{"a":1}'),)


@pytest.mark.parametrize(
    "answer",
    [
        "<tool_call>\nhello",
        '<tool_call>\n{"name": "", "arguments": {}}',
        '<tool_call>\n{"name": "f", "arguments": "x"}',
    ],
)
def test_what_is_no_call_is_a_call_that_did_not_end(answer: str) -> None:
    assert open_call_format("hermes").parse(answer + "\n</tool_call>") == ParsedAnswer("", (), True)


@each_format
@pytest.mark.parametrize("is_repeated", [False, True])
def test_an_answer_may_begin_behind_the_trigger(call_format: KnownFormat, is_repeated: bool) -> None:
    call = ParsedCall("f", '{"a": 1}')
    answer = spell_calls(call_format.marks, [call, call])
    reader = call_format.reader(begins_with_call=True)
    text = answer if is_repeated else answer.removeprefix(call_format.marks.trigger)
    assert join([event for char in text for event in reader.feed(char)]).calls == (call, call)
