"""OpenAI's messages in one plain shape: text content, arguments as values, tool results in the order of their calls."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from serving.refusals import RefusedError

Role = Literal["system", "user", "assistant", "tool"]
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


@dataclass(frozen=True)
class PastCall:
    """A call of the conversation so far."""

    id: str
    name: str
    arguments: Any
    """A value; text where the conversation holds text that is no JSON."""

    @property
    def spelled(self) -> str:
        """Arguments as Qwen's and Hermes' templates write them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class PlainMessage:
    """One message."""

    role: Role
    content: str
    calls: tuple[PastCall, ...] = ()
    call_id: str = ""
    """Of a tool's result."""
    name: str = ""
    """Of the function whose result it is."""

    def as_chat(self) -> dict[str, Any]:
        """As transformers' chat templates take it: arguments are objects, not text."""
        chat: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.calls:
            chat["tool_calls"] = [
                {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
                for each in self.calls
            ]
        if self.role == "tool":
            chat |= {"tool_call_id": self.call_id, "name": self.name}
        return chat


def read_messages(messages: Sequence[dict[str, Any]]) -> list[PlainMessage]:
    """Read a request's messages; system messages at the start become one.

    Raises:
        RefusedError: 400, naming the message that is none, or whose content is not text.
    """
    plain = [_read_message(place, message) for place, message in enumerate(messages)]
    head = next((place for place, each in enumerate(plain) if each.role != "system"), len(plain))
    if head > 1:
        plain[:head] = [PlainMessage("system", "\n\n".join(each.content for each in plain[:head] if each.content))]
    return _order_results(plain)


def is_chinese(messages: Sequence[PlainMessage]) -> bool:
    """Whether the last user message is in Chinese."""
    words = next((each.content for each in reversed(messages) if each.role == "user"), "")
    return any("\u4e00" <= char <= "\u9fff" for char in words)


def _read_message(place: int, message: dict[str, Any]) -> PlainMessage:
    role = _ROLES.get(str(message.get("role")))
    if role is None:
        raise RefusedError(
            f"The role {message.get('role')!r} is not known; expected one of {', '.join(_ROLES)}.",
            param=f"messages[{place}].role",
        )
    calls = message.get("tool_calls") or [] if role == "assistant" else []
    return PlainMessage(
        role,
        _read_content(place, message.get("content")),
        tuple(_read_call(f"messages[{place}].tool_calls[{index}]", call) for index, call in enumerate(calls)),
        str(message.get("tool_call_id") or ""),
        str(message.get("name") or ""),
    )


def _read_content(place: int, content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    read = [part.get("text") if isinstance(part, dict) else part for part in parts]
    texts = [text for text in read if isinstance(text, str)]
    if len(texts) < len(read):
        raise RefusedError(
            "Only text can be read here; expected a string or parts of type text.", param=f"messages[{place}].content"
        )
    return "\n".join(texts)


def _read_call(param: str, call: Any) -> PastCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise RefusedError("A call holds a function with a name and arguments.", param=param)
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        with contextlib.suppress(ValueError):  # what another model wrote is shown as it is
            arguments = json.loads(arguments or "{}")
    return PastCall(str(call.get("id") or ""), function["name"], {} if arguments is None else arguments)


def _order_results(messages: list[PlainMessage]) -> list[PlainMessage]:
    """Results name their call by id, which no prompt shows; so they stand in the order of the calls."""
    ordered: list[PlainMessage] = []
    calls: tuple[PastCall, ...] = ()
    results: list[PlainMessage] = []
    for message in messages:
        if message.role == "tool":
            results.append(message)
            continue
        ordered += _sort_results(results, calls)
        results, calls = [], message.calls
        ordered.append(message)
    return ordered + _sort_results(results, calls)


def _sort_results(results: list[PlainMessage], calls: tuple[PastCall, ...]) -> list[PlainMessage]:
    places = {call.id: place for place, call in reversed(list(enumerate(calls))) if call.id}
    names = {call.id: call.name for call in calls}
    named = [
        PlainMessage("tool", each.content, (), each.call_id, names.get(each.call_id, each.name)) for each in results
    ]
    return sorted(named, key=lambda each: places.get(each.call_id, len(calls)))
