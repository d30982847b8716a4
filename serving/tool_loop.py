"""model → calls → tools → results → model, until it answers in words or its steps are used up.

The model is anything that continues a conversation: `serving/chat_model.py` is one over an OpenAI-compatible URL.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from serving.tools import Toolbox, ToolResult

Outcome = Literal["answered", "step_limit", "needs_results", "cut"]


@dataclass(frozen=True)
class ModelCall:
    """A call that the model made."""

    id: str
    name: str
    arguments: str
    """JSON text, as the model wrote it."""


@dataclass(frozen=True)
class ModelReply:
    """One answer of the model."""

    content: str
    calls: tuple[ModelCall, ...] = ()
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def as_message(self) -> dict[str, Any]:
        """As it stands in the conversation."""
        message: dict[str, Any] = {"role": "assistant", "content": self.content or (None if self.calls else "")}
        if self.calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.calls
            ]
        return message


class ChatModel(Protocol):
    """Continues a conversation by one answer."""

    async def answer(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], tool_choice: Any
    ) -> ModelReply:
        """Ask the model."""
        ...


class Observer:
    """Sees what happens as it happens; this one does not care."""

    def see_call(self, call: ModelCall, shown: str) -> None:
        """A call is about to run, or to be shown: in one line for a person."""

    def see_result(self, call: ModelCall, result: ToolResult) -> None:
        """A call gave something back."""


@dataclass(frozen=True)
class Conversation:
    """What came of it."""

    messages: tuple[dict[str, Any], ...]
    """All of them, the given ones included; OpenAI form."""
    outcome: Outcome
    """answered: in words. step_limit: the last calls have their results, the model was not asked again.
    needs_results: calls of functions that can't be run here. cut: by the model's token limit."""
    steps: int
    """Answers of the model."""
    pending: tuple[ModelCall, ...] = ()
    """needs_results: the calls that wait; append a tool message for each to go on."""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def answer(self) -> str:
        """The last words of the assistant; "" where the last thing it did is a call."""
        last = next((each for each in reversed(self.messages) if each["role"] == "assistant"), {"content": ""})
        return last["content"] or ""


async def run_tools(
    model: ChatModel,
    messages: Sequence[dict[str, Any]],
    tools: Toolbox,
    *,
    max_steps: int = 8,
    tool_choice: Any = "auto",
    observer: Observer | None = None,
) -> Conversation:
    """Let the model call tools until it answers.

    Args:
        model: asked at most `max_steps` times.
        messages: so far.
        tools: offered in every step; the calls of one answer run side by side.
        max_steps: at least 1.
        tool_choice: of the first step; later ones are auto, or a forced call would follow every result.
        observer: sees calls and results.

    Raises:
        CallmillError: what the model's client raises; a tool's failure is a result instead.
    """
    so_far = list(messages)
    observer = observer or Observer()
    prompt_tokens = completion_tokens = 0
    outcome: Outcome = "step_limit"
    pending: tuple[ModelCall, ...] = ()
    step = 0
    for step in range(1, max_steps + 1):
        reply = await model.answer(so_far, tools.definitions, tool_choice if step == 1 else "auto")
        prompt_tokens += reply.prompt_tokens
        completion_tokens += reply.completion_tokens
        so_far.append(reply.as_message())
        if not reply.calls:
            outcome = "cut" if reply.finish_reason == "length" else "answered"
            break
        so_far += await _run_calls(reply.calls, tools, observer)
        pending = tuple(call for call in reply.calls if not tools.can_run(call.name))
        if pending:
            outcome = "needs_results"
            break
    return Conversation(tuple(so_far), outcome, step, pending, prompt_tokens, completion_tokens)


async def _run_calls(calls: Sequence[ModelCall], tools: Toolbox, observer: Observer) -> list[dict[str, Any]]:
    """Results in the order of the calls, of those that can run."""

    async def run(call: ModelCall) -> dict[str, Any]:
        result = await tools.run(call.name, call.arguments)
        observer.see_result(call, result)
        return {"role": "tool", "tool_call_id": call.id, "content": result.content}

    for call in calls:
        observer.see_call(call, tools.describe(call.name, call.arguments))
    return list(await asyncio.gather(*(run(call) for call in calls if tools.can_run(call.name))))
