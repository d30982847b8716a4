"""Glaive's form (function calling v2), and its copies in sharegpt form.

`system` holds the functions, one JSON object after the other; `chat` is `USER: …`, `ASSISTANT: … <|endoftext|>`,
`ASSISTANT: <functioncall> {"name": …, "arguments": '{"city": "Oslo"}'} <|endoftext|>`, `FUNCTION RESPONSE: …`. In
copies `conversations` has messages from human, function_call, observation and gpt, and `tools` is JSON text.
"""

import re
from collections.abc import Mapping
from typing import Any

from schemas.imported import CallRead, Conversation, Turn
from tasks.importing.literals import UnreadableTextError, find_objects, read_value
from tasks.importing.row import UnreadableRowError, read_call, read_spelled, read_tools, take_text, take_turns

_SPEAKER = re.compile(r"(?:^|(?<=\s)|(?<=>))(USER|ASSISTANT|FUNCTION RESPONSE):")
_END = "<|endoftext|>"
_MARK = "<functioncall>"
_QUOTED = re.compile(r"""\{\s*"name":\s*"([^"]+)",\s*"arguments":\s*'(.*)'\s*\}""", re.DOTALL)


def read_glaive(row: Mapping[str, Any]) -> Conversation:
    """Read one row.

    Raises:
        UnreadableRowError: it is none of this form.
    """
    if "conversations" in row:
        return _read_sharegpt(row)
    tools = tuple(tool for tool in find_objects(take_text(row, "system")) if "name" in tool)
    pieces = _SPEAKER.split(take_text(row, "chat"))
    if pieces[0].strip() or len(pieces) < 3:
        raise UnreadableRowError("wrong_form", f"'chat' begins with {pieces[0].strip()[:60]!r}; expected USER:")
    turns = [
        _read_turn(who, text.replace(_END, "").strip()) for who, text in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    return Conversation(tools=tools, turns=tuple(turns))


def _read_turn(who: str, text: str) -> Turn:
    if who != "ASSISTANT":
        return Turn(role="user" if who == "USER" else "tool", text=text)
    words, *calls = text.split(_MARK)
    return Turn(role="assistant", text=words.strip(), calls=tuple(_read_functioncall(call.strip()) for call in calls))


def _read_functioncall(text: str) -> CallRead:
    """The arguments are JSON text in single quotes, in which an apostrophe stands as it is."""
    try:
        return read_call(read_value(text))
    except UnreadableTextError as error:
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            raise UnreadableRowError("decoder_failed", str(error)) from error
        return read_call({"name": quoted[1], "arguments": quoted[2].replace("\\'", "'")})


def _read_sharegpt(row: Mapping[str, Any]) -> Conversation:
    turns = []
    for who, text in take_turns(row):
        if who == "function_call":
            calls = read_spelled(text)
            listed = calls if isinstance(calls, list) else [calls]
            turns.append(Turn(role="assistant", calls=tuple(read_call(call) for call in listed)))
        elif who in ("human", "gpt", "observation"):
            role = {"human": "user", "gpt": "assistant", "observation": "tool"}[who]
            turns.append(Turn.model_validate({"role": role, "text": text}))
        elif who != "system":
            raise UnreadableRowError("wrong_form", f"a message from '{who}'; expected human, function_call or gpt")
    return Conversation(tools=read_tools(row.get("tools") or []), turns=tuple(turns))
