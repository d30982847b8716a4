"""Money: never more than the budget, and a forecast that scales what was measured."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.costs import Budget, ClientStats, Prices, Tally, estimate_tokens, forecast
from schemas.answer import Message, Request
from schemas.errors import BudgetSpentError
from tests.llm.scripted import make_request

PRICES = Prices(2.0, 10.0)


def test_prices_are_per_million() -> None:
    assert PRICES.cost(1_000_000, 100_000) == pytest.approx(3.0)


@pytest.mark.parametrize("text", ["", "hello", "北京明天下雨吗", "🙂" * 50, "a b c " * 100])
def test_the_bound_of_prompt_tokens_is_no_less_than_the_guess_and_the_bytes(text: str) -> None:
    estimate = estimate_tokens(make_request(text, max_tokens=77))
    assert estimate.most_prompt >= max(estimate.likely_prompt, len(text.encode()))
    assert estimate.most_completion == 77


def test_the_answer_schema_counts_as_prompt() -> None:
    schema = {"type": "object", "description": "x" * 1000}
    with_schema = estimate_tokens(make_request(answer_schema=schema)).most_prompt
    assert with_schema > estimate_tokens(make_request()).most_prompt + 1000


def test_tools_and_earlier_calls_count_as_prompt() -> None:
    plain = estimate_tokens(make_request())
    tool = {"type": "function", "function": {"name": "f", "description": "雨" * 1000}}
    with_tools = estimate_tokens(make_request(tools=(tool,)))
    assert with_tools.most_prompt > plain.most_prompt + 3000
    assert with_tools.likely_prompt > plain.likely_prompt + 1000
    asked = Message(role="assistant", content=None, tool_calls=({"function": {"arguments": "x" * 500}},))
    with_calls = Request(prompt="p", model="m", messages=(asked,), temperature=0, max_tokens=None)
    assert estimate_tokens(with_calls).most_prompt > 500


@given(
    limit=st.floats(0, 20),
    spent=st.floats(0, 10),
    costs=st.lists(st.tuples(st.floats(0.01, 8), st.floats(0, 1), st.integers(0, 3)), max_size=30),
)
@settings(max_examples=80, deadline=None)
def test_the_budget_is_never_exceeded_and_nobody_waits_for_ever(
    limit: float, spent: float, costs: list[tuple[float, float, int]]
) -> None:
    async def run() -> None:
        budget = Budget(limit, spent, PRICES)
        under_way = 0.0
        paid = spent

        async def call(worst: float, share: float, turns: int) -> None:
            nonlocal under_way, paid
            await budget.enter(worst)
            under_way += worst
            assert paid + under_way <= limit + 1e-6
            for _ in range(turns):
                await asyncio.sleep(0)
            under_way -= worst
            paid += worst * share
            budget.settle(worst, worst * share)

        calls = [call(worst, share, turns) for worst, share, turns in costs]
        results = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
        assert all(result is None or isinstance(result, BudgetSpentError) for result in results)
        assert budget.spent_usd == pytest.approx(paid)

    asyncio.run(run())


def test_a_request_waits_for_those_under_way_and_goes_when_they_cost_less() -> None:
    async def run() -> None:
        budget = Budget(1.0, 0.0, PRICES)
        await budget.enter(0.9)
        second = asyncio.create_task(budget.enter(0.5))
        await asyncio.sleep(0)
        assert not second.done()
        budget.settle(0.9, 0.1)
        await asyncio.wait_for(second, 5)

    asyncio.run(run())


def test_a_spent_budget_says_how_much_and_what_to_do() -> None:
    budget = Budget(1.0, 0.95, PRICES)
    with pytest.raises(BudgetSpentError, match=r"budget of \$1 is spent: \$0\.95 .* cost \$0\.1.* higher --budget"):
        budget.admit(0.1)


def stats(**changes: Any) -> ClientStats:
    known: dict[str, Any] = {
        "requests_sent": 22,
        "new": Tally(answers=20, prompt_tokens=2000, completion_tokens=1000, latency_s=40.0),
        "reused": Tally(),
        "joined": 0,
        "retries": {},
        "cost_usd": None,
        "prices": PRICES,
        "concurrency": 16,
        "most_concurrency": 64,
        "waited_s": 0.0,
    }
    return ClientStats(**{**known, **changes})


def test_a_forecast_scales_the_sample() -> None:
    whole = forecast(stats(), done=20, wanted=2000)
    assert (whole.answers, whole.prompt_tokens, whole.completion_tokens) == (2000, 200_000, 100_000)
    assert whole.cost_usd == pytest.approx(1.4)
    assert whole.seconds == pytest.approx(62.5)


def test_a_dry_run_whose_answers_were_stored_forecasts_the_same() -> None:
    tally = stats().new
    assert forecast(stats(new=Tally(), reused=tally), 20, 2000) == forecast(stats(), 20, 2000)


def test_without_prices_the_cost_is_unknown() -> None:
    assert forecast(stats(prices=None), 20, 2000).cost_usd is None


def test_nothing_cannot_be_scaled() -> None:
    with pytest.raises(ValueError, match="at least one finished thing, got 0"):
        forecast(stats(), 0, 2000)
