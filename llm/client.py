"""The one client that every answer of any model goes through: known answers, calls under way, journal, ledger.

Journal first: an answer is on its way to the disk before anybody sees it, so nothing that was paid for is lost.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from llm.connection import open_endpoint
from llm.costs import Budget, ClientStats, Prices, Sums
from llm.journal import Journal
from llm.sender import Delivery, Interest, Sender
from schemas.answer import Answer, Request
from schemas.errors import RequestRefusedError, TerminalError
from schemas.settings import EndpointSettings

MOST_KNOWN = 65_536
"""Answers kept in memory (about 4 KB each); older ones are in the warehouse and remembered from there."""


@dataclass
class _Call:
    """A call under way, for everyone who asked for it."""

    interest: Interest
    task: asyncio.Task[Answer]


@dataclass(frozen=True)
class Owner:
    """Who pays."""

    job_id: str
    run_id: str


class TeacherClient:
    """Asks each question once; made by `open_client`."""

    def __init__(
        self, sender: Sender, journal: Journal | None, prices: Prices | None, most_concurrency: int, owner: Owner
    ) -> None:
        self._sender = sender
        self._journal = journal
        self._prices = prices
        self._most_concurrency = most_concurrency
        self._owner = owner
        self._known: OrderedDict[str, Answer] = OrderedDict()
        self._unloaded: list[Answer] = []
        self._under_way: dict[str, _Call] = {}
        self._new = Sums()
        self._reused = Sums()
        self._joined = 0

    async def answer(self, request: Request, draw: int = 0) -> Answer:
        """The `draw`-th answer to a request: a known one, the one under way, or a new one.

        Raises:
            RequestRefusedError: the endpoint refuses this request; others may pass.
            BudgetSpentError: it could cost more than what is left.
            TerminalError: nothing can succeed here: key, model, address, credit, disk.
            UnreachableError: the last attempt found nobody listening.
            TransientError: every attempt failed, for reasons that may heal.
        """
        answer_id = request.answer_id(draw)
        known = self._known.get(answer_id)
        if known is not None:
            self._reused.add(known)
            return known
        call = self._under_way.get(answer_id)
        if call is None:
            call = self._under_way[answer_id] = self._start(request, draw, answer_id)
        else:
            self._joined += 1
        return await self._wait_for(call, answer_id)

    def remember(self, answers: Iterable[Answer]) -> None:
        """Learn answers that are stored, so that they are not paid for again."""
        for answer in answers:
            self._keep(answer)

    def take_unloaded(self) -> list[Answer]:
        """New answers since the last call; commit them, then tell the journal with `mark_loaded`."""
        taken, self._unloaded = self._unloaded, []
        return taken

    def put_back(self, answers: list[Answer]) -> None:
        """Return what `take_unloaded` gave and could not be committed."""
        self._unloaded = [*answers, *self._unloaded]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Fields of requests, such as top_k, that the endpoint has refused and is not sent any more."""
        return self._sender.endpoint.left_out

    @property
    def stats(self) -> ClientStats:
        """The ledger so far."""
        new = self._new.tally
        return ClientStats(
            requests_sent=self._sender.endpoint.requests_sent,
            new=new,
            reused=self._reused.tally,
            joined=self._joined,
            retries=dict(self._sender.retries),
            cost_usd=self._prices.cost(new.prompt_tokens, new.completion_tokens) if self._prices else None,
            prices=self._prices,
            concurrency=self._sender.limit.limit,
            most_concurrency=self._most_concurrency,
            waited_s=self._sender.waited_s,
        )

    async def close(self) -> None:
        """End the calls under way; what arrived is in the journal."""
        tasks = [call.task for call in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, request: Request, draw: int, answer_id: str) -> _Call:
        interest = Interest()
        task = asyncio.create_task(self._fetch(request, draw, answer_id, interest))
        task.add_done_callback(_see_error)
        return _Call(interest, task)

    async def _wait_for(self, call: _Call, answer_id: str) -> Answer:
        """A caller may be cancelled without harm to the others; with the last one goes a call that is not sent yet."""
        call.interest.waiters += 1
        try:
            return await asyncio.shield(call.task)
        finally:
            call.interest.waiters -= 1
            if not call.interest.waiters and not call.interest.is_sent and not call.task.done():
                self._forget(answer_id, call.interest)
                call.task.cancel()

    async def _fetch(self, request: Request, draw: int, answer_id: str, interest: Interest) -> Answer:
        try:
            delivery = await self._sender.send(request, draw, interest)
            answer = self._make_answer(request, draw, answer_id, delivery)
            if self._journal:
                self._journal.append(answer, self._owner.job_id, self._owner.run_id)
            self._unloaded.append(answer)
            self._keep(answer)
            self._new.add(answer)
            return answer
        finally:
            self._forget(answer_id, interest)

    def _forget(self, answer_id: str, interest: Interest) -> None:
        """Let the next caller start anew; a later call of the same id is not touched."""
        call = self._under_way.get(answer_id)
        if call and call.interest is interest:
            del self._under_way[answer_id]

    def _keep(self, answer: Answer) -> None:
        self._known[answer.answer_id] = answer
        self._known.move_to_end(answer.answer_id)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _make_answer(self, request: Request, draw: int, answer_id: str, delivery: Delivery) -> Answer:
        reply = delivery.reply
        if reply.refusal:
            endpoint = self._sender.endpoint
            words = endpoint.scrub(reply.refusal)
            raise RequestRefusedError(
                f"{endpoint.address} refuses this request ({words}); it is left out, others go on."
            )
        return Answer.model_construct(  # our own values; validating each costs more than storing it
            answer_id=answer_id,
            request_id=request.request_id,
            draw=draw,
            prompt=request.prompt,
            model=request.model,
            served_model=reply.served_model,
            text=reply.text,
            raw=reply.raw,
            finish_reason=reply.finish_reason,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            cost_usd=delivery.cost_usd,
            latency_ms=reply.latency_ms,
            attempts=delivery.attempts,
            answered_at=datetime.now(UTC).isoformat(),
        )


@contextlib.asynccontextmanager
async def open_client(
    settings: EndpointSettings,
    journal: Journal | None,
    *,
    job_id: str,
    run_id: str,
    spent_usd: float = 0.0,
    budget_usd: float | None = None,
) -> AsyncIterator[TeacherClient]:
    """Connect to an endpoint, or to the embedded teacher where a teacher's settings hold no address.

    Args:
        settings: address, limits, prices; messages name their variables.
        journal: where new answers go first; None: nowhere, and a killed process loses them.
        job_id: who pays.
        run_id: the attempt at that job.
        spent_usd: what earlier runs of the job have paid.
        budget_usd: most that the job may cost.

    Raises:
        TerminalError: a budget without prices, no address, no model, a key that cannot be sent.
    """
    prices = Prices(0, 0) if settings.is_offline else None
    if settings.price_in is not None and settings.price_out is not None:
        prices = Prices(settings.price_in, settings.price_out)
    if budget_usd is not None and prices is None:
        raise TerminalError(
            f"A budget of ${budget_usd:g} cannot be kept without prices; set {settings.variable('price_in')} and "
            f"{settings.variable('price_out')} (USD per million tokens), 0 for an endpoint that costs nothing."
        )
    budget = Budget(budget_usd, spent_usd, prices) if budget_usd is not None and prices else None
    truth_path = journal.directory / "planted.jsonl" if journal else None
    async with open_endpoint(settings, truth_path) as endpoint:
        sender = Sender(endpoint, settings, prices, budget)
        client = TeacherClient(sender, journal, prices, settings.concurrency, Owner(job_id, run_id))
        try:
            yield client
        finally:
            await client.close()


def _see_error(task: asyncio.Task[Answer]) -> None:
    """Callers who are gone do not want to hear of an error; asyncio would log it as never retrieved."""
    if not task.cancelled():
        task.exception()
