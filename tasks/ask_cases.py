"""Ask a model every case of a suite: requests with tools, answers read as they came, faults kept apart from answers."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.answer import Answer, Message, Request
from schemas.errors import CallmillError, RequestRefusedError, TerminalError, TransientError, UnreachableError
from schemas.evaluation import Case, Given, GivenCall, Sampling
from schemas.record import json_text
from tasks.batches import gather_all
from tasks.evaluation_run import Contestant

PROMPT_NAME = "evaluation"
"""In the place of a prompt file's name: the text is the case's own."""


class Answered(NamedTuple):
    """What came back for one case."""

    case: Case
    given: Given
    answer: Answer | None
    """None: a fault."""
    fault: CallmillError | None = None


def make_request(
    messages: Sequence[dict[str, Any]],
    tools: Sequence[dict[str, Any]],
    contestant: Contestant,
    sampling: Sampling,
    max_tokens: int | None,
) -> Request:
    """A chat request with tools, drawn as the sampling says."""
    return Request(
        prompt=PROMPT_NAME,
        model=contestant.settings.model or "",
        messages=tuple(_read_message(message) for message in messages),
        tools=tuple(tools),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        repetition_penalty=sampling.repetition_penalty,
        max_tokens=max_tokens,
        context=contestant.context,
        may_be_empty=True,
    )


def read_given(answer: Answer) -> Given:
    """The calls and words of an answer, as they came."""
    message = read_message(answer)
    calls = message.get("tool_calls")
    if calls:
        return Given(calls=tuple(_read_call(call) for call in calls) if isinstance(calls, list) else (_odd(calls),))
    # No content at all is not the same as empty content: BFCL's handler cannot read the first.
    has_words = message.get("content") is not None or answer.text
    return Given(text=answer.text if has_words else None)


def read_message(answer: Answer) -> dict[str, Any]:
    """The message of a chat completion."""
    message: dict[str, Any] = json.loads(answer.raw)["choices"][0]["message"]
    return message


async def ask_case(contestant: Contestant, request: Request, repeat: int) -> Answer:
    """One answer.

    Raises:
        TransientError: none came, and one may come later.
        RequestRefusedError: none came, and none will.
        TerminalError: nothing can succeed here: key or model is wrong, or another model answers.
    """
    answer = await contestant.client.answer(request, repeat)
    if contestant.target.is_ours and answer.served_model not in (None, request.model):
        raise TerminalError(
            f"{contestant.target.place} answers as {answer.served_model} where {request.model} was asked: its model "
            "was swapped while it was evaluated. Run the same command again."
        )
    return answer


async def ask_cases(
    contestant: Contestant, cases: Sequence[Case], requests: Sequence[Request], repeat: int
) -> list[Answered]:
    """Ask a batch, each case by its request; one without an answer is a fault of the server, never an answer.

    Raises:
        TerminalError: the server is down, not the cases bad; or key or model is wrong.
    """

    async def ask_one(case: Case, request: Request) -> Answered:
        try:
            answer = await ask_case(contestant, request, repeat)
        except (TransientError, RequestRefusedError) as error:
            return Answered(case, Given(error=str(error)), None, error)
        return Answered(case, read_given(answer), answer)

    answered = await gather_all([ask_one(*pair) for pair in zip(cases, requests, strict=True)])
    faults = [one.fault for one in answered if one.fault is not None]
    if faults and len(faults) == len(cases) and is_down(faults, contestant):
        raise TerminalError(
            f"None of {len(cases)} cases got an answer from {contestant.target.place}: {faults[0]} "
            "What was answered before is stored; run the same command again once the server is up."
        )
    return answered


def is_down(faults: Sequence[CallmillError], contestant: Contestant) -> bool:
    """Whether faults without one answer between them say that the server is gone, or has never answered at all."""
    if all(isinstance(fault, UnreachableError) for fault in faults):
        return True
    stats = contestant.client.stats
    has_answered = stats.new.answers + stats.reused.answers > 0
    return not has_answered and not any(isinstance(fault, RequestRefusedError) for fault in faults)


def _read_message(message: dict[str, Any]) -> Message:
    """A message of a case or of the harness, whose client adds fields that no endpoint needs."""
    return Message(
        role=message["role"],
        content=message.get("content"),
        tool_calls=tuple(message["tool_calls"]) if message.get("tool_calls") else None,
        tool_call_id=message.get("tool_call_id"),
    )


def _read_call(call: Any) -> GivenCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return _odd(call)
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        # BFCL's own handler takes text alone; an object would pass here and fail there.
        arguments = f"not text: {json_text(arguments)}"
    return GivenCall(name=function["name"], arguments=arguments)


def _odd(call: Any) -> GivenCall:
    """Something that is no call, kept so that it is judged as one that cannot be read."""
    return GivenCall(name="", arguments=f"not a call: {json_text(call)}")
