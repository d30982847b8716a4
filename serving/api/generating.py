"""Runs the engine for one request: in its time, only while the client is there, as a whole or event by event."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.types import Receive

from serving.api.answers import Answer, IllegalAnswerError, read_answer
from serving.api.limits import Visit
from serving.api.metrics import Metrics
from serving.engine import Engine, FinishReason, Generation, Piece

Result = TypeVar("Result")


class ClientGoneError(Exception):
    """Nobody is waiting for the answer any more."""


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work; stop it when the client leaves.

    Raises:
        ClientGoneError: it left.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_wait_gone(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True)
class Runner:
    """Runs generations and counts what they do."""

    engine: Engine
    metrics: Metrics

    async def pieces(self, generation: Generation, visit: Visit) -> AsyncGenerator[Piece, None]:
        """The engine's pieces, counted, until the visit's time is up; the engine stops when this is closed.

        Raises:
            RefusedError: by the engine, or 504.
        """
        pieces = self.engine.generate(generation)
        gauge = self.metrics.waiting
        gauge.inc()
        try:
            while True:
                piece = await _next(pieces, visit)
                if piece is None:
                    return
                if gauge is self.metrics.waiting:
                    gauge.dec()
                    gauge = self.metrics.running
                    gauge.inc()
                self.metrics.generated_tokens.inc(piece.tokens)
                yield piece
        finally:
            gauge.dec()
            await _close(pieces)

    async def answer(self, generation: Generation, visit: Visit) -> Answer:
        """The whole answer.

        Raises:
            RefusedError: by the engine, 504, or 422 where it is not legal.
        """
        texts: list[str] = []
        tokens = 0
        finish: FinishReason | None = None
        async with contextlib.aclosing(self.pieces(generation, visit)) as pieces:
            async for piece in pieces:
                texts.append(piece.text)
                tokens += piece.tokens
                finish = piece.finish
        try:
            answer = read_answer("".join(texts), finish or "stop", tokens, generation.language)
        except IllegalAnswerError as problem:
            self.metrics.refused_calls.labels(problem.reason).inc()
            raise
        self.metrics.calls.inc(len(answer.calls))
        return answer


async def _next(pieces: AsyncIterator[Piece], visit: Visit) -> Piece | None:
    try:
        async with asyncio.timeout_at(visit.ends_at):
            return await anext(pieces, None)
    except TimeoutError:
        raise visit.too_late() from None


async def _close(pieces: AsyncIterator[Piece]) -> None:
    close = getattr(pieces, "aclose", None)
    if close is not None:
        await close()
