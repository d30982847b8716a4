"""What one client may take: size and time of a request, places at once, and the key that lets it in."""

import asyncio
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request

from serving.refusals import RefusedError

DISCARDED = 16
"""Bodies up to so many times the limit are read to their end and thrown away: a client that is still sending when the
connection closes never sees its 413."""


@dataclass(frozen=True)
class ApiOptions:
    """How the application treats requests."""

    api_key: str | None = None
    """Asked of everything under /v1; None: open."""
    max_body_bytes: int = 4 * 1024 * 1024
    timeout_s: float = 600.0
    """From the first byte of a request to the last of its answer."""
    stall_timeout_s: float = 60.0
    """A client that neither sends nor takes anything for so long is dropped."""
    max_concurrent: int = 256
    """Answers being made at once; a request for n choices counts n."""
    max_choices: int = 8
    """Largest n."""
    max_tools: int = 1024


class Places:
    """Answers that may be made at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def take(self, count: int) -> None:
        """Take places, all or none.

        Raises:
            RefusedError: 429, not so many are free.
        """
        if self.taken + count > self.most:
            message = f"{self.taken} of {self.most} answers are being made and {count} more were asked for; try later."
            raise RefusedError(message, status=429, code="rate_limit_exceeded")
        self.taken += count

    def leave(self, count: int) -> None:
        """Give places back."""
        self.taken -= count


class Visit:
    """One request on its way through the server: its deadline and its places."""

    def __init__(self, places: Places, timeout_s: float) -> None:
        self._places = places
        self._taken = 0
        self._timeout_s = timeout_s
        self.ends_at = time.monotonic() + timeout_s
        """On the event loop's clock."""

    def take(self, count: int) -> None:
        """Take places until the visit ends; see `Places.take`."""
        self._places.take(count)
        self._taken += count

    def leave(self) -> None:
        """The answer has gone out, or never will."""
        self._places.leave(self._taken)
        self._taken = 0

    def too_late(self) -> RefusedError:
        """What a client is told when its time is up."""
        message = f"No complete answer within {self._timeout_s:g} s; ask for fewer tokens, or raise the time limit."
        return RefusedError(message, status=504, code="timeout")


def check_key(headers: Iterable[tuple[bytes, bytes]], api_key: str | None) -> None:
    """Let in who has the key.

    Raises:
        RefusedError: 401.
    """
    if api_key is None:
        return
    given = next((value for name, value in headers if name == b"authorization"), b"")
    scheme, _, key = given.partition(b" ")
    if scheme.lower() != b"bearer" or not hmac.compare_digest(key.strip(), api_key.encode()):
        what = "Incorrect API key provided." if key else "No API key provided; send `Authorization: Bearer KEY`."
        raise RefusedError(what, status=401, code="invalid_api_key")


async def read_body(request: Request, options: ApiOptions) -> bytes:
    """The body, never holding more than the limit.

    Raises:
        RefusedError: 413, too large; 408, it did not arrive in time.
    """
    body = bytearray()
    size = 0
    try:
        async with asyncio.timeout(options.stall_timeout_s):
            async for chunk in request.stream():
                size += len(chunk)
                if size > DISCARDED * options.max_body_bytes:
                    break
                if size <= options.max_body_bytes:
                    body += chunk
    except TimeoutError:
        message = f"The request's body did not arrive within {options.stall_timeout_s:g} s."
        raise RefusedError(message, status=408, code="timeout") from None
    if size > options.max_body_bytes:
        message = f"The request is larger than {options.max_body_bytes} bytes."
        raise RefusedError(message, status=413, code="request_too_large")
    return bytes(body)
