"""What clients send to /v1/responses, as far as functions and text go, turned into a chat."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from serving.api.limits import ApiOptions
from serving.api.question import Question, check_tools
from serving.api.unsupported import refuse_unsupported
from serving.api.wire import Choice, Function, Part, SamplingFields, Tokens, Wire, spell_choice
from serving.refusals import RefusedError


class FlatTool(Function):
    """An offered function as this protocol spells it."""

    type: Literal["function"]

    def nested(self) -> dict[str, Any]:
        """As chat completions spell it."""
        return {"type": "function", "function": self.model_dump(exclude_unset=True, exclude={"type"})}


NEEDED = {
    "message": ("role", "content"),
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
}
"""Fields that an item of a type must have."""


class Item(Wire):
    """One item of an input: a message, a call, its output, or a reasoning, which is left out."""

    type: Literal["message", "function_call", "function_call_output", "reasoning"] = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Part] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[Part] | None = None

    @model_validator(mode="before")
    @classmethod
    def _leave_thoughts(cls, data: Any) -> Any:
        return {"type": "reasoning"} if isinstance(data, dict) and data.get("type") == "reasoning" else data

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        missing = [name for name in NEEDED.get(self.type, ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"the {self.type} has no {' and no '.join(missing)}")
        return self

    def as_message(self) -> dict[str, Any]:
        """A message or an output in a chat."""
        if self.type == "message":
            return self.model_dump(include={"role", "content"})
        output = self.model_dump(include={"output"})["output"]
        return {"role": "tool", "tool_call_id": self.call_id, "content": output}


class ResponsesRequest(SamplingFields):
    """A body of /v1/responses."""

    model: str | None = None
    input: Annotated[str, Field(min_length=1)] | Annotated[list[Item], Field(min_length=1)]
    instructions: str | None = None
    tools: list[FlatTool] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: Tokens | None = None
    metadata: dict[str, Any] | None = None
    include: list[str] | None = None
    stream: bool | None = None


def read_responses_question(asked: ResponsesRequest, options: ApiOptions) -> Question:
    """What a body asks.

    Raises:
        RefusedError: 400, naming the field that can't be honoured.
    """
    refuse_unsupported(asked.extra())
    if "message.output_text.logprobs" in (asked.include or ()):
        raise RefusedError("include: log probabilities are not given.", param="include", code="unsupported_parameter")
    check_tools(asked.tools or (), options)
    return Question(
        messages=read_items(asked),
        tools=[tool.nested() for tool in asked.tools or ()],
        tool_choice=spell_choice(asked.tool_choice),
        parallel_tool_calls=asked.parallel_tool_calls is not False,
        max_tokens=asked.max_output_tokens,
        sampling=asked.sampling(),
    )


def read_items(asked: ResponsesRequest) -> list[dict[str, Any]]:
    """The input as chat messages: a run of calls, and the words before it, are one assistant message.

    Raises:
        RefusedError: 400, naming the item.
    """
    messages: list[dict[str, Any]] = []
    if asked.instructions:
        messages.append({"role": "system", "content": asked.instructions})
    if isinstance(asked.input, str):
        return [*messages, {"role": "user", "content": asked.input}]
    for item in asked.input:
        if item.type == "function_call":
            _add_call(item, messages)
        elif item.type != "reasoning":
            # The thoughts of another model are no part of what was said; everything else is.
            messages.append(item.as_message())
    if not messages:
        raise RefusedError("input: nothing in it can be read.", param="input")
    return messages


def _add_call(item: Item, messages: list[dict[str, Any]]) -> None:
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": ""})
    function = {"name": item.name, "arguments": item.arguments}
    messages[-1].setdefault("tool_calls", []).append({"id": item.call_id, "type": "function", "function": function})
