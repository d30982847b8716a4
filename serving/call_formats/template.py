"""Prompts: by the model's own chat template where it shows tools and spells calls as the format does, else by ours.

Ours puts the tools and the calls into plain text; the model's own template, or ChatML, still frames the messages.
"""

import functools
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from serving.call_formats.format import Marks, ParsedCall, Template
from serving.call_formats.messages import PastCall, PlainMessage
from serving.call_formats.reader import spell_calls
from serving.refusals import RefusedError

_FOLDER = Path(__file__).parent
_OPEN_TURN = "\u2402open turn\u2403"  # stands where an unfinished answer goes on; cut off again
_OFFERED = {
    "type": "function",
    "function": {
        "name": "probe_offered",
        "description": "A probe.",
        "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    },
}
_CALLS = (PastCall("call_1", "probe_one", {"text": 'ü "x"'}), PastCall("call_2", "probe_two", {"number": 2}))

log = logging.getLogger("callmill")


class ChatMl:
    """The frames of messages where a model has no template."""

    chat_template: str | None = None

    def apply_chat_template(self, conversation: Sequence[dict[str, Any]], **options: Any) -> str:
        """Write messages of plain text."""
        return render_file("chatml.jinja", messages=conversation, **options)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(_FOLDER),
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (plain text, not HTML)
    )
    environment.filters["json"] = functools.partial(json.dumps, ensure_ascii=False)
    return environment


def render_file(name: str, **fields: Any) -> str:
    """Fill in a Jinja file beside this one.

    Raises:
        jinja2.UndefinedError: names the field that is missing.
    """
    return _environment().get_template(name).render(fields)


def find_disagreement(template: Template, marks: Marks, options: dict[str, Any], most_calls: int = 2) -> str | None:
    """Why the model's own template can't be used with this format, or None where it can.

    Args:
        template: the model's.
        marks: of the format.
        options: passed to the template.
        most_calls: 1: one call a message is enough.
    """
    if not template.chat_template:
        return "the model has no chat template"
    # By the template's text: a tokenizer is opened anew for every test and every worker.
    key = (repr(template.chat_template), marks)
    if key not in _DISAGREEMENTS:
        _DISAGREEMENTS[key] = _probe(template, marks, options, most_calls)
        if _DISAGREEMENTS[key]:
            log.info("Tools are put into the prompt as plain text: %s.", _DISAGREEMENTS[key])
    return _DISAGREEMENTS[key]


_DISAGREEMENTS: dict[tuple[str, Marks], str | None] = {}


def _probe(template: Template, marks: Marks, options: dict[str, Any], most_calls: int) -> str | None:
    calls = _CALLS[:most_calls]
    try:
        text = _apply(template, [each.as_chat() for each in _make_probe(calls)], tools=[_OFFERED], **options)
    except Exception as error:  # templates raise whatever Jinja and their own words raise
        return f"the model's chat template fails on {'calls' if most_calls > 1 else 'a call'} ({error})"
    if "probe_offered" not in text:
        return "the model's chat template does not show tools"
    expected = spell_calls(marks, [ParsedCall(each.name, each.spelled) for each in calls])
    if expected not in text:
        return f"the model's chat template spells calls otherwise; expected {expected!r}"
    return None


def _make_probe(calls: tuple[PastCall, ...]) -> list[PlainMessage]:
    results = [PlainMessage("tool", "probe result", (), call.id, call.name) for call in calls]
    return [PlainMessage("user", "probe question"), PlainMessage("assistant", "", calls), *results]


def render_with_tools(
    messages: Sequence[PlainMessage], tools: Sequence[dict[str, Any]], template: Template, options: dict[str, Any]
) -> str:
    """The prompt as the model's own template writes it."""
    return _apply_or_refuse(
        template, [each.as_chat() for each in messages], tools=list(tools) or None, is_open=False, **options
    )


def render_plain(
    messages: Sequence[PlainMessage], template: Template, options: dict[str, Any], is_open: bool = False
) -> str:
    """The prompt of messages that hold nothing but text.

    Args:
        messages: system, user and assistant.
        template: frames them; ChatML where it has no text.
        options: passed to the template.
        is_open: the last message is an answer that goes on.
    """
    frame: Template = template if template.chat_template else ChatMl()
    chat = [each.as_chat() for each in messages]
    try:
        return _apply(frame, chat, is_open=is_open, **options)
    except jinja2.TemplateError:
        # Some templates (Gemma, Mistral) take no system role, or want user and assistant to alternate.
        return _apply_or_refuse(frame, alternate(chat), is_open=is_open, **options)


def alternate(chat: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the system's words to the user, and join neighbours of one role."""
    joined: list[dict[str, Any]] = []
    for message in chat:
        role = "assistant" if message["role"] == "assistant" else "user"
        if joined and joined[-1]["role"] == role:
            joined[-1] = {"role": role, "content": f"{joined[-1]['content']}\n\n{message['content']}"}
        else:
            joined.append({"role": role, "content": message["content"]})
    return joined


def _apply_or_refuse(template: Template, chat: list[dict[str, Any]], **options: Any) -> str:
    try:
        return _apply(template, chat, **options)
    except (jinja2.TemplateError, TypeError) as error:
        raise RefusedError(f"The model's chat template refuses these messages: {error}.", param="messages") from error


def _apply(template: Template, chat: list[dict[str, Any]], *, is_open: bool = False, **options: Any) -> str:
    if not is_open:
        return str(template.apply_chat_template(chat, tokenize=False, add_generation_prompt=True, **options))
    last = {**chat[-1], "content": chat[-1]["content"] + _OPEN_TURN}
    text = str(template.apply_chat_template([*chat[:-1], last], tokenize=False, add_generation_prompt=False, **options))
    return text[: text.rindex(_OPEN_TURN)]
