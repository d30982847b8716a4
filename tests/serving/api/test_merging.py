"""Several streams as one: nothing lost, nothing reordered, everything closed."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.api.merging import merge


async def count(items: list[int], closed: list[int], fails: bool = False) -> AsyncGenerator[int, None]:
    """The items, then an error if asked."""
    try:
        for item in items:
            await asyncio.sleep(0)
            yield item
        if fails:
            raise ValueError("broken")
    finally:
        closed.append(1)


@given(st.lists(st.lists(st.integers(), max_size=5), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_each_stream_keeps_its_order(streams: list[list[int]]) -> None:
    """And all of its items."""

    async def collect() -> list[list[int]]:
        got: list[list[int]] = [[] for _ in streams]
        async for place, item in merge([count(items, []) for items in streams]):
            got[place].append(item)
        return got

    assert asyncio.run(collect()) == streams


@pytest.mark.parametrize("others", [0, 2])
def test_error_ends_all(others: int) -> None:
    """And closes the other streams, which had more to say."""
    closed: list[int] = []

    async def collect() -> None:
        streams = [count([1], closed, fails=True)] + [count(list(range(10_000)), closed) for _ in range(others)]
        async for _ in merge(streams):
            pass

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(collect())
    assert len(closed) == others + 1


def test_closing_it_closes_its_streams() -> None:
    """As when a client leaves."""
    closed: list[int] = []

    async def leave() -> None:
        merged = merge([count(list(range(10_000)), closed) for _ in range(3)])
        await anext(merged)
        await merged.aclose()

    asyncio.run(leave())
    assert len(closed) == 3
