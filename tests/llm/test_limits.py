"""Limits hold whoever comes, leaves or is cancelled, and nobody waits for ever."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from llm.limits import RECENT_OUTCOMES, AdaptiveLimit, Meter, MinuteLimit, Overload


class FakeClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_limit_whose_ends_meet_is_fixed() -> None:
    limit = AdaptiveLimit(64, 64, FakeClock())
    limit.cut()
    limit.rise()
    assert limit.limit == 64


def test_the_floor_is_never_above_the_ceiling() -> None:
    assert AdaptiveLimit(4, 1, FakeClock()).limit == 1


def test_it_climbs_from_a_quarter_and_doubles_each_round_until_the_first_failure() -> None:
    clock = FakeClock()
    limit = AdaptiveLimit(4, 64, clock)
    assert limit.limit == 16
    for _ in range(16):
        limit.rise()
    assert limit.limit == 32
    limit.cut()
    assert limit.limit == 16
    for _ in range(16):
        limit.rise()
    assert 16 + 6 <= limit.limit <= 16 + 8, "after a failure only a few places a round"


def test_failures_within_a_second_halve_once_and_never_below_the_floor() -> None:
    clock = FakeClock()
    limit = AdaptiveLimit(4, 64, clock)
    for _ in range(10):
        limit.cut()
    assert limit.limit == 8
    for _ in range(5):
        clock.now += 1
        limit.cut()
    assert limit.limit == 4


def test_a_failure_now_and_then_is_no_overload_and_many_are() -> None:
    overload = Overload()
    assert overload.note(is_sign=True), "the first thing that comes is a 429"
    signs = [number % 5 == 0 for number in range(4 * RECENT_OUTCOMES)]
    assert not any([overload.note(sign) for sign in signs][RECENT_OUTCOMES:])
    assert [overload.note(is_sign=True) for _ in range(RECENT_OUTCOMES)].count(True) > RECENT_OUTCOMES * 0.8


def test_nobody_is_admitted_during_a_pause() -> None:
    async def run() -> None:
        clock = FakeClock()
        limit = AdaptiveLimit(2, 2, clock)
        limit.pause(30)
        task = asyncio.create_task(limit.enter())
        await asyncio.sleep(0)
        limit.move()
        assert limit.under_way == 0
        clock.now += 31
        limit.move()
        await task
        assert limit.under_way == 1

    asyncio.run(run())


def test_a_pause_ends_by_itself() -> None:
    async def run() -> None:
        limit = AdaptiveLimit(2, 2)
        limit.pause(0.01)
        await asyncio.wait_for(limit.enter(), 5)

    asyncio.run(run())


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=40), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_never_too_many_at_once_and_cancelled_ones_leave_no_trace(plan: list[tuple[int, bool]], most: int) -> None:
    async def run() -> None:
        limit = AdaptiveLimit(most, most)
        seen: list[int] = []

        async def work(turns: int) -> None:
            await limit.enter()
            try:
                seen.append(limit.under_way)
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                limit.give_back()

        tasks = [asyncio.create_task(work(turns)) for turns, _ in plan]
        for task, (turns, is_cancelled) in zip(tasks, plan, strict=True):
            for _ in range(turns):
                await asyncio.sleep(0)
            if is_cancelled:
                task.cancel()
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        assert max(seen, default=0) <= most
        assert limit.under_way == 0
        await asyncio.wait_for(limit.enter(), 5)

    asyncio.run(run())


@given(st.integers(1, 6000), st.lists(st.tuples(st.floats(0, 5), st.integers(1, 500)), max_size=60))
def test_in_no_window_more_than_the_limit_a_second_s_worth_and_one_request(
    per_minute: int, arrivals: list[tuple[float, int]]
) -> None:
    now, taken = 0.0, []
    meter = Meter(per_minute, now)
    for wait, amount in arrivals:
        now += wait
        if meter.seconds_left(now) == 0:
            meter.take(amount)
            taken.append((now, amount))
    allowed = max(1.0, per_minute / 60)
    for index, (start, _) in enumerate(taken):
        for end in range(index, len(taken)):
            used = sum(amount for _, amount in taken[index : end + 1])
            biggest = max(amount for _, amount in taken[index : end + 1])
            assert used <= (taken[end][0] - start) * per_minute / 60 + allowed + biggest + 1e-6


@given(st.integers(1, 6000), st.integers(1, 5000))
def test_a_meter_always_lets_the_next_one_pass_in_the_time_it_says(per_minute: int, amount: int) -> None:
    meter = Meter(per_minute, 0.0)
    assert meter.seconds_left(0.0) == 0
    meter.take(amount)
    wait = meter.seconds_left(0.0)
    assert meter.seconds_left(wait + 0.002) == 0


def test_a_corrected_estimate_lets_the_next_one_in() -> None:
    async def run() -> None:
        clock = FakeClock()
        limit = MinuteLimit(600, clock)
        await limit.enter(500)
        task = asyncio.create_task(limit.enter(10))
        await asyncio.sleep(0)
        assert not task.done()
        limit.give_back(495)
        await asyncio.wait_for(task, 5)

    asyncio.run(run())


def test_a_minute_limit_opens_again_by_itself() -> None:
    async def run() -> None:
        limit = MinuteLimit(6_000_000)
        for _ in range(5):
            await asyncio.wait_for(limit.enter(40_000), 5)

    asyncio.run(run())
