"""Send a request in its turn, within the limits and the budget, until there is an answer."""

import asyncio
import itertools
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from llm.costs import Budget, Cause, Prices, estimate_tokens
from llm.endpoint import Endpoint
from llm.limits import AdaptiveLimit, MinuteLimit, Overload
from llm.replies import Fault, Reply
from schemas.answer import Request
from schemas.errors import RequestRefusedError, TerminalError, TransientError, UnreachableError
from schemas.settings import EndpointSettings

log = logging.getLogger("callmill")

BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 300.0
"""An endpoint that asks for more (a daily quota) ends the step instead of freezing it."""


@dataclass
class Interest:
    """How many callers still wait for an answer, and whether its request is on its way at this moment."""

    waiters: int = 0
    is_sent: bool = False


class Delivery(NamedTuple):
    """A reply and how many attempts it took."""

    reply: Reply
    attempts: int
    cost_usd: float | None
    """None where it is unknown: no price is set, or no usage came and no budget has foreseen the worst."""


class _Foreseen(NamedTuple):
    """What an attempt takes from the limits."""

    tokens: int
    usd: float


class Sender:
    """All requests of one client pass here."""

    def __init__(
        self, endpoint: Endpoint, settings: EndpointSettings, prices: Prices | None, budget: Budget | None
    ) -> None:
        self.endpoint = endpoint
        self.limit = AdaptiveLimit(settings.min_concurrency, settings.concurrency)
        self.retries: Counter[Cause] = Counter()
        self._overload = Overload()
        self.waited_s = 0.0
        """Time spent in line, added up over requests."""
        self._prices = prices
        self._budget = budget
        self._requests = MinuteLimit(settings.requests_per_minute) if settings.requests_per_minute else None
        self._tokens = MinuteLimit(settings.tokens_per_minute) if settings.tokens_per_minute else None
        self._settings = settings
        self._end: TerminalError | None = None
        self._has_said = False

    async def send(self, request: Request, draw: int, interest: Interest) -> Delivery:
        """Attempt until there is a reply.

        Raises:
            RequestRefusedError: the endpoint refuses this request.
            BudgetSpentError: it could cost more than what is left.
            TerminalError: no request can succeed.
            UnreachableError: the last attempt found nobody listening.
            TransientError: every attempt failed.
            asyncio.CancelledError: an attempt failed and nobody waits any more.
        """
        seed = request.seed(draw)
        foreseen = self._foresee(request)
        for attempt in itertools.count(1):
            outcome = await self._attempt(request, seed, foreseen, interest)
            if isinstance(outcome, Reply):
                return Delivery(outcome, attempt, self._cost(outcome, foreseen))
            self.retries[outcome.cause] += 1
            if attempt >= self._settings.max_attempts or (outcome.pause_s or 0) > LONGEST_PAUSE_SECONDS:
                raise _gave_up(request, outcome, attempt, self._settings)
            if not interest.waiters:
                break
            self._say_once(attempt, outcome)
            await asyncio.sleep(choose_delay(attempt, outcome))
        raise asyncio.CancelledError

    def _say_once(self, attempt: int, fault: Fault) -> None:
        """Tell a person why nothing moves, once a request has failed a second time."""
        if attempt == 2 and not self._has_said:
            self._has_said = True
            log.warning("%s; trying again, up to %d times a request.", fault.detail, self._settings.max_attempts)

    def _cost(self, reply: Reply, foreseen: _Foreseen) -> float | None:
        if self._prices is None or not (reply.has_usage or self._budget):
            return None
        return self._count(reply, foreseen).usd

    def _foresee(self, request: Request) -> _Foreseen:
        if not self._tokens and not self._budget:
            return _Foreseen(0, 0.0)  # nobody asks, and counting takes 0.1 ms
        if self._budget and request.max_tokens is None:
            raise TerminalError(
                f"A budget of ${self._budget.limit_usd:.4g} cannot be kept while an answer may have any length; set "
                f"{self._settings.variable('max_tokens')}."
            )
        estimate = estimate_tokens(request)
        worst_usd = self._budget.worst_cost(estimate) if self._budget else 0.0
        return _Foreseen(estimate.likely_prompt + estimate.most_completion, worst_usd)

    async def _attempt(self, request: Request, seed: int, foreseen: _Foreseen, interest: Interest) -> Reply | Fault:
        """One attempt; whatever it took from the limits and the budget is put right afterwards."""
        likely_tokens, worst_usd = foreseen
        came = time.monotonic()
        await self.limit.enter()
        try:
            if self._requests:
                await self._requests.enter()
            if self._tokens:
                await self._tokens.enter(likely_tokens)
            if self._budget:
                await self._budget.enter(worst_usd)
            self.waited_s += time.monotonic() - came
            used_tokens, cost_usd = 0, 0.0
            try:
                outcome = await self._send_now(request, seed, interest)
                used_tokens, cost_usd = self._count(outcome, foreseen)
            finally:
                if self._tokens:
                    self._tokens.give_back(likely_tokens - used_tokens)
                if self._budget:
                    self._budget.settle(worst_usd, cost_usd)
            self._adapt(outcome)
        finally:
            self.limit.give_back()
        return outcome

    async def _send_now(self, request: Request, seed: int, interest: Interest) -> Reply | Fault:
        if self._end is not None:
            raise type(self._end)(*self._end.args)
        interest.is_sent = True
        try:
            return await self.endpoint.send(request, seed)
        except RequestRefusedError:
            raise
        except TerminalError as error:
            self._end = error  # key, address or account is wrong: those in line need not find out one by one
            raise
        finally:
            interest.is_sent = False

    def _count(self, outcome: Reply | Fault, foreseen: _Foreseen) -> _Foreseen:
        """What an attempt took; as much as foreseen where the endpoint does not say."""
        if isinstance(outcome, Fault):
            return foreseen if outcome.may_have_cost else _Foreseen(0, 0.0)
        if not outcome.has_usage:
            return foreseen
        cost = self._prices.cost(outcome.prompt_tokens, outcome.completion_tokens) if self._prices else 0.0
        return _Foreseen(outcome.prompt_tokens + outcome.completion_tokens, cost)

    def _adapt(self, outcome: Reply | Fault) -> None:
        if isinstance(outcome, Reply):
            self._overload.note(is_sign=False)
            self.limit.rise()
        elif outcome.cause != "broken_reply" and self._overload.note(is_sign=True):
            self.limit.cut()
            if outcome.cause == "rate_limited" and outcome.pause_s and outcome.pause_s <= LONGEST_PAUSE_SECONDS:
                self.limit.pause(outcome.pause_s)


def choose_delay(attempt: int, fault: Fault) -> float:
    """Seconds until the next attempt: exponential with full jitter, never less than the endpoint asks for."""
    longest = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (attempt - 1))
    return max(fault.pause_s or 0.0, random.uniform(0, longest))


def _gave_up(request: Request, fault: Fault, attempts: int, settings: EndpointSettings) -> TransientError:
    if (fault.pause_s or 0) > LONGEST_PAUSE_SECONDS:
        return TransientError(
            f"{fault.detail} and asks to wait {fault.pause_s:.0f} s, expected at most {LONGEST_PAUSE_SECONDS:.0f}; "
            "run the same command again then: stored answers are not asked again."
        )
    kind = UnreachableError if fault.is_unreachable else TransientError
    return kind(
        f"No answer to a request ({request.prompt}) after {attempts} attempts; the last: {fault.detail}. See whether "
        f"the endpoint is up, lower {settings.variable('concurrency')} if it is overloaded, then run the same command "
        "again: stored answers are not asked again."
    )
