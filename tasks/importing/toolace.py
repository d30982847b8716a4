"""ToolACE's form.

`system` holds a JSON list of functions among its sentences; `conversations` has messages from user, assistant and tool;
an assistant says words, or calls such as `[Get Weather(city="Oslo")]`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from schemas.imported import Conversation, Turn
from tasks.importing.literals import UnreadableTextError, plain_value
from tasks.importing.python_calls import looks_like_calls, read_python_calls
from tasks.importing.row import UnreadableRowError, take_text, take_turns

_LIST = re.compile(r"\[\s*\{")
_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "tool": "tool"}


def read_toolace(row: Mapping[str, Any]) -> Conversation:
    """Read one row.

    Raises:
        UnreadableRowError: it is none of this form.
    """
    turns = take_turns(row)
    system = (
        take_text(row, "system") if "system" in row else "\n".join(text for role, text in turns if role == "system")
    )
    read = [_read_turn(role, text) for role, text in turns if role != "system"]
    return Conversation(tools=_find_functions(system), turns=tuple(read))


def _find_functions(system: str) -> tuple[dict[str, Any], ...]:
    """The first list of named objects in the system's text."""
    decoder = json.JSONDecoder(strict=False)
    for start in _LIST.finditer(system):
        try:
            found, _ = decoder.raw_decode(system, start.start())
        except (ValueError, RecursionError):
            continue
        if all(isinstance(one, dict) and "name" in one for one in found):
            return tuple(plain_value(found))
    if _LIST.search(system):
        raise UnreadableRowError("bad_function", "the system's list of functions is no JSON")
    return ()


def _read_turn(role: str, text: str) -> Turn:
    if role not in _ROLES:
        raise UnreadableRowError("wrong_form", f"a message from '{role}'; expected {', '.join(_ROLES)}")
    if _ROLES[role] != "assistant" or not looks_like_calls(text):
        return Turn.model_validate({"role": _ROLES[role], "text": text})
    try:
        return Turn(role="assistant", calls=read_python_calls(text))
    except UnreadableTextError as error:
        raise UnreadableRowError("decoder_failed", str(error)) from error
