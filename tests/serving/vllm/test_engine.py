"""The engine over vLLM's HTTP: pieces, stop texts, refusals, and what a dead server looks like."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from serving.call_formats.open import open_call_format
from serving.calls import LateLanguage, build_language
from serving.engine import Generation, Piece
from serving.refusals import RefusedError
from serving.vllm.engine import VllmEngine, open_vllm_engine, write_free_request
from serving.vllm.launch import VllmOptions, VllmProcess, start_vllm
from serving.vllm.spec import read_spec, write_spec
from serving.vllm.stops import FreeTextStops
from tests.serving.vllm.awaited import awaited
from tests.serving.vllm.conftest import FakeModel

HERMES = open_call_format("hermes")
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False},
    },
}


def ask(choice: str, prompt: str = "Hello", max_tokens: int = 100, stop: tuple[str, ...] = ()) -> Generation:
    return Generation(prompt, build_language([TOOL], choice, True, HERMES), max_tokens, stop=stop)


@asynccontextmanager
async def running(model: Path, tmp_path: Path) -> AsyncIterator[tuple[VllmProcess, VllmEngine]]:
    process = start_vllm(VllmOptions(str(model), model.name, stop_s=2), tmp_path / "vllm.log")
    try:
        await process.wait_until_ready()
        engine = await open_vllm_engine(process.url, model.name)
        yield process, engine
        await engine.close()
    finally:
        await process.stop()


async def collect(engine: VllmEngine, generation: Generation) -> list[Piece]:
    return [piece async for piece in engine.generate(generation)]


@awaited
async def test_words_and_calls_come_in_pieces(fake_model: FakeModel, tmp_path: Path) -> None:
    async with running(fake_model("good"), tmp_path) as (_, engine):
        words = await collect(engine, ask("auto"))
        assert "".join(piece.text for piece in words) == "Good day to you all from good "
        assert sum(piece.tokens for piece in words) == 7
        assert [piece.finish for piece in words][-2:] == [None, "stop"]
        call = HERMES.parse("".join([piece.text for piece in await collect(engine, ask("required"))]))
        assert [each.name for each in call.calls] == ["get_weather"]


@awaited
async def test_a_stop_text_ends_the_words_before_it(fake_model: FakeModel, tmp_path: Path) -> None:
    async with running(fake_model("good"), tmp_path) as (_, engine):
        pieces = await collect(engine, ask("auto", stop=("you all",)))
        assert "".join(piece.text for piece in pieces) == "Good day to "
        assert pieces[-1].finish == "stop"


@awaited
async def test_a_prompt_without_room_is_refused(fake_model: FakeModel, tmp_path: Path) -> None:
    async with running(fake_model("good"), tmp_path) as (_, engine):
        assert engine.context_length == 4000
        assert await engine.count_tokens("abc") == 3
        with pytest.raises(RefusedError, match="no room") as refused:
            await collect(engine, ask("auto", "x" * 4000))
        assert refused.value.code == "context_length_exceeded"


@awaited
async def test_a_server_that_dies_is_503(fake_model: FakeModel, tmp_path: Path) -> None:
    async with running(fake_model("frail", dies_on="die"), tmp_path) as (_, engine):
        for prompt in ("die", "anything"):
            with pytest.raises(RefusedError) as refused:
                await collect(engine, ask("auto", prompt))
            assert refused.value.status == 503
        assert not await engine.is_healthy()


def test_a_language_is_read_as_it_was_written() -> None:
    language = build_language([TOOL], "required", False, HERMES)
    text = write_spec(language, 77)
    assert len(text.splitlines()) == 2
    spec = read_spec(text, open_call_format, lambda schema: LateLanguage(__import__("json").loads(schema)))
    assert spec.max_tokens == 77
    assert (spec.language.may_talk, spec.language.most_calls, spec.language.call_format) == (False, 1, HERMES)
    [function] = spec.language.functions
    assert function.name == "get_weather"
    assert function.arguments == language.functions[0].arguments


def test_a_free_request_says_where_to_stop_and_nothing_of_tools() -> None:
    language = build_language([TOOL], "required", False, open_call_format("qwen-agent"), is_free=True)
    body = write_free_request("m", [1], Generation("", language, 100, stop=("END",)), 50)
    assert body["stop"] == ["END", "✿RESULT✿"]
    assert "structured_outputs" not in body


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["one END two"], "one "),
        (["one E", "ND two"], "one "),
        (["one E", "N", "X"], "one ENX"),
        (["one <tool_call>", "END"], "one <tool_call>END"),
        (["one <tool", "_call>{END"], "one <tool_call>{END"),
        (["one EN"], "one EN"),
    ],
)
def test_stop_texts_count_in_words_alone(pieces: list[str], shown: str) -> None:
    stops = FreeTextStops(["END"], "<tool_call>", begins_with_call=False)
    assert "".join([stops.feed(piece) for piece in pieces]) + stops.finish() == shown
