"""Read the questions of `prompts/` back from chat messages: which prompt it is and what its fields hold."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument, read_document


class Question(NamedTuple):
    """A prompt with its fields; only those of its kind are filled."""

    prompt: str
    """generate_pair, combine_queries, refuse, judge_calls, judge_refusal or answer_chat."""
    language: str = "en"
    style: str = ""
    optional: str = ""
    function: FunctionDocument | None = None
    functions: tuple[FunctionDocument, ...] = ()
    """Called functions, or those offered."""
    others: tuple[FunctionDocument, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    """Request and call (JSON text) of each part."""
    query: str = ""
    calls: str = ""
    answer: str = ""
    is_repair: bool = False


class UnknownPromptError(Exception):
    """The messages are none of the prompts that can be read."""


_CHAT = re.compile(r"^Write the answer in (\w+)\.$", re.MULTILINE)
_LANGUAGE = re.compile(r"^Write(?: the request)? in (\w+)\.$", re.MULTILINE)
_STYLE = re.compile(r"^Style: (.*)$", re.MULTILINE)
_OPTIONAL = re.compile(r"^Optional parameters: (.*)$", re.MULTILINE)
_PART = re.compile(r"^<part>\nRequest: (.*)\nFulfilled by: (.*)\n</part>$", re.MULTILINE)


def read_question(messages: Sequence[dict[str, Any]]) -> Question:
    """Recognise a prompt by the tagged sections of its first user message, chat by its system message.

    A second user message is the repair prompt; the original question is read again.

    Raises:
        UnknownPromptError: says what was expected.
    """
    texts = [str(message.get("content") or "") for message in messages if message.get("role") == "user"]
    text = texts[0] if texts else ""
    first = messages[0] if messages else {}
    if texts and first.get("role") == "system" and (chat := _CHAT.search(str(first.get("content") or ""))):
        return Question("answer_chat", language="zh" if chat.group(1) == "Chinese" else "en", query=texts[-1])
    for tag, read in _READERS.items():
        if f"\n<{tag}>\n" in f"\n{text}":
            return read(text)._replace(is_repair=len(texts) > 1)
    raise UnknownPromptError(
        "No prompt that the offline teacher can read; it answers generate_pair, combine_queries, refuse, judge_calls,"
        " judge_refusal, answer_chat and repair (all v1) and nothing else. For other prompts set"
        " CALLMILL_TEACHER_BASE_URL."
    )


def _section(text: str, tag: str) -> str:
    start = text.find(f"<{tag}>\n")
    end = text.rfind(f"</{tag}>")
    return text[start + len(tag) + 3 : end].removesuffix("\n") if 0 <= start < end else ""


def _documents(text: str, tag: str) -> tuple[FunctionDocument, ...]:
    return tuple(read_document(line) for line in _section(text, tag).split("\n") if line.strip())


def _find(pattern: re.Pattern[str], text: str) -> str:
    matches = pattern.findall(text)
    return str(matches[-1]) if matches else ""


def _language(text: str) -> str:
    return "zh" if _find(_LANGUAGE, text) == "Chinese" else "en"


def _read_generate(text: str) -> Question:
    start = text.rfind("\n<function>\n")
    head, document = text[:start], text[start + len("\n<function>\n") : text.rfind("\n</function>")]
    return Question(
        "generate_pair",
        language=_language(head),
        style=_find(_STYLE, head),
        optional=_find(_OPTIONAL, head),
        function=read_document(document),
    )


def _read_combine(text: str) -> Question:
    parts = tuple((request, call) for request, call in _PART.findall(text))
    head = text[: text.find("<part>")]
    return Question("combine_queries", language=_language(head), style=_find(_STYLE, head), parts=parts)


def _read_refuse(text: str) -> Question:
    head = text[: text.find("<offered>")]
    return Question(
        "refuse",
        language=_language(head),
        functions=_documents(text[: text.find("<query>")], "offered"),
        query=_section(text, "query"),
    )


def _read_judge_calls(text: str) -> Question:
    head, tail = text[: text.find("\n<query>\n")], text[text.find("\n<query>\n") :]
    cut = tail.rfind("\n<calls>\n")
    return Question(
        "judge_calls",
        functions=_documents(head, "called_functions"),
        others=_documents(head, "other_functions"),
        query=_section(tail[:cut], "query"),
        calls=_section(tail[cut:], "calls"),
    )


def _read_judge_refusal(text: str) -> Question:
    head, tail = text[: text.find("\n<query>\n")], text[text.find("\n<query>\n") :]
    cut = tail.rfind("\n<answer>\n")
    return Question(
        "judge_refusal",
        functions=_documents(head, "offered_functions"),
        query=_section(tail[:cut], "query"),
        answer=_section(tail[cut:], "answer"),
    )


_READERS = {
    "called_functions": _read_judge_calls,
    "offered_functions": _read_judge_refusal,
    "offered": _read_refuse,
    "part": _read_combine,
    "function": _read_generate,
}
