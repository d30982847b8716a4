"""What the HTTP application asks of an engine: text out of a prompt, within a language."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol

from serving.calls import CallLanguage

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn."""

    temperature: float = 1.0
    """0: always the likeliest token."""
    top_p: float = 1.0
    top_k: int = 0
    """0: off."""
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    seed: int | None = None
    """The same request with the same seed gives the same text, whatever else runs in the batch."""


@dataclass(frozen=True)
class Generation:
    """One text to make."""

    prompt: str
    """Rendered by the call format; special tokens spelled out."""
    language: CallLanguage
    max_tokens: int
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Texts that end the answer and are not part of it; looked for in free text only, never inside a call, by an
    engine that knows where calls begin: one without constraint looks everywhere."""


@dataclass(frozen=True)
class Piece:
    """What one or more steps added."""

    text: str
    """Whole characters only; may be empty."""
    tokens: int
    """Output tokens since the last piece, an end token included."""
    finish: FinishReason | None = None
    """Set on the last piece."""


class Engine(Protocol):
    """A loaded model."""

    model_name: str
    """What `/v1/models` and every answer say, whatever name the request used."""
    context_length: int
    """Most tokens of prompt and answer together."""
    default_max_tokens: int | None
    """Output limit where a request names none; None: what the context leaves."""
    is_constrained: bool
    """Whether answers are held to their language while they are made."""

    async def count_tokens(self, prompt: str) -> int:
        """Tokens of a rendered prompt."""
        ...

    def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """Make the text; closing the iterator stops the work at the next step.

        Raises:
            RefusedError: the prompt leaves no room (400, code context_length_exceeded), or no place is free (429).
        """
        ...

    async def is_healthy(self) -> bool:
        """Whether it can answer now."""
        ...

    async def close(self) -> None:
        """Stop all work and free the model."""
        ...
