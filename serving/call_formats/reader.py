"""Reads calls between marks out of an answer, whole or as it grows; and spells them.

White space around the marks may differ from how they are spelled: an unconstrained model's calls are read too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from serving.call_formats.format import (
    ArgumentsDelta,
    CallEnded,
    CallStarted,
    Event,
    Marks,
    ParsedAnswer,
    ParsedCall,
    TextDelta,
)

State = Literal["text", "head", "name", "between", "arguments", "tail", "after", "over", "broken"]

_INSIDE_CALL = frozenset({"head", "name", "between", "arguments", "tail", "broken"})
_TURNS = re.compile(r'["\\{}\[\]]')
_STRING_TURNS = re.compile(r'["\\]')
_MOST_NAME = 256  # characters; names of the OpenAI API have 64 at most


@dataclass
class _JsonDepth:
    """Where in an object we are: it ends with the brace that takes the depth to 0."""

    depth: int = 0
    is_string: bool = False
    is_escaped: bool = False

    def find_end(self, text: str) -> int | None:
        """Read on; the place just behind the object's last brace, or None where the text ends within it."""
        place = 0
        while place < len(text):
            if self.is_escaped:
                self.is_escaped = False
                place += 1
                continue
            turn = (_STRING_TURNS if self.is_string else _TURNS).search(text, place)
            if turn is None:
                return None
            place = turn.end()
            self._take(turn[0])
            if self.depth == 0:
                return place
        return None

    def _take(self, char: str) -> None:
        if char == "\\":
            self.is_escaped = self.is_string
        elif char == '"':
            self.is_string = not self.is_string
        else:
            self.depth += 1 if char in "{[" else -1


@dataclass
class CallReader:
    """Reads one answer; a `StreamReader`."""

    marks: Marks
    begins_with_call: bool = False
    """Whether the prompt already holds the first call's trigger; the answer may repeat it."""
    _state: State = field(init=False)
    _held: str = field(init=False, default="")
    _calls: int = field(init=False, default=0)
    _has_text: bool = field(init=False, default=False)
    _mark: str = field(init=False, default="")
    _json: _JsonDepth = field(init=False, default_factory=_JsonDepth)

    def __post_init__(self) -> None:
        self._state = "text"
        if self.begins_with_call:
            self._expect("head", self.marks.head)

    @property
    def is_cut(self) -> bool:
        """Whether a call has begun and not ended."""
        return self._state in _INSIDE_CALL

    def feed(self, text: str) -> list[Event]:
        """What these characters complete."""
        self._held += text
        events: list[Event] = []
        while self._held and self._step(events):
            pass
        return events

    def finish(self) -> list[Event]:
        """Words that were held back in case a mark followed."""
        held, self._held = self._held.rstrip(), ""
        return self._say(held) if self._state == "text" and held else []

    def _step(self, events: list[Event]) -> bool:
        """Read on in this state; False: more text is needed."""
        match self._state:
            case "text":
                return self._read_text(events)
            case "head" | "between" | "tail":
                return self._read_mark(events)
            case "name":
                return self._read_name(events)
            case "arguments":
                return self._read_arguments(events)
            case "after":
                return self._read_after()
            case "over" | "broken":
                self._held = ""
                return False

    def _read_text(self, events: list[Event]) -> bool:
        start = self._held.find(self.marks.trigger)
        if start >= 0:
            events += self._say(self._held[:start].rstrip())
            self._begin_call(start)
            return True
        keep = begun_mark(self._held, self.marks.trigger)
        # Blanks before a call are not part of the words, so they wait for what follows.
        sure = self._held[: len(self._held) - keep].rstrip()
        events += self._say(sure)
        self._held = self._held[len(sure) :]
        return False

    def _say(self, text: str) -> list[Event]:
        text = text if self._has_text else text.lstrip()
        self._has_text = self._has_text or bool(text)
        return [TextDelta(text)] if text else []

    def _begin_call(self, start: int) -> None:
        self._held = self._held[start + len(self.marks.trigger) :]
        self._expect("head", self.marks.head)

    def _expect(self, state: State, mark: str) -> None:
        self._state, self._mark = state, "".join(mark.split())

    def _read_mark(self, events: list[Event]) -> bool:
        """Take the mark's characters, whatever white space stands among them."""
        if self._state == "head" and self.begins_with_call and not self._calls and self._is_trigger_repeated():
            return False
        self._held = self._held.lstrip() if self._mark else self._held
        while self._mark and self._held:
            if self._held[0] != self._mark[0]:
                return self._break()
            self._held, self._mark = self._held[1:].lstrip() if self._mark[1:] else self._held[1:], self._mark[1:]
        if self._mark:
            return False
        if self._state == "head":
            self._state = "name"
        elif self._state == "between":
            self._state, self._json = "arguments", _JsonDepth()
        else:
            events.append(CallEnded(self._calls - 1))
            self._state = "after"
        return True

    def _is_trigger_repeated(self) -> bool:
        """Drop a trigger that the answer repeats; True: what there is may yet become one."""
        self._held = self._held.removeprefix(self.marks.trigger)
        return bool(self._held) and self.marks.trigger.startswith(self._held)

    def _read_name(self, events: list[Event]) -> bool:
        stop = self._held.find(self.marks.between[0])
        if stop < 0:
            return self._break() if len(self._held) > _MOST_NAME else False
        name = self._held[:stop].strip()
        if not name:
            return self._break()
        self._calls += 1
        events.append(CallStarted(self._calls - 1, name))
        self._held = self._held[stop:]
        self._expect("between", self.marks.between)
        return True

    def _read_arguments(self, events: list[Event]) -> bool:
        if not self._json.depth:
            self._held = self._held.lstrip()
            if not self._held.startswith("{"):
                return self._break() if self._held else False
        end = self._json.find_end(self._held)
        text, self._held = (self._held, "") if end is None else (self._held[:end], self._held[end:])
        events.append(ArgumentsDelta(self._calls - 1, text))
        if end is not None:
            self._expect("tail", self.marks.tail)
        # An empty tail is complete without another character.
        return end is not None and (bool(self._held) or self._read_mark(events))

    def _read_after(self) -> bool:
        """Words behind a call belong to nothing; the next trigger, or the end mark, counts."""
        start = self._held.find(self.marks.trigger)
        end = self._held.find(self.marks.end) if self.marks.end else -1
        if end >= 0 and not 0 <= start < end:
            self._state = "over"
            return True
        if start >= 0:
            self._begin_call(start)
            return True
        keep = max(begun_mark(self._held, mark) for mark in (self.marks.trigger, self.marks.end))
        self._held = self._held[len(self._held) - keep :]
        return False

    def _break(self) -> bool:
        self._state = "broken"
        return True


def begun_mark(text: str, mark: str) -> int:
    """Length of the longest suffix that the mark may begin with."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if text.endswith(mark[:length]):
            return length
    return 0


def read_answer(marks: Marks, text: str) -> ParsedAnswer:
    """Read a whole answer; a call that did not end is left out."""
    reader = CallReader(marks)
    words, names, arguments, ended = "", dict[int, str](), dict[int, str](), list[int]()
    for event in [*reader.feed(text), *reader.finish()]:
        match event:
            case TextDelta(more):
                words += more
            case CallStarted(index, name):
                names[index] = name
            case ArgumentsDelta(index, more):
                arguments[index] = arguments.get(index, "") + more
            case CallEnded(index):
                ended.append(index)
    return ParsedAnswer(words, tuple(ParsedCall(names[each], arguments[each]) for each in ended), reader.is_cut)


def spell_calls(marks: Marks, calls: Sequence[ParsedCall]) -> str:
    """Calls as the model is to write them, without the end mark."""
    return marks.separator.join(
        f"{marks.trigger}{marks.head}{call.name}{marks.between}{call.arguments}{marks.tail}" for call in calls
    )
