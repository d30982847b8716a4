"""One question that its endpoint never answers is given up; an endpoint that is down is not."""

import asyncio
from typing import Any

import pytest

from llm.ask import Asked
from schemas.errors import TerminalError, TransientError
from tasks.batches import ask_all, gather_all

GOOD: Asked[Any] = Asked(None, None, None, ("a",))


async def question(error: Exception | None = None) -> Asked[Any]:
    await asyncio.sleep(0)
    if error:
        raise error
    return GOOD


def ask(failures: int, questions: int) -> list[Asked[Any]]:
    async def run() -> list[Asked[Any]]:
        errors = [TransientError("HTTP 500") if n < failures else None for n in range(questions)]
        return await ask_all([question(error) for error in errors])

    return asyncio.run(run())


def test_a_poison_question_gets_a_reason_and_the_others_their_answers() -> None:
    first, *others = ask(1, 40)
    assert (first.value, first.reason, first.detail) == (None, "no_answer", "HTTP 500")
    assert others == [GOOD] * 39


def test_many_failures_are_the_endpoints_and_may_heal() -> None:
    with pytest.raises(TransientError, match="HTTP 500"):
        ask(3, 40)


def test_the_first_error_that_cannot_heal_ends_the_others() -> None:
    ended: list[bool] = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def fail() -> None:
        await asyncio.sleep(0)
        raise TerminalError("wrong key")

    async def run() -> None:
        await gather_all([wait_for_ever(), fail()])

    with pytest.raises(TerminalError, match="wrong key"):
        asyncio.run(run())
    assert ended == [True]
