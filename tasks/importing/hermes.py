"""The form of Hermes function calling v1.

`conversations` has messages from system (`<tools>[{"type": "function", …}]</tools>`), human, tool and gpt
(`<tool_call>{'name': …, 'arguments': {…}}</tool_call>`, JSON or Python's spelling); `tools` is JSON text, or missing.
"""

import re
from collections.abc import Mapping
from typing import Any

from schemas.imported import Conversation, Turn
from tasks.importing.row import UnreadableRowError, read_call, read_spelled, read_tools, take_turns

_TOOLS = re.compile(r"<tools>(.*?)</tools>", re.DOTALL)
_CALL = re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.DOTALL)
_THOUGHTS = re.compile(r"<(scratch_pad|think)>.*?</\1>", re.DOTALL)
_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "tool": "tool"}


def read_hermes(row: Mapping[str, Any]) -> Conversation:
    """Read one row; thoughts that stand between marks are left out.

    Raises:
        UnreadableRowError: it is none of this form.
    """
    turns = take_turns(row)
    system = "\n".join(text for who, text in turns if who == "system")
    tools = read_tools(row["tools"]) if row.get("tools") else _find_tools(system)
    return Conversation(tools=tools, turns=tuple(_read_turn(who, text) for who, text in turns if who != "system"))


def _find_tools(system: str) -> tuple[dict[str, Any], ...]:
    """What stands between the marks; the sentence that explains them holds a pair with nothing between."""
    listed = next((inside for inside in _TOOLS.findall(system) if "{" in inside), "")
    return read_tools(listed) if listed else ()


def _read_turn(who: str, text: str) -> Turn:
    if who not in _ROLES:
        raise UnreadableRowError("wrong_form", f"a message from '{who}'; expected {', '.join(_ROLES)}")
    if _ROLES[who] != "assistant":
        return Turn.model_validate({"role": _ROLES[who], "text": text})
    calls = tuple(read_call(read_spelled(inside.strip())) for inside in _CALL.findall(text))
    return Turn(role="assistant", text=_THOUGHTS.sub("", _CALL.sub("", text)).strip(), calls=calls)
