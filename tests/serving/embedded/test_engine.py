"""The engine behind asyncio: limits, cancelled and failed requests, and its end."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from serving.calls import CallLanguage
from serving.embedded.engine import EmbeddedEngine
from serving.embedded.load import LoadedModel
from serving.embedded.scheduler import Limits
from serving.engine import Generation, Sampling
from serving.refusals import RefusedError
from tests.serving.embedded.models import FREE, GREEDY, ask, generate_alone, random_prompt, spell


@pytest.fixture
def engine(loaded: LoadedModel) -> Iterator[EmbeddedEngine]:
    made = EmbeddedEngine(loaded)
    yield made
    asyncio.run(made.close())


def endless(engine: EmbeddedEngine, tokens: int = 400) -> AsyncIterator[Any]:
    """An answer that takes its time."""
    sampling = Sampling(temperature=1, seed=3, frequency_penalty=0)
    return engine.generate(Generation("weather", FREE, tokens, sampling))


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  another thread makes it true
            await asyncio.sleep(0.002)


def test_many_at_once_get_their_own_answers(engine: EmbeddedEngine, loaded: LoadedModel) -> None:
    source = random.Random(9)
    asked = [(random_prompt(source), source.randint(1, 20)) for _ in range(60)]

    async def ask_all() -> list[Any]:
        return await asyncio.gather(*[ask(engine, prompt, tokens) for prompt, tokens in asked])

    for (prompt, most), (text, tokens, finish) in zip(asked, asyncio.run(ask_all()), strict=True):
        alone = generate_alone(loaded, prompt, most)
        assert tokens == len(alone)
        assert text == spell(loaded, alone)
        assert finish == ("stop" if alone[-1] in loaded.vocabulary.end_ids else "length")


def test_a_seed_gives_the_same_text_whatever_else_runs(engine: EmbeddedEngine) -> None:
    async def both() -> list[str]:
        sampling = Sampling(temperature=1.3, top_p=0.95, seed=11, presence_penalty=0.3)
        alone, _, _ = await ask(engine, "flight", 40, sampling)
        crowd = [ask(engine, f"hotel {number}", 30, Sampling(temperature=2)) for number in range(9)]
        (beside, _, _), *_ = await asyncio.gather(ask(engine, "flight", 40, sampling), *crowd)
        return [alone, beside]

    first, second = asyncio.run(both())
    assert first == second


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(engine: EmbeddedEngine) -> None:
    with pytest.raises(RefusedError, match=r"1000.*512") as refused:
        asyncio.run(ask(engine, "1" * 1000))
    assert (refused.value.status, refused.value.code) == (400, "context_length_exceeded")


def test_the_context_ends_an_answer_with_length(engine: EmbeddedEngine) -> None:
    _, tokens, finish = asyncio.run(ask(engine, "1" * 500, 100, Sampling(seed=5)))
    assert (tokens, finish) == (12, "length")


@pytest.mark.parametrize(("prompt", "tokens"), [("", 5), ("weather", 0)])
def test_nothing_to_read_or_to_write_is_refused(engine: EmbeddedEngine, prompt: str, tokens: int) -> None:
    with pytest.raises(RefusedError) as refused:
        asyncio.run(ask(engine, prompt, tokens))
    assert refused.value.status == 400


def test_more_than_may_wait_are_refused_and_the_others_answered(loaded: LoadedModel) -> None:
    async def ask_all() -> list[Any]:
        engine = EmbeddedEngine(loaded, limits=Limits(rows=2, waiting=3))
        answers = await asyncio.gather(*[ask(engine, "weather", 200) for _ in range(20)], return_exceptions=True)
        await engine.close()
        return answers

    answers = asyncio.run(ask_all())
    refused = [each for each in answers if isinstance(each, RefusedError)]
    assert {each.status for each in refused} == {429}
    assert 0 < len(refused) <= 17
    assert len({each for each in answers if not isinstance(each, RefusedError)}) == 1


def test_closing_the_iterator_stops_the_work(engine: EmbeddedEngine) -> None:
    async def begin_and_leave() -> None:
        answers = [endless(engine) for _ in range(5)]
        for answer in answers:
            await anext(answer)
        assert engine.stats().running == 5
        for answer in answers:
            await answer.aclose()  # type: ignore[attr-defined]
        await until(lambda: engine.stats().running == 0)

    asyncio.run(begin_and_leave())
    assert engine.stats().cancelled == 5
    assert engine.stats().answer_tokens < 5 * 400


def test_a_cancelled_reader_frees_its_waiting_place(loaded: LoadedModel) -> None:
    async def cancel() -> None:
        engine = EmbeddedEngine(loaded, limits=Limits(rows=1))
        first = endless(engine)
        await anext(first)
        waiting = asyncio.create_task(ask(engine, "hotel"))
        await until(lambda: engine.stats().waiting == 1)
        waiting.cancel()
        await until(lambda: engine.stats().waiting == 0)
        assert engine.stats().running == 1
        await engine.close()

    asyncio.run(cancel())


def test_a_slow_reader_gets_all_in_fewer_pieces(engine: EmbeddedEngine, loaded: LoadedModel) -> None:
    async def read_slowly() -> tuple[str, int, int]:
        text, tokens, pieces = "", 0, 0
        async for piece in engine.generate(Generation("weather", FREE, 100, GREEDY)):
            text, tokens, pieces = text + piece.text, tokens + piece.tokens, pieces + 1
            await asyncio.sleep(0.05)
        return text, tokens, pieces

    text, tokens, pieces = asyncio.run(read_slowly())
    alone = generate_alone(loaded, "weather", 100)
    assert (text, tokens) == (spell(loaded, alone), len(alone))
    assert pieces < 50


def test_a_failed_pass_fails_its_requests_and_the_engine_goes_on(
    engine: EmbeddedEngine, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_once() -> None:
        before = await ask(engine, "weather")
        with monkeypatch.context() as patch:
            patch.setattr(loaded.model, "forward", lambda **_: 1 / 0)
            with pytest.raises(RefusedError, match="ZeroDivisionError") as refused:
                await ask(engine, "weather")
        assert (refused.value.status, refused.value.code) == (500, "engine_error")
        assert await ask(engine, "weather") == before
        assert await engine.is_healthy()

    asyncio.run(break_once())
    assert engine.stats().failed == 1


def test_a_broken_scheduler_gives_up_its_requests_and_goes_on(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_once() -> None:
        before = await ask(engine, "weather")
        with monkeypatch.context() as patch:
            patch.setattr(engine._scheduler.reader, "has_room", lambda *_: [][0])
            patch.setattr(engine._scheduler, "_drop_cancelled", lambda: [][0])
            with pytest.raises(RefusedError, match="IndexError"):
                await ask(engine, "weather")
        assert await ask(engine, "weather") == before

    asyncio.run(break_once())


def test_a_refused_constraint_is_told_before_anything_runs(loaded: LoadedModel) -> None:
    def refuse(language: CallLanguage, tokens: int) -> None:
        raise RefusedError(f"no grammar for {len(language.functions)} functions and {tokens} tokens")

    async def try_it() -> None:
        engine = EmbeddedEngine(loaded, constraints=refuse)
        with pytest.raises(RefusedError, match="no grammar for 0 functions and 7 tokens"):
            await ask(engine, "weather", 7)
        assert engine.stats().steps == 0
        await engine.close()

    asyncio.run(try_it())


def test_closing_ends_what_runs_and_refuses_what_comes(loaded: LoadedModel) -> None:
    async def close() -> None:
        engine = EmbeddedEngine(loaded)
        asked = asyncio.create_task(ask(engine, "weather", 400, Sampling(seed=1, temperature=1)))
        await until(lambda: engine.stats().running == 1)
        await engine.close()
        for late in (asked, ask(engine, "hotel")):
            with pytest.raises(RefusedError, match="shutting down") as refused:
                await late
            assert refused.value.status == 503
        assert not await engine.is_healthy()
        assert not engine._thread.is_alive()

    asyncio.run(close())


def test_a_loop_that_is_gone_does_not_hurt_the_next(engine: EmbeddedEngine) -> None:
    async def leave() -> None:
        await anext(endless(engine))

    asyncio.run(leave())
    assert asyncio.run(ask(engine, "weather"))[1] == 8


def test_hundreds_of_requests_leave_nothing_behind(engine: EmbeddedEngine) -> None:
    async def ask_many(start: int) -> None:
        for number in range(start, start + 150, 50):
            await asyncio.gather(*[ask(engine, f"flight {each}" * 9, 6) for each in range(number, number + 50)])

    asyncio.run(ask_many(1000))
    gc.collect()
    before = len(gc.get_objects()), engine._scheduler.batch.cache.capacity
    asyncio.run(ask_many(2000))
    asyncio.run(ask_many(3000))
    gc.collect()
    assert engine._scheduler.batch.cache.capacity == before[1]
    # The kept prefixes are few large tensors; nothing grows by the request.
    assert len(gc.get_objects()) < before[0] + 1500
    assert not engine._inboxes
    assert engine.stats().finished == 450
