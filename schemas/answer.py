"""What is asked of a model and what it answered, before anything parses it."""

import functools
from typing import Any, Literal

from pydantic import Field

from schemas.record import Record, canonical_json, content_id


class Message(Record):
    """One chat message of a request."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(Record):
    """A question to a model; equal questions have equal ids whoever asks and whenever."""

    prompt: str
    """Name and version of the prompt file, such as generate_pair.v1; not part of the identity."""
    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_tokens: int
    answer_schema: dict[str, Any] | None = None
    """JSON schema of the answer; sent where the endpoint has structured output."""
    answer_schema_name: str | None = None

    @functools.cached_property
    def request_id(self) -> str:
        """Content hash of everything the endpoint sees."""
        return content_id(
            self.model,
            [[message.role, message.content] for message in self.messages],
            self.temperature,
            self.max_tokens,
            self.answer_schema,
        )

    def answer_id(self, draw: int) -> str:
        """Key of the `draw`-th independent answer to this request."""
        return content_id(self.request_id, draw)

    def seed(self, draw: int) -> int:
        """Sampling seed sent with a draw, so that draws differ and a repeated draw does not (where honoured)."""
        return int(self.answer_id(draw)[:7], 16)

    def messages_json(self) -> str:
        """Messages as stored."""
        return canonical_json([{"role": m.role, "content": m.content} for m in self.messages])


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
