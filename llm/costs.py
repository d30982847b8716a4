"""What answers cost: prices, the budget that is never exceeded, the ledger of a run and the forecast of a whole job."""

import json
from typing import Literal, NamedTuple

from llm.limits import Line
from schemas.answer import Answer, Request
from schemas.errors import BudgetSpentError
from schemas.record import Record, canonical_json

Cause = Literal["rate_limited", "server_error", "timeout", "connection", "broken_reply"]
"""Why an attempt is made again."""

_MESSAGE_TOKENS = 16  # role and separators of one message; chat templates in use need 3 to 10
_TOOLS_TOKENS = 1024  # what is said around tools; the prompts of serving/call_formats stay below 800 bytes
_GUESSED_COMPLETION = 512
_ROUNDING_USD = 1e-9


class Prices(NamedTuple):
    """USD per million tokens."""

    price_in: float
    price_out: float

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """In USD."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1_000_000


class TokenEstimate(NamedTuple):
    """A request's tokens before it is sent."""

    most_prompt: int
    """No tokenizer in use makes more tokens than the text has bytes."""
    likely_prompt: int
    """About 3 ASCII characters a token, one token for any other."""
    most_completion: int
    """A guess where the request sets none: it will do for a limit per minute and not for a budget."""


def estimate_tokens(request: Request) -> TokenEstimate:
    """Bound and guess the tokens of a request; answer schema and tools count, endpoints put them into the prompt."""
    text = "".join(message.content or "" for message in request.messages)
    text += "".join(canonical_json(message.tool_calls) for message in request.messages if message.tool_calls)
    overhead = _MESSAGE_TOKENS * len(request.messages)
    if request.answer_schema is not None:
        text += canonical_json(request.answer_schema)
    if request.tools:
        text += json.dumps(request.tools, ensure_ascii=False)
        overhead += _TOOLS_TOKENS
    size = len(text.encode("utf-8", "replace"))
    other = 0 if size == len(text) else sum(character > "\x7f" for character in text)
    most_completion = _GUESSED_COMPLETION if request.max_tokens is None else request.max_tokens
    return TokenEstimate(size + overhead, (len(text) - other) // 3 + other + overhead, most_completion)


class Budget(Line):
    """Starts a request only if what is spent and the worst case of what is under way leave room for its worst case."""

    def __init__(self, limit_usd: float, spent_usd: float, prices: Prices) -> None:
        super().__init__()
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        """Counts attempts that may have cost something and gave no answer, at their worst case."""
        self.prices = prices
        self._under_way = 0
        self._reserved_usd = 0.0

    def worst_cost(self, estimate: TokenEstimate) -> float:
        """The most that one request can cost."""
        return self.prices.cost(estimate.most_prompt, estimate.most_completion)

    def admit(self, amount: float) -> bool:
        """Reserve `amount` USD.

        Raises:
            BudgetSpentError: it does not fit although nothing is under way.
        """
        if self.spent_usd + self._reserved_usd + amount <= self.limit_usd + _ROUNDING_USD:
            self._under_way += 1
            self._reserved_usd += amount
            return True
        if self._under_way:
            return False
        raise BudgetSpentError(
            f"The budget of ${self.limit_usd:.4g} is spent: ${self.spent_usd:.4g} so far, and the next request could "
            f"cost ${amount:.4g}. Run the same command again with a higher --budget to go on from here."
        )

    def give_back(self, amount: float) -> None:
        """Free a reservation that was not used."""
        self.settle(amount, 0.0)

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """Turn a reservation into what was really paid."""
        self._under_way -= 1
        self._reserved_usd = self._reserved_usd - reserved_usd if self._under_way else 0.0
        self.spent_usd += cost_usd
        self.move()


class Tally(Record):
    """Sums over answers."""

    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_s: float = 0.0
    """Of the attempts that succeeded, added up."""


class Sums:
    """A tally that grows."""

    def __init__(self) -> None:
        self._answers = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._latency_ms = 0.0

    def add(self, answer: Answer) -> None:
        """Count an answer."""
        self._answers += 1
        self._prompt_tokens += answer.prompt_tokens
        self._completion_tokens += answer.completion_tokens
        self._latency_ms += answer.latency_ms

    @property
    def tally(self) -> Tally:
        """The sums so far."""
        return Tally(
            answers=self._answers,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            latency_s=self._latency_ms / 1000,
        )


class ClientStats(Record):
    """The ledger of one client since it was opened."""

    requests_sent: int
    """Attempts included."""
    new: Tally
    """Answers that were paid for."""
    reused: Tally
    """Stored answers that were asked for again."""
    joined: int
    """Callers that shared a call under way."""
    retries: dict[Cause, int]
    cost_usd: float | None
    """Of the new answers; None where no price is set."""
    prices: Prices | None
    concurrency: int
    """Most requests at once as of now."""
    most_concurrency: int
    """Most requests at once as set."""
    waited_s: float
    """Time that requests stood in line for concurrency, limits per minute and the budget, added up."""


class Forecast(Record):
    """What a whole job will take, from a sample of it."""

    answers: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no price is set."""
    seconds: float
    """Of waiting for answers at full concurrency; the endpoint's limits may stretch it."""


def forecast(sample: ClientStats, done: int, wanted: int) -> Forecast:
    """Scale what `done` things took to `wanted` of them; stored answers count like new ones.

    Raises:
        ValueError: there is no sample to scale.
    """
    if done < 1:
        raise ValueError(f"A forecast needs at least one finished thing, got {done}; see why the dry run made none.")
    scale = wanted / done
    prompt_tokens = round((sample.new.prompt_tokens + sample.reused.prompt_tokens) * scale)
    completion_tokens = round((sample.new.completion_tokens + sample.reused.completion_tokens) * scale)
    return Forecast(
        answers=round((sample.new.answers + sample.reused.answers) * scale),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=sample.prices.cost(prompt_tokens, completion_tokens) if sample.prices else None,
        seconds=(sample.new.latency_s + sample.reused.latency_s) * scale / sample.most_concurrency,
    )
