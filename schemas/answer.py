"""What is asked of a model and what it answered, before anything parses it."""

import functools
from typing import Any, Literal

from pydantic import Field

from schemas.record import Record, canonical_json, content_id


class Message(Record):
    """One chat message of a request."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | None
    """None only beside calls."""
    tool_calls: tuple[dict[str, Any], ...] | None = None
    """An assistant's calls, OpenAI chat form."""
    tool_call_id: str | None = None
    """The call that a tool's message answers."""

    @property
    def chat_form(self) -> dict[str, Any]:
        """OpenAI chat form, without what is not there."""
        form: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls is not None:
            form["tool_calls"] = list(self.tool_calls)
        if self.tool_call_id is not None:
            form["tool_call_id"] = self.tool_call_id
        return form

    @property
    def identity(self) -> list[Any]:
        """What makes two messages the same; a plain one has the two parts that stored answers are keyed by."""
        if self.tool_calls is None and self.tool_call_id is None:
            return [self.role, self.content]
        return [self.role, self.content, self.tool_calls, self.tool_call_id]


class Request(Record):
    """A question to a model; equal questions have equal ids whoever asks and whenever."""

    prompt: str
    """Name and version of the prompt file, such as generate_pair.v1; not part of the identity."""
    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_tokens: int | None
    """None: as many as the endpoint gives."""
    answer_schema: dict[str, Any] | None = None
    """JSON schema of the answer; sent where the endpoint has structured output."""
    answer_schema_name: str | None = None
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI chat form; sent as they are."""
    top_p: float | None = None
    """None, here and below: not sent, so the endpoint's own."""
    top_k: int | None = None
    repetition_penalty: float | None = None
    context: str | None = None
    """What else makes it a question of its own, such as the evaluation it is asked in; not sent."""
    may_be_empty: bool = False
    """Whether an answer without text, or a refusal in words, is an answer like any other; not part of the identity."""

    @functools.cached_property
    def request_id(self) -> str:
        """Content hash of everything the endpoint sees, and of the context."""
        newer = {
            "tools": self.tools or None,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "repetition_penalty": self.repetition_penalty,
            "context": self.context,
        }
        used = {name: value for name, value in newer.items() if value is not None}
        return content_id(
            self.model,
            [message.identity for message in self.messages],
            self.temperature,
            self.max_tokens,
            self.answer_schema,
            *([used] if used else []),  # absent rather than empty: stored answers are keyed by the five parts above
        )

    def answer_id(self, draw: int) -> str:
        """Key of the `draw`-th independent answer to this request."""
        return content_id(self.request_id, draw)

    def seed(self, draw: int) -> int:
        """Sampling seed sent with a draw, so that draws differ and a repeated draw does not (where honoured)."""
        return int(self.answer_id(draw)[:7], 16)

    def messages_json(self) -> str:
        """Messages as stored."""
        return canonical_json([message.chat_form for message in self.messages])


class Answer(Record):
    """One stored answer; failures are never stored."""

    answer_id: str
    request_id: str
    draw: int = Field(ge=0)
    prompt: str
    model: str
    """Model asked for."""
    served_model: str | None
    """Model that the endpoint says answered."""
    text: str
    """The message's content."""
    raw: str
    """The whole response body as JSON text."""
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no price is set."""
    latency_ms: float
    """Of the attempt that succeeded."""
    attempts: int = Field(ge=1)
    answered_at: str
    """UTC, ISO 8601."""
