"""From the engine's thread to the readers of answers: one wake-up of each event loop per step."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from serving.engine import Piece

if TYPE_CHECKING:
    from serving.embedded.job import Job


class Inbox:
    """What one answer's reader has not read yet; a slow reader finds it joined into one piece."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._piece: Piece | None = None
        self._error: Exception | None = None
        self._arrival = asyncio.Event()

    def put(self, result: Piece | Exception) -> None:
        """Add to it, in the loop's thread."""
        if isinstance(result, Exception):
            self._error = result
        elif self._piece is None:
            self._piece = result
        else:
            held = self._piece
            self._piece = Piece(held.text + result.text, held.tokens + result.tokens, result.finish)
        self._arrival.set()

    async def take(self) -> Piece:
        """Wait for something, and empty it.

        Raises:
            Exception: that ended the request in the engine.
        """
        await self._arrival.wait()
        self._arrival.clear()
        piece, self._piece = self._piece, None
        if piece is not None:
            if self._error is not None:
                self._arrival.set()
            return piece
        raise self._error or RuntimeError("An inbox was woken with nothing in it.")


def deliver(results: Iterable[tuple["Job", Piece | Exception]], inboxes: dict["Job", Inbox]) -> None:
    """Hand a step's results over, from the engine's thread."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Inbox, Piece | Exception]]] = {}
    for job, result in results:
        inbox = inboxes.get(job)
        if inbox is not None:
            by_loop.setdefault(inbox.loop, []).append((inbox, result))
    for loop, parcels in by_loop.items():
        try:
            loop.call_soon_threadsafe(_put_all, parcels)
        except RuntimeError:  # that loop is closed: nobody reads
            for job, inbox in list(inboxes.items()):
                job.is_cancelled = job.is_cancelled or inbox.loop is loop


def _put_all(parcels: list[tuple[Inbox, Piece | Exception]]) -> None:
    for inbox, result in parcels:
        inbox.put(result)
