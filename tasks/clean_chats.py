"""From a row of somebody's chat set to turns in words, or the reason why it is left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from schemas.chat_data import Chat, ChatMessage, ChatQuestion, ChatRole, ChatTurns, LeftOutReason
from schemas.function import Language
from schemas.record import content_id
from tasks.chat_language import decide_language
from tasks.read_chats import TURN_COLUMNS, RawRow

_ROLES: dict[str, ChatRole] = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "bing": "assistant", "bard": "assistant", "claude": "assistant",
}  # fmt: skip
_CALLING_ROLES = {"tool", "function", "function_call", "observation", "tool_call", "tool_response"}


class Turns(NamedTuple):
    """A row's conversation as far as it could be read."""

    messages: tuple[ChatMessage, ...]
    language: Language | None


def read_turns(row: RawRow) -> Turns | LeftOutReason:
    """Roles in our words, texts trimmed, system messages joined; flagged rows and rows with calls are left out."""
    if row.value is None:
        return "not_json"
    columns, listed = _split_row(row.value)
    if not listed:
        return "no_messages"
    if reason := _find_flag(columns, listed):
        return reason
    if _has_calls(columns, listed):
        return "has_calls"
    messages = []
    for each in listed:
        message = _read_message(each)
        if not isinstance(message, ChatMessage):
            return message
        messages.append(message)
    messages = _lead_with_system(messages, columns)
    named = columns.get("language") or columns.get("lang")
    asked = [each.content for each in messages if each.role == "user"]
    return Turns(tuple(messages), decide_language(named, asked))


def read_chat(row: RawRow, languages: Sequence[Language]) -> Chat | LeftOutReason:
    """A whole conversation: user and assistant in turn, the last word the assistant's."""
    turns = read_turns(row)
    if not isinstance(turns, Turns):
        return turns
    spoken = [each.role for each in turns.messages if each.role != "system"]
    if not spoken or spoken != ["user", "assistant"] * (len(spoken) // 2) or _is_late(turns.messages):
        return "broken_turns"
    if turns.language is None or turns.language not in languages:
        return "other_language"
    columns, _ = _split_row(row.value)
    return Chat(
        chat_id=content_id([[each.role, each.content] for each in turns.messages]),
        language=turns.language,
        messages=turns.messages,
        source=row.source,
        row=row.row,
        written_by=next((v for n in ("written_by", "model") if isinstance(v := columns.get(n), str) and v), None),
    )


def read_question(row: RawRow, languages: Sequence[Language], turns_wanted: ChatTurns) -> ChatQuestion | LeftOutReason:
    """The questions of a row, whether or not anybody has answered them."""
    turns = read_turns(row)
    if not isinstance(turns, Turns):
        return turns
    system = next((each.content for each in turns.messages if each.role == "system"), None)
    spoken = [each for each in turns.messages if each.role != "system"]
    if not spoken or spoken[0].role != "user" or _is_late(turns.messages):
        return "broken_turns"
    questions = [each.content for each in spoken if each.role == "user"]
    if turns_wanted == "all" and any(a.role == b.role for a, b in pairwise(spoken)):
        return "broken_turns"
    if turns.language is None or turns.language not in languages:
        return "other_language"
    questions = questions[:1] if turns_wanted == "first" else questions
    return ChatQuestion(
        question_id=content_id(system, questions),
        language=turns.language,
        system=system,
        questions=tuple(questions),
        source=row.source,
        source_row=row.row,
    )


def _split_row(value: Any) -> tuple[Mapping[str, Any], list[Any]]:
    """A row's columns, and its list of messages; empty where it has none."""
    if isinstance(value, list):
        return {}, value
    if not isinstance(value, dict):
        return {}, []
    listed = next((value[name] for name in TURN_COLUMNS if value.get(name)), None)
    if isinstance(listed, str):
        try:
            listed = json.loads(listed)
        except ValueError:
            listed = None
    return value, listed if isinstance(listed, list) else []


def _find_flag(columns: Mapping[str, Any], listed: Sequence[Any]) -> LeftOutReason | None:
    flagged = [columns, *(each for each in listed if isinstance(each, dict))]
    if any(each.get("toxic") is True for each in flagged) or any(_moderations(columns)):
        return "toxic"
    return "redacted" if any(each.get("redacted") is True for each in flagged) else None


def _moderations(columns: Mapping[str, Any]) -> Iterator[bool]:
    verdicts = columns.get("openai_moderation")
    for verdict in verdicts if isinstance(verdicts, list) else []:
        yield isinstance(verdict, dict) and verdict.get("flagged") is True


def _has_calls(columns: Mapping[str, Any], listed: Sequence[Any]) -> bool:
    if columns.get("tools") not in (None, "", "[]", []):
        return True
    messages = [each for each in listed if isinstance(each, dict)]
    return any(each.get("tool_calls") or _role_of(each) in _CALLING_ROLES for each in messages)


def _role_of(message: Mapping[str, Any]) -> str:
    return str(message.get("role") or message.get("from") or "").strip().lower()


def _read_message(message: Any) -> ChatMessage | LeftOutReason:
    if not isinstance(message, dict):
        return "no_messages"
    role = _ROLES.get(_role_of(message))
    if role is None:
        return "unknown_role"
    content = message.get("content") if message.get("content") is not None else message.get("value")
    if isinstance(content, list):
        texts = [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]
        content = "\n".join(texts) if texts and len(texts) == len(content) else content
    if content is not None and not isinstance(content, str):
        return "not_text"
    text = (content or "").encode("utf-8", "replace").decode().strip()
    if not text and role != "system":
        return "empty_turn"
    return ChatMessage(role=role, content=text)


def _lead_with_system(messages: Sequence[ChatMessage], columns: Mapping[str, Any]) -> list[ChatMessage]:
    """What a column or the first messages tell the assistant, as one message."""
    head = next((place for place, each in enumerate(messages) if each.role != "system"), len(messages))
    told = [each.content for each in messages[:head] if each.content]
    column = columns.get("system") or columns.get("system_prompt")
    if not told and isinstance(column, str) and column.strip():
        told = [column.strip()]
    system = [ChatMessage(role="system", content="\n\n".join(told))] if told else []
    return [*system, *messages[head:]]


def _is_late(messages: Sequence[ChatMessage]) -> bool:
    """Whether somebody changes the instructions in the middle of a conversation."""
    return any(each.role == "system" for each in messages[1:])
