"""Several streams as one, each item with the place of its stream; nothing is made faster than it is taken."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


async def merge(streams: Sequence[AsyncGenerator[Item, None]]) -> AsyncGenerator[tuple[int, Item], None]:
    """Items as they come; the first error ends all, and closing this closes them."""
    if len(streams) == 1:
        async with contextlib.aclosing(streams[0]) as only:
            async for each in only:
                yield 0, each
        return
    queue: asyncio.Queue[tuple[int, Item] | BaseException | None] = asyncio.Queue(maxsize=len(streams))
    pumps = [asyncio.create_task(_pump(place, stream, queue)) for place, stream in enumerate(streams)]
    try:
        ended = 0
        while ended < len(pumps):
            item = await queue.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                ended += 1
            else:
                yield item
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(
    place: int, stream: AsyncGenerator[Item, None], queue: "asyncio.Queue[tuple[int, Item] | BaseException | None]"
) -> None:
    async with contextlib.aclosing(stream):
        try:
            async for item in stream:
                await queue.put((place, item))
        except Exception as problem:
            await queue.put(problem)
        else:
            await queue.put(None)
