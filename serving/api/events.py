"""An answer as it grows: what may be shown at once passes, calls that need their validation are held back until it.

Without constraint, calls wait for the end: only then is it known whether the whole text reads as calls.
"""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from serving.api.answers import Answer, IllegalAnswerError, check_call, fault, find_function, read_answer
from serving.api.generating import Runner
from serving.api.limits import Visit
from serving.call_formats.format import ArgumentsDelta, CallEnded, CallStarted, Event, ParsedCall, TextDelta
from serving.calls import CallLanguage
from serving.engine import FinishReason, Generation


@dataclass(frozen=True)
class Finished:
    """The end of an answer."""

    finish: FinishReason
    tokens: int
    calls: int
    """Complete ones."""


async def read_events(runner: Runner, generation: Generation, visit: Visit) -> AsyncGenerator[Event | Finished, None]:
    """What a client may see of one generation, in order; the last is Finished.

    Raises:
        RefusedError: by the engine, 504, or 422 where a call is not legal.
    """
    language = generation.language
    gate = FreeGate() if language.is_free else Gate(language)
    reader = language.call_format.reader()
    tokens = 0
    texts: list[str] = []
    finish: FinishReason | None = None
    try:
        async with contextlib.aclosing(runner.pieces(generation, visit)) as pieces:
            async for piece in pieces:
                tokens += piece.tokens
                texts.append(piece.text)
                finish = piece.finish
                for event in _words(piece.text) if language.most_calls == 0 else reader.feed(piece.text):
                    for shown in gate.let_through(event):
                        yield shown
        for event in () if language.most_calls == 0 else reader.finish():
            for shown in gate.let_through(event):
                yield shown
        # Read whole once more: the same verdict as without streaming, also on what the reader never showed.
        answer = read_answer("".join(texts), finish or "stop", tokens, language)
    except IllegalAnswerError as problem:
        runner.metrics.refused_calls.labels(problem.reason).inc()
        raise
    for shown in gate.let_rest_through(answer):
        yield shown
    runner.metrics.calls.inc(gate.complete)
    yield Finished(finish or "stop", tokens, gate.complete)


def _words(text: str) -> list[Event]:
    return [TextDelta(text)] if text else []


class Gate:
    """Lets events through that can't become illegal any more, or only by a fault of ours."""

    def __init__(self, language: CallLanguage) -> None:
        self._language = language
        self._name = ""
        self._arguments: list[str] = []
        self._held: list[Event] | None = None
        """Events of a call that has to be validated first; None: the call is shown as it grows."""
        self.started = 0
        self.complete = 0

    def let_through(self, event: Event) -> list[Event]:
        """What may be shown now.

        Raises:
            IllegalAnswerError: the call is not legal.
        """
        match event:
            case TextDelta(text):
                if text.strip() and not self._language.may_talk:
                    raise fault("words", f"The model said {text[:80]!r} where only calls were allowed.")
                return [event]
            case CallStarted(_, name):
                return self._start(event, name)
            case ArgumentsDelta(_, text):
                self._arguments.append(text)
                return self._hold(event)
            case CallEnded():
                return self._end(event)

    def let_rest_through(self, answer: Answer) -> list[Event]:
        """What the whole answer adds: nothing."""
        return []

    def _start(self, event: Event, name: str) -> list[Event]:
        most = self._language.most_calls
        if most is not None and self.started >= most:
            raise fault("count", f"The model began call {self.started + 1}; at most {most} were asked for.")
        function = find_function(name, self._language)
        self.started += 1
        self._name = name
        self._arguments = []
        self._held = [] if function.arguments.widened else None
        return self._hold(event)

    def _hold(self, event: Event) -> list[Event]:
        if self._held is None:
            return [event]
        self._held.append(event)
        return []

    def _end(self, event: Event) -> list[Event]:
        check_call(ParsedCall(self._name, "".join(self._arguments)), self._language)
        self.complete += 1
        shown = [*(self._held or ()), event]
        self._held = None
        return shown


class FreeGate:
    """Lets words through as they come, and calls, legal or not, once the whole answer reads as calls."""

    def __init__(self) -> None:
        self._shown = 0
        self.complete = 0

    def let_through(self, event: Event) -> list[Event]:
        """What may be shown now: words before the first call."""
        if not isinstance(event, TextDelta):
            return []
        self._shown += len(event.text)
        return [event]

    def let_rest_through(self, answer: Answer) -> list[Event]:
        """What the whole answer adds: its calls, or what looked like calls and is words."""
        self.complete = len(answer.calls)
        rest = answer.content[self._shown :]
        shown: list[Event] = [TextDelta(rest)] if rest else []
        for place, call in enumerate(answer.calls):
            shown += [CallStarted(place, call.name), ArgumentsDelta(place, call.arguments), CallEnded(place)]
        return shown
