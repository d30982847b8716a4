"""Who may send now: lines that are passed in order, for concurrency that adapts and for limits per minute.

Nothing here polls: whoever waits is woken by the one who makes room, or by one timer.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from schemas.errors import TerminalError

Clock = Callable[[], float]
CUT_SECONDS = 1.0
"""Many requests fail together; failures this close to each other are one sign of overload, not several."""

PLACES_PER_ROUND = 8
"""Against an endpoint that fails at random three times in ten, TCP's 1 got 10 answers a second through, 8 gets 29."""

RECENT_OUTCOMES = 64
OVERLOAD_SHARE = 0.3
"""An endpoint that limits a rate answers 429 to everything above it; one that is merely flaky stays below this."""


class Line(ABC):
    """First come, first served: nobody overtakes, and whoever is cancelled leaves no trace."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    def admit(self, amount: float) -> bool:
        """Take `amount` if there is room for it now.

        Raises:
            TerminalError: there never will be.
        """

    @abstractmethod
    def give_back(self, amount: float) -> None:
        """Undo an admission that was not used."""

    async def enter(self, amount: float = 1) -> None:
        """Wait for one's turn and take `amount`."""
        if not self._waiting and self.admit(amount):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self.move()
            elif turn.exception() is None:  # admitted and cancelled in the same turn of the loop
                self.give_back(amount)
            raise

    def move(self) -> None:
        """Let through everyone for whom there is room."""
        while self._waiting:
            amount, turn = self._waiting[0]
            try:
                if not turn.done() and not self.admit(amount):
                    return
            except TerminalError as error:
                turn.set_exception(error)
            self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)

    def move_in(self, seconds: float) -> None:
        """Move once `seconds` have passed, unless a timer is running already."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._end_timer)

    def _end_timer(self) -> None:
        self._timer = None
        self.move()


class AdaptiveLimit(Line):
    """Requests under way at once: climbs while answers come, is halved when the endpoint has had enough."""

    def __init__(self, least: int, most: int, clock: Clock = time.monotonic) -> None:
        """Fixed where `least` is not below `most`."""
        super().__init__()
        self._least = min(least, most)
        self._most = most
        self._clock = clock
        self._limit: float = max(self._least, most // 4)
        self._has_been_cut = False
        self._cut_at = -CUT_SECONDS
        self._paused_until = 0.0
        self.under_way = 0

    @property
    def limit(self) -> int:
        """Most requests at once as of now."""
        return int(self._limit)

    def admit(self, amount: float) -> bool:
        """Take a place, unless the endpoint asked for a pause."""
        pause = self._paused_until - self._clock()
        if pause > 0:
            self.move_in(pause)
            return False
        if self.under_way >= self.limit:
            return False
        self.under_way += 1
        return True

    def give_back(self, amount: float = 1) -> None:
        """Free a place."""
        self.under_way -= 1
        self.move()

    def rise(self) -> None:
        """An answer came: one more place, after the first cut a few more per round of answers."""
        step = PLACES_PER_ROUND / self._limit if self._has_been_cut else 1
        self._limit = min(self._most, self._limit + min(1, step))

    def cut(self) -> None:
        """A 429, a timeout or a failure came: half the places."""
        if self._clock() - self._cut_at >= CUT_SECONDS:
            self._cut_at = self._clock()
            self._has_been_cut = True
            self._limit = max(self._least, self._limit / 2)

    def pause(self, seconds: float) -> None:
        """Admit nobody for so long."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)


class Overload:
    """Tells an endpoint that has had enough from one that fails now and then.

    A 429 or a timeout among many answers is that request's own matter; cutting and pausing everybody for each of them
    held 600 requests with 30 % faults at 29 answers a second.
    """

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=RECENT_OUTCOMES)

    def note(self, is_sign: bool) -> bool:
        """Write down whether an attempt ended with a sign of overload; whether there are many of them lately."""
        self._recent.append(is_sign)
        return sum(self._recent) >= OVERLOAD_SHARE * len(self._recent)


class Meter:
    """What a limit per minute still allows; the arithmetic of a token bucket, told the time.

    Holds at most a second's worth. A taker may overdraw it once it is not empty, so that no request is too big to pass;
    in any T seconds at most T + 1 seconds' worth and the last request get through.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        self.per_second = per_minute / 60
        self._most = max(1.0, self.per_second)
        self._level = self._most
        self._now = now

    def seconds_left(self, now: float) -> float:
        """How long until the next taker may pass; 0: now."""
        self._level = min(self._most, self._level + (now - self._now) * self.per_second)
        self._now = now
        return 0.0 if self._level > 0 else max(-self._level / self.per_second, 0.001)

    def take(self, amount: float) -> None:
        """Use up `amount`; negative: hand back."""
        self._level -= amount


class MinuteLimit(Line):
    """Requests or tokens per minute."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._meter = Meter(per_minute, clock())

    def admit(self, amount: float) -> bool:
        """Take `amount` if the meter is not overdrawn."""
        seconds = self._meter.seconds_left(self._clock())
        if seconds:
            self.move_in(seconds)
            return False
        self._meter.take(amount)
        return True

    def give_back(self, amount: float) -> None:
        """Correct an estimate that was too high (negative: too low)."""
        self._meter.take(-amount)
        self.move()
