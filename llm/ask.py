"""From a rendered prompt to a checked record: ask, find the JSON, validate, and let the model repair it once."""

import functools
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

from pydantic import ValidationError

from llm.client import TeacherClient
from prompts.render import Rendered, render
from schemas.answer import Answer, Message, Request
from schemas.errors import RequestRefusedError
from schemas.record import Record
from schemas.verdict import WritingReason

REPAIR_PROMPT = "repair.v1"
_MOST_PROBLEMS = 5
_OBJECT_START = re.compile(r'\{\s*["}]')
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)

M_co = TypeVar("M_co", bound=Record, covariant=True)
M = TypeVar("M", bound=Record)


@dataclass(frozen=True)
class Asked(Generic[M_co]):
    """What came of a question: a value, or a reason why there is none."""

    value: M_co | None
    reason: WritingReason | None
    detail: str | None
    answer_ids: tuple[str, ...]
    """The answer, and that to the repair request if there was one."""
    repair_request: Request | None = None
    """Sent because the first answer could not be used."""


class Problem(NamedTuple):
    """Why an answer cannot be used."""

    reason: WritingReason
    detail: str


def make_request(
    rendered: Rendered, *, model: str, temperature: float, max_tokens: int, answer_model: type[Record] | None
) -> Request:
    """A request for a rendered prompt; the answer's JSON schema comes from its model."""
    return Request(
        prompt=rendered.prompt,
        model=model,
        messages=_to_messages(rendered),
        temperature=temperature,
        max_tokens=max_tokens,
        answer_schema=_schema_of(answer_model) if answer_model else None,
        answer_schema_name=answer_model.__name__ if answer_model else None,
    )


async def ask(client: TeacherClient, request: Request, draw: int, model: type[M]) -> Asked[M]:
    """Ask for a record; an answer that cannot be used is sent back once with what is wrong with it.

    Raises:
        TransientError: the step may be tried again.
        TerminalError: it may not; but a request that the endpoint refuses is a reason, not an error.
    """
    try:
        answer = await client.answer(request, draw)
    except RequestRefusedError as error:
        return Asked(None, "request_refused", str(error), ())
    value = read_answer(answer, model)
    if not isinstance(value, Problem):
        return Asked(value, None, None, (answer.answer_id,))
    repair = repair_request(request, answer, value)
    try:
        second = await client.answer(repair, draw)
    except RequestRefusedError as error:
        return Asked(None, value.reason, f"{value.detail}; repair: {error}", (answer.answer_id,), repair)
    answer_ids = (answer.answer_id, second.answer_id)
    repaired = read_answer(second, model)
    if isinstance(repaired, Problem):
        return Asked(None, repaired.reason, repaired.detail, answer_ids, repair)
    return Asked(repaired, None, None, answer_ids, repair)


def read_answer(answer: Answer, model: type[M]) -> M | Problem:
    """Find the one JSON object of an answer and validate it."""
    if not answer.text.strip():
        return Problem("cut_off" if answer.finish_reason == "length" else "no_answer", "the answer is empty")
    text = find_object(answer.text)
    if isinstance(text, Problem):
        if answer.finish_reason == "length":
            return Problem("cut_off", f"the answer is cut off after {answer.completion_tokens} tokens")
        return text
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        is_json = all(one["type"] != "json_invalid" for one in error.errors())  # half a UTF-16 pair in an escape
        return Problem("answer_schema" if is_json else "not_json", describe_errors(error))


def repair_request(request: Request, answer: Answer, problem: Problem) -> Request:
    """The same conversation, with the bad answer and what is wrong with it."""
    rendered = render(REPAIR_PROMPT, problem=problem.detail)
    bad = Message(role="assistant", content=answer.text.strip() or "{}")  # endpoints refuse an empty message
    return Request(  # not model_copy: that would keep the cached request_id
        prompt=rendered.prompt,
        model=request.model,
        messages=(*request.messages, bad, *_to_messages(rendered)),
        temperature=request.temperature,
        max_tokens=request.max_tokens,
        answer_schema=request.answer_schema,
        answer_schema_name=request.answer_schema_name,
    )


def find_object(text: str) -> str | Problem:
    """The text of the only JSON object in an answer: bare, in a fence, or among words."""
    try:
        objects = list(_scan_objects(_THOUGHTS.sub("", text)))
    except (ValueError, RecursionError) as error:
        return Problem("not_json", f"the JSON cannot be read: {error}")
    if len(objects) == 1:
        return objects[0]
    return Problem("not_json", f"{len(objects) or 'no'} JSON objects found, expected exactly one")


def describe_errors(error: ValidationError) -> str:
    """What does not fit, in words that a model can act on."""
    errors = error.errors(include_url=False, include_context=False)
    lines = [f"{'.'.join(map(str, one['loc'])) or 'answer'}: {one['msg']}" for one in errors[:_MOST_PROBLEMS]]
    more = [f"and {len(errors) - _MOST_PROBLEMS} more"] if len(errors) > _MOST_PROBLEMS else []
    return "; ".join([*lines, *more])


def _scan_objects(text: str) -> Iterator[str]:
    """Every outermost JSON object, from left to right; one that begins and does not end well is an error."""
    start = _OBJECT_START.search(text)
    while start:
        _, end = _DECODER.raw_decode(text, start.start())
        yield text[start.start() : end]
        start = _OBJECT_START.search(text, end)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _parse_finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_parse_finite)


def _to_messages(rendered: Rendered) -> tuple[Message, ...]:
    return tuple(Message.model_validate({"role": role, "content": content}) for role, content in rendered.messages)


@functools.cache
def _schema_of(model: type[Record]) -> dict[str, Any]:
    return model.model_json_schema()
