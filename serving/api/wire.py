"""What clients send to /v1/chat/completions, generous with fields nobody knows; and how a body is read into a model."""

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, from_json

from serving.engine import Sampling
from serving.refusals import RefusedError

Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**64)]
Stop = Annotated[str, Field(min_length=1)]


class Wire(BaseModel):
    """A JSON object of a client; what it may hold beyond this is kept, and mostly ignored (see unsupported.py)."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    def extra(self) -> dict[str, Any]:
        """Fields without a name here."""
        return self.model_extra or {}


class SamplingFields(Wire):
    """How tokens are drawn, in both protocols; top_k and repetition_penalty as vLLM names them."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    seed: Seed | None = None

    def sampling(self) -> Sampling:
        """With defaults for what is not said."""
        return Sampling(
            temperature=1.0 if self.temperature is None else float(self.temperature),
            top_p=self.top_p or 1.0,
            top_k=max(self.top_k or 0, 0),
            repetition_penalty=self.repetition_penalty or 1.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            presence_penalty=self.presence_penalty or 0.0,
            seed=self.seed,
        )


class FunctionCall(Wire):
    """A call in an assistant's message."""

    name: str
    arguments: str


class ToolCall(Wire):
    """A call with its id."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class Part(Wire):
    """A part of a message's content; only text can be read here."""

    type: Literal["text", "input_text", "output_text"]
    text: str


class Message(Wire):
    """One message of a chat; the call format reads it further."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError(f"the {self.role} message has no content")
        if self.role == "tool" and self.tool_call_id is None:
            raise ValueError("the tool message has no tool_call_id; expected the id of the call it answers")
        return self


class Function(Wire):
    """What a tool is called and takes."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(Wire):
    """An offered function."""

    type: Literal["function"]
    function: Function


class FunctionName(Wire):
    """Which function."""

    name: str


class NamedChoice(Wire):
    """A call of this function and no other; /v1/responses writes the name beside the type."""

    type: Literal["function"]
    function: FunctionName | None = None
    name: str | None = None


class AllowedTools(Wire):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: list[NamedChoice]


class AllowedChoice(Wire):
    """Only some of the tools may be called; /v1/responses writes mode and tools beside the type."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[NamedChoice] | None = None


Choice = Literal["none", "auto", "required"] | Annotated[NamedChoice | AllowedChoice, Field(discriminator="type")]


def spell_choice(choice: Choice | None) -> str | dict[str, Any] | None:
    """A choice as `build_language` reads it."""
    return choice.model_dump(exclude_none=True) if isinstance(choice, Wire) else choice


class StreamOptions(Wire):
    """What a stream holds beside its answer."""

    include_usage: bool | None = None


class ChatRequest(SamplingFields):
    """A body of /v1/chat/completions."""

    model: str | None = None
    messages: Annotated[list[Message], Field(min_length=1)]
    tools: list[Tool] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


Model = TypeVar("Model", bound=Wire)


def read_json(body: bytes) -> dict[str, Any]:
    """The object a body spells.

    Raises:
        RefusedError: 400, it is no JSON, or JSON of another kind.
    """
    try:
        data = from_json(body, allow_inf_nan=False)
    except ValueError as problem:
        raise RefusedError(f"The body is not JSON: {problem}.", code="invalid_json") from None
    if not isinstance(data, dict):
        raise RefusedError(f"The body is a JSON {type(data).__name__}; expected an object.", code="invalid_json")
    return data


def read_model(kind: type[Model], data: dict[str, Any]) -> Model:
    """The data as a model.

    Raises:
        RefusedError: 400, naming the field (`messages[0].role`) and what is wrong with it.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as problem:
        # The branch of a union that got furthest was meant; a wrong type explains what else is missing.
        errors = [(_path(each, data), each) for each in problem.errors(include_url=False)]
        path, error = max(errors, key=lambda pair: (len(pair[0]), pair[0][-1:] == ["type"]))
        name = spell_path(path)
        reasons = dict.fromkeys(each["msg"].removeprefix("Value error, ") for where, each in errors if where == path)
        message = "; or ".join(reasons)
        raise RefusedError(f"{name}: {message}.", param=name, code=error["type"]) from None


def _path(error: ErrorDetails, data: Any) -> list[str | int]:
    # Pydantic's path also names the branches of unions, which the client's data do not hold.
    path: list[str | int] = []
    steps = error["loc"]
    for place, step in enumerate(steps):
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            if not (error["type"] == "missing" and place == len(steps) - 1):
                continue
        path.append(step)
    return path


def spell_path(path: list[str | int]) -> str:
    """`tools[3].function.name`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
