"""Keeps one model answering: swaps it for another after a smoke test, and starts it again when it dies.

The new model starts beside the old one and takes over only when a forced call of it has come back legal (without token
masks: when it has answered); the old one then ends its running answers. Whatever fails before that leaves the old one
in place.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.errors import CallmillError, TerminalError
from schemas.serve import ServeOptions, ServerPhase, SmokeCall
from serving.swap import Served, SwappableEngine

log = logging.getLogger("callmill")


class Instance(Protocol):
    """A started model."""

    served: Served

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        ...

    async def stop(self) -> None:
        """Free what it holds."""
        ...


Starter = Callable[[ServeOptions], Awaitable[Instance]]
SmokeTest = Callable[[Served, ServeOptions], Awaitable[SmokeCall]]
OnChange = Callable[[ServerPhase, ServeOptions, str], None]


@dataclass(frozen=True)
class Patience:
    """How long things may take."""

    poll_s: float = 0.5
    """Between looks at the process."""
    health_s: float = 5.0
    """Between health checks."""
    health_failures: int = 6
    """Failed in a row before it counts as dead."""
    grace_s: float = 300.0
    """What a replaced model's running answers get."""
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 60.0
    steady_s: float = 60.0
    """A model that answered this long is started again at once."""


@dataclass(frozen=True)
class Deployed:
    """A swap that worked."""

    smoke: SmokeCall
    seconds: float
    previous: ServeOptions | None


class Supervisor:
    """One swappable engine and the instances behind it."""

    def __init__(
        self,
        swap: SwappableEngine,
        start: Starter,
        smoke: SmokeTest,
        patience: Patience | None = None,
        on_change: OnChange = lambda phase, options, detail: None,
    ) -> None:
        self.restarts = 0
        self._swap = swap
        self._start = start
        self._smoke = smoke
        self._patience = patience or Patience()
        self._on_change = on_change
        self._current: tuple[Instance, ServeOptions] | None = None
        self._lock = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    async def deploy(self, options: ServeOptions) -> Deployed:
        """Let this model answer from now on.

        Raises:
            TerminalError: it did not start or failed its smoke test; what answered before still does.
        """
        async with self._lock:
            started = time.monotonic()
            before = self._current
            log.info("starting %s", options.model)
            if before is None:
                self._on_change("starting", options, "")
            else:
                self._on_change("swapping", before[1], f"starting {options.model}")
            try:
                instance, smoke = await self._start_tested(options)
            except BaseException as error:
                if before is not None:
                    self._on_change("ready", before[1], f"{options.model} did not take over: {error}")
                raise
            self._take_over(instance, options)
            return Deployed(smoke, time.monotonic() - started, before[1] if before else None)

    def watch(self) -> None:
        """Look after what was deployed until `close`."""
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop everything at once."""
        tasks = [*self._retiring, *([self._watching] if self._watching else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._swap.put(None)
        if self._current is not None:
            await self._current[0].stop()
            self._current = None

    async def _start_tested(self, options: ServeOptions) -> tuple[Instance, SmokeCall]:
        instance = await self._start(options)
        try:
            return instance, await self._smoke(instance.served, options)
        except BaseException as error:
            await instance.stop()
            if isinstance(error, CallmillError) or not isinstance(error, Exception):
                raise
            raise TerminalError(f"{options.model} failed its smoke test: {type(error).__name__}: {error}") from error

    def _take_over(self, instance: Instance, options: ServeOptions) -> None:
        before, self._current = self._current, (instance, options)
        self._swap.put(instance.served)
        self._on_change("ready", options, "")
        log.info("%s took over%s", options.model, f" from {before[1].model}" if before else "")
        if before is not None:
            task = asyncio.create_task(self._retire(before[0]))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def _retire(self, instance: Instance) -> None:
        """Let the old model end its answers, then stop it; on `close` at once."""
        try:
            if not await instance.served.wait_until_idle(self._patience.grace_s):
                log.warning("The replaced model still answered after %.0f s; stopped.", self._patience.grace_s)
        finally:
            await asyncio.shield(instance.stop())

    async def _watch(self) -> None:
        failures, checked, answered_since = 0, time.monotonic(), time.monotonic()
        backoff_s = self._patience.first_backoff_s
        while True:
            await asyncio.sleep(self._patience.poll_s)
            current = self._current
            if current is None or self._lock.locked():
                failures, checked = 0, time.monotonic()
                continue
            if current[0].is_running and time.monotonic() - checked > self._patience.health_s:
                failures = 0 if await _is_healthy(current[0]) else failures + 1
                checked = time.monotonic()
            if current[0].is_running and failures < self._patience.health_failures:
                continue
            if time.monotonic() - answered_since > self._patience.steady_s:
                backoff_s = self._patience.first_backoff_s
            await self._restart(current, backoff_s)
            backoff_s = min(2 * backoff_s, self._patience.longest_backoff_s)
            failures, checked, answered_since = 0, time.monotonic(), time.monotonic()

    async def _restart(self, dead: tuple[Instance, ServeOptions], backoff_s: float) -> None:
        """Start the same model again until it works, or another was deployed meanwhile."""
        instance, options = dead
        detail = (
            "the model's process ended" if not instance.is_running else "the model did not answer its health checks"
        )
        self._swap.put(None)
        while self._current is dead:
            log.warning("%s: %s; starting it again", options.model, detail.splitlines()[0])
            self._on_change("restarting", options, detail)
            await instance.stop()
            async with self._lock:
                if self._current is not dead:
                    return
                try:
                    again, _ = await self._start_tested(options)
                except Exception as error:  # of whatever kind: the next attempt may work
                    detail = f"{type(error).__name__}: {error}"
                else:
                    self.restarts += 1
                    self._current = None
                    self._take_over(again, options)
                    return
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, self._patience.longest_backoff_s)


async def _is_healthy(instance: Instance) -> bool:
    with contextlib.suppress(Exception):
        return await instance.served.engine.is_healthy()
    return False
