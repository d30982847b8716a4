"""Lets pytest run a test that is a coroutine."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

Words = ParamSpec("Words")


def awaited(test: Callable[Words, Coroutine[Any, Any, None]]) -> Callable[Words, None]:
    """The test in an event loop of its own."""

    @functools.wraps(test)
    def run(*words: Words.args, **named: Words.kwargs) -> None:
        asyncio.run(test(*words, **named))

    return run
