"""A whole answer: read, and let out only if every call in it is legal, unless nothing holds the model to that."""

import logging
from dataclasses import dataclass

from serving.call_formats.format import ParsedAnswer, ParsedCall
from serving.calls import CallLanguage, OfferedFunction
from serving.engine import FinishReason
from serving.refusals import RefusedError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What goes out: words, and calls that were checked unless the language is free."""

    content: str
    calls: tuple[ParsedCall, ...]
    finish: FinishReason
    tokens: int


class IllegalAnswerError(RefusedError):
    """An answer was made and may not go out."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, status=422, code="illegal_call")
        self.reason = reason
        """For the metrics: arguments, name, count, cut or words."""


def read_answer(text: str, finish: FinishReason, tokens: int, language: CallLanguage) -> Answer:
    """Read a complete text.

    Raises:
        IllegalAnswerError: a call in it is not legal.
    """
    if language.most_calls == 0:
        return Answer(text, (), finish, tokens)
    parsed = language.call_format.parse(text)
    if language.is_free:
        return _read_free(text, parsed, finish, tokens)
    if finish == "length":
        # Calls before the cut are not the whole answer; nobody should act on half of it.
        return Answer(parsed.content, (), finish, tokens)
    check_shape(len(parsed.calls), parsed.is_cut, language)
    if parsed.content and not language.may_talk:
        raise fault("words", f"The model said {parsed.content[:80]!r} where only calls were allowed.")
    for call in parsed.calls:
        check_call(call, language)
    return Answer(parsed.content, parsed.calls, finish, tokens)


def _read_free(text: str, parsed: ParsedAnswer, finish: FinishReason, tokens: int) -> Answer:
    """Calls as they stand, illegal ones too; an answer that does not read as calls to its end is words."""
    if parsed.calls and not parsed.is_cut and finish == "stop":
        return Answer(parsed.content, parsed.calls, finish, tokens)
    return Answer(text.strip(), (), finish, tokens)


def check_shape(calls: int, is_cut: bool, language: CallLanguage) -> None:
    """Whether a finished answer has as many calls as it may, and all whole.

    Raises:
        IllegalAnswerError: it has not, which the language should have made impossible.
    """
    if is_cut:
        raise fault("cut", "The model's answer ended inside a call.")
    if not calls and not language.may_talk:
        raise fault("count", "The model made no call; at least one was asked for.")
    if language.most_calls is not None and calls > language.most_calls:
        raise fault("count", f"The model made {calls} calls; at most {language.most_calls} were asked for.")


def check_call(call: ParsedCall, language: CallLanguage) -> None:
    """Whether a complete call is legal.

    Raises:
        IllegalAnswerError: it is not.
    """
    function = find_function(call.name, language)
    problem = function.find_problem(call.arguments)
    if problem is None:
        return
    message = f"The model called {call.name} with arguments its schema does not allow: {problem}."
    if not function.arguments.widened:
        raise fault("arguments", f"{message} Arguments: {call.arguments[:500]}")
    widened = ", ".join(function.arguments.widened)
    raise IllegalAnswerError(f"{message} Not held to while it was made: {widened}. Ask again.", "arguments")


def find_function(name: str, language: CallLanguage) -> OfferedFunction:
    """The function of that name.

    Raises:
        IllegalAnswerError: none is offered.
    """
    for function in language.functions:
        if function.name == name:
            return function
    raise fault("name", f"The model called {name!r}, which is not offered.")


def fault(reason: str, message: str) -> IllegalAnswerError:
    """A refusal that no answer should ever need: the language should have prevented it."""
    log.error("An answer outside its language was held back: %s", message)
    return IllegalAnswerError(message, reason)
