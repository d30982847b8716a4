"""A row of ours, read once for every form: plain messages, which answers are learnt, and the tools as they are stored.

A row holds JSON text, as in our Parquet: messages `[{"role": "user", "content": "…"}, …]`, tools `[{"type": …}]`.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.export import NotCarried
from serving.call_formats.messages import PastCall, PlainMessage, read_messages
from serving.refusals import RefusedError


class NotCarriedError(Exception):
    """This row has no place in the form."""

    def __init__(self, reason: NotCarried) -> None:
        super().__init__(reason)
        self.reason = reason


class Turn(NamedTuple):
    """One message."""

    message: PlainMessage
    is_learnt: bool
    """False for an answer of weight 0; true for everything that nobody learns anyway."""


class Conversation(NamedTuple):
    """One row."""

    messages_text: str
    """OpenAI messages as they are stored."""
    tools_text: str
    """OpenAI tools as they are stored; `[]` where there are none."""
    turns: tuple[Turn, ...]
    """System messages at the start are one, results stand in the order of their calls, arguments are objects."""
    tools: tuple[dict[str, Any], ...]


def read_conversation(messages_text: str, tools_text: str | None) -> Conversation:
    """Read a row.

    Raises:
        NotCarriedError: it is not in OpenAI's chat form, or a call's arguments are no object.
    """
    try:
        messages, tools = json.loads(messages_text), json.loads(tools_text or "[]")
        plain = read_messages(messages)
        json.dumps([messages, tools], ensure_ascii=False).encode()  # half a UTF-16 pair is no text to Arrow
    except (ValueError, TypeError, AttributeError, RefusedError) as error:
        raise NotCarriedError("unreadable") from error
    if not plain or not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise NotCarriedError("unreadable")
    if not all(isinstance(call.arguments, dict) for message in plain for call in message.calls):
        raise NotCarriedError("arguments_no_object")
    # Reading joins and sorts only messages of other roles, so the n-th answer stays the n-th.
    weights = iter([message.get("weight") != 0 for message in messages if message["role"] == "assistant"])
    turns = tuple(Turn(each, each.role != "assistant" or next(weights)) for each in plain)
    return Conversation(messages_text, tools_text or "[]", turns, tuple(tools))


def require_all_learnt(conversation: Conversation) -> None:
    """For a form that teaches every answer it shows.

    Raises:
        NotCarriedError: an answer is not to be learnt.
    """
    if not all(turn.is_learnt for turn in conversation.turns):
        raise NotCarriedError("masked_answer")


def require_answer_last(conversation: Conversation) -> None:
    """For a form that learns the last message.

    Raises:
        NotCarriedError: it is not the assistant's.
    """
    if conversation.turns[-1].message.role != "assistant":
        raise NotCarriedError("no_answer_last")


def take_turns(conversation: Conversation) -> tuple[str, list[list[PlainMessage]]]:
    """System text ("" for none), then what the assistant reads and what it answers, in turn: results stand together.

    Raises:
        NotCarriedError: system text in the middle, roles that do not take turns, or no answer at the end.
    """
    require_answer_last(conversation)
    messages = [turn.message for turn in conversation.turns]
    system = messages.pop(0).content if messages[0].role == "system" else ""
    if any(message.role == "system" for message in messages):
        raise NotCarriedError("system_not_first")
    parts = _join_results(messages)
    for place, part in enumerate(parts):
        expected = ("assistant",) if place % 2 else ("user",) if place == 0 else ("user", "tool")
        if part[0].role not in expected:
            raise NotCarriedError("turns_do_not_alternate")
    return system, parts


def _join_results(messages: Sequence[PlainMessage]) -> list[list[PlainMessage]]:
    parts: list[list[PlainMessage]] = []
    for message in messages:
        if message.role == "tool" and parts and parts[-1][0].role == "tool":
            parts[-1].append(message)
        else:
            parts.append([message])
    return parts


def spell_call(call: PastCall) -> str:
    """`{"name": …, "arguments": {…}}`."""
    return json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)


def escape_marks(text: str) -> str:
    """JSON text in which no mark can stand, since each `<` is an escape; it reads back the same."""
    return text.replace("<", "\\u003c")


def holds_mark(text: str, marks: Sequence[str]) -> bool:
    """Whether a reader of the form would take a part of this text for a mark."""
    return any(mark in text for mark in marks)
