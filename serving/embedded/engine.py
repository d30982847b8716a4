"""The embedded engine: a thread that owns the model, and asyncio readers that talk to it."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from serving.embedded.forward import Forward
from serving.embedded.inbox import Inbox, deliver
from serving.embedded.job import Job, open_job
from serving.embedded.load import LoadedModel
from serving.embedded.protocol import ConstraintFactory
from serving.embedded.scheduler import Counts, Limits, Scheduler
from serving.engine import Generation, Piece
from serving.refusals import RefusedError

STALLED_AFTER_S = 120.0
"""A step that takes longer counts as a sick engine; a CPU may need many seconds for a step of a large model."""

_log = logging.getLogger(__name__)


@dataclass
class Stats(Counts):
    """Totals since the start, and what is under way."""

    running: int = 0
    waiting: int = 0


class EmbeddedEngine:
    """`serving.engine.Engine` over transformers, with continuous batching."""

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        constraints: ConstraintFactory | None = None,
        limits: Limits | None = None,
        default_max_tokens: int | None = 256,
    ) -> None:
        """Start the thread.

        Args:
            loaded: the model and what belongs to it.
            constraints: opens each request's constraint; None: every answer is free.
            limits: of rows, waiting places and memory.
            default_max_tokens: see `Engine`.
        """
        self.model_name = loaded.name
        self.context_length = loaded.context_length
        self.default_max_tokens = default_max_tokens
        self.is_constrained = constraints is not None
        self._vocabulary = loaded.vocabulary
        self._constraints = constraints
        self._limits = limits or Limits()
        self._scheduler = Scheduler(Forward(loaded.model), loaded.vocabulary, self._limits, loaded.context_length)
        self._inboxes: dict[Job, Inbox] = {}
        self._wake = threading.Event()
        self._is_closing = False
        self._step_began: float | None = None
        # An answer's prompt is counted by the application and read here: tokenise it once.
        self._tokenise = lru_cache(maxsize=128)(loaded.tokenise)
        self._thread = threading.Thread(target=self._work, name="embedded-engine", daemon=True)
        self._thread.start()

    async def count_tokens(self, prompt: str) -> int:
        """Tokens of a rendered prompt."""
        return len(await asyncio.to_thread(self._tokenise, prompt))

    async def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """See `Engine`; refusals are raised when the first piece is asked for."""
        job = await self._open(generation)
        inbox = self._inboxes[job] = Inbox()
        try:
            self._enqueue(job)
            while True:
                piece = await inbox.take()
                yield piece
                if piece.finish is not None:
                    return
        finally:
            job.is_cancelled = True
            del self._inboxes[job]
            self._wake.set()

    async def is_healthy(self) -> bool:
        """Whether the thread lives and its step is not stuck."""
        began = self._step_began
        is_stuck = began is not None and time.monotonic() - began > STALLED_AFTER_S
        return self._thread.is_alive() and not self._is_closing and not is_stuck

    def stats(self) -> Stats:
        """Counters for /metrics."""
        scheduler = self._scheduler
        return Stats(
            **vars(replace(scheduler.counts)),
            running=len(scheduler.batch.jobs) + len(scheduler.reader.jobs),
            waiting=len(scheduler.waiting),
        )

    async def close(self) -> None:
        """End the thread; requests under way fail with 503."""
        self._is_closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)

    async def _open(self, generation: Generation) -> Job:
        self._refuse_when_full()
        prompt = list(await asyncio.to_thread(self._tokenise, generation.prompt))
        room = self.context_length - len(prompt)
        if room < 1:
            raise RefusedError(
                f"The prompt has {len(prompt)} tokens, and this model's context holds {self.context_length} with the "
                "answer; shorten the messages or offer fewer tools.",
                param="messages",
                code="context_length_exceeded",
            )
        if not prompt:
            raise RefusedError("The prompt holds no token; send at least one message.", param="messages")
        if generation.max_tokens < 1:
            raise RefusedError(f"max_tokens is {generation.max_tokens}; at least 1 is needed.", param="max_tokens")
        most_tokens = min(generation.max_tokens, room)
        constraint = None
        if self._constraints is not None:
            constraint = await asyncio.to_thread(self._constraints, generation.language, most_tokens)
        return open_job(generation, prompt, most_tokens, constraint, self._vocabulary)

    def _refuse_when_full(self) -> None:
        if self._is_closing or not self._thread.is_alive():
            raise RefusedError("The server is shutting down.", status=503, code="shutting_down")
        waiting = len(self._scheduler.waiting)
        if waiting >= self._limits.waiting:
            raise RefusedError(
                f"{waiting} requests are waiting, which is this server's limit; try again later.",
                status=429,
                code="rate_limit_exceeded",
            )

    def _enqueue(self, job: Job) -> None:
        self._refuse_when_full()
        self._scheduler.waiting.append(job)
        self._wake.set()

    @torch.inference_mode()
    def _work(self) -> None:
        while not self._is_closing:
            if not self._scheduler.has_work:
                self._step_began = None
                self._wake.wait()
                self._wake.clear()
                continue
            self._step_began = time.monotonic()
            try:
                results = self._scheduler.step()
            except Exception as error:  # a step that breaks must not end the engine
                _log.exception("A step of the embedded engine failed; its requests are given up.")
                results = self._scheduler.fail_all(error)
            deliver([(job, _told(result)) for job, result in results], self._inboxes)
        closing = RefusedError("The server is shutting down.", status=503, code="shutting_down")
        deliver(self._scheduler.fail_all(closing), self._inboxes)


def _told(result: Piece | Exception) -> Piece | Exception:
    """A failure in OpenAI's words."""
    if isinstance(result, Piece | RefusedError):
        return result
    _log.error("A request failed in the embedded engine.", exc_info=result)
    message = f"The engine failed on this request ({type(result).__name__}: {result}); it goes on with others."
    refused = RefusedError(message, status=500, code="engine_error")
    refused.__cause__ = result
    return refused
