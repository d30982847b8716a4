"""An engine whose inside can be replaced while it serves: new requests go to the new model, old ones end on the old."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from serving.call_formats.format import Template
from serving.engine import Engine, Generation, Piece
from serving.refusals import RefusedError


class Served:
    """A model that answers, and how many requests it is answering."""

    def __init__(self, engine: Engine, template: Template) -> None:
        self.engine = engine
        self.template = template
        self._running = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """The engine's, counted."""
        self._running += 1
        self._is_idle.clear()
        pieces = self.engine.generate(generation)
        try:
            async for piece in pieces:
                yield piece
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()
            self._running -= 1
            if not self._running:
                self._is_idle.set()

    async def wait_until_idle(self, longest_s: float) -> bool:
        """Whether its requests ended in that time."""
        try:
            await asyncio.wait_for(self._is_idle.wait(), longest_s)
        except TimeoutError:
            return False
        return True


class SwappableEngine:
    """An `Engine` and a `Template`; without a model inside every request is refused with 503."""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name
        """Of the model inside, or the last one; so are the next four."""
        self.context_length = 0
        self.default_max_tokens: int | None = None
        self.is_constrained = True
        self.chat_template: str | None = None
        self._served: Served | None = None

    @property
    def served(self) -> Served | None:
        """What answers now."""
        return self._served

    def put(self, served: Served | None) -> Served | None:
        """Let another model, or none, answer from now on; returns the one before."""
        before, self._served = self._served, served
        if served is not None:
            self.model_name = served.engine.model_name
            self.context_length = served.engine.context_length
            self.default_max_tokens = served.engine.default_max_tokens
            self.is_constrained = served.engine.is_constrained
            self.chat_template = served.template.chat_template
        return before

    def apply_chat_template(self, conversation: Sequence[dict[str, Any]], **options: Any) -> Any:
        """Render by the model inside."""
        return self._need().template.apply_chat_template(conversation, **options)

    async def count_tokens(self, prompt: str) -> int:
        """Tokens of a rendered prompt."""
        return await self._need().engine.count_tokens(prompt)

    def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """Make the text by the model that answers now, to the end even if it is replaced meanwhile."""
        return self._need().generate(generation)

    async def is_healthy(self) -> bool:
        """Whether there is a model that can answer now."""
        return self._served is not None and await self._served.engine.is_healthy()

    async def close(self) -> None:
        """Close the model inside."""
        before = self.put(None)
        if before is not None:
            await before.engine.close()

    def _need(self) -> Served:
        if self._served is None:
            raise RefusedError(
                f"{self.model_name} is not ready: it is being started again; ask again in a moment.",
                status=503,
                code="engine_unavailable",
            )
        return self._served
