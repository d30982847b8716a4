"""What the readers of all forms share: parts of a row looked up, with words for what is wrong with it."""

import json
from collections.abc import Mapping
from typing import Any

from schemas.imported import CallRead, RowReason
from tasks.importing.literals import UnreadableTextError, find_objects, plain_value, read_value


class UnreadableRowError(Exception):
    """A row that is none of its form, or holds what cannot be read.

    Args:
        reason: of the closed list.
        detail: what came and what was expected.
    """

    def __init__(self, reason: RowReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: RowReason = reason
        self.detail = detail


def take(row: Mapping[str, Any], name: str) -> Any:
    """A field that a row of its form must have."""
    if row.get(name) is None:
        raise UnreadableRowError("wrong_form", f"no '{name}'; it has {', '.join(list(row)[:8]) or 'nothing'}")
    return row[name]


def take_text(row: Mapping[str, Any], name: str) -> str:
    """A field of text."""
    value = take(row, name)
    if not isinstance(value, str):
        raise UnreadableRowError("wrong_form", f"'{name}' is a {type(value).__name__}; expected text")
    return value


def take_turns(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(from, value) of each message of `conversations`."""
    turns = take(row, "conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise UnreadableRowError("wrong_form", "'conversations' is no list of messages with 'from' and 'value'")
    return [(take_text(turn, "from"), take_text(turn, "value")) for turn in turns]


def read_tools(given: Any) -> tuple[dict[str, Any], ...]:
    """The functions of a list, of JSON text of one, or of objects one after the other in a text."""
    if isinstance(given, str):
        text = given.strip()
        try:
            given = plain_value(json.loads(text, strict=False))
        except (ValueError, RecursionError):
            given = list(find_objects(text)) or _read_spelled(text)
    listed = [given] if isinstance(given, dict) else given
    if not isinstance(listed, list) or not all(isinstance(tool, dict) for tool in listed):
        raise UnreadableRowError("bad_function", f"no list of functions: {given!r:.100}")
    return tuple(listed)


def read_call(given: Any) -> CallRead:
    """`{"name": …, "arguments": {…}}`; the arguments may be JSON text."""
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise UnreadableRowError("decoder_failed", f"no call with a name: {given!r:.100}")
    arguments = given.get("arguments", given.get("parameters"))
    if isinstance(arguments, str):
        arguments = read_spelled(arguments) if arguments.strip() else {}
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise UnreadableRowError("decoder_failed", f"arguments are a {type(arguments).__name__}; expected an object")
    return CallRead(name=given["name"], arguments=arguments)


def read_spelled(text: str) -> Any:
    """The value that a call's text spells."""
    try:
        return read_value(text)
    except UnreadableTextError as error:
        raise UnreadableRowError("decoder_failed", str(error)) from error


def _read_spelled(text: str) -> Any:
    try:
        return read_value(text) if text else []
    except UnreadableTextError as error:
        raise UnreadableRowError("bad_function", str(error)) from error
