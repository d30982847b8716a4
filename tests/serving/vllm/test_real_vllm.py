"""Our engine over a real vLLM (make vllm-env, or CALLMILL_VLLM_PYTHON): minutes on two cores."""

import asyncio
import gc
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import TerminalError
from schemas.serve import ServeOptions
from serving.call_formats.open import open_call_format
from serving.calls import build_language
from serving.engine import Engine, Generation, Piece
from serving.production.instances import describe_vllm
from serving.refusals import RefusedError
from serving.vllm.engine import VllmEngine, open_vllm_engine
from serving.vllm.launch import VllmProcess, find_vllm_python, start_vllm
from tasks.ingest import ingest_documents
from tests.serving.outputs import PROMPT, ask_all, draw_questions
from tests.serving.vllm.awaited import awaited
from tests.serving.vllm.test_strict import TOOLS

pytestmark = pytest.mark.slow

HERMES = open_call_format("hermes")
ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
SHARED = ROOT / ".." / "shared" / "data" / "openapi"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmProcess]:
    """A small random model behind vLLM."""
    yield from start(tmp_path_factory.mktemp("vllm"), "hermes")


@pytest.fixture(scope="module")
def qwen_agent_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmProcess]:
    """The same with our tool parser plugin."""
    yield from start(tmp_path_factory.mktemp("vllm-qwen-agent"), "qwen-agent")


def start(folder: Path, call_format: str) -> Iterator[VllmProcess]:
    """vLLM's attention on CPU needs heads of 32, which the tiny model has not: hence small."""
    from training.tiny_model import make_tiny_model

    try:
        python = find_vllm_python()
    except TerminalError as error:
        pytest.skip(str(error))
    model = make_tiny_model(folder / "small", size="small")
    options = describe_vllm(ServeOptions(model=str(model), engine="vllm", call_format=call_format, max_model_len=8192))
    process = start_vllm(options, folder / "vllm.log", python)
    try:
        asyncio.run(process.wait_until_ready())
        yield process
    finally:
        asyncio.run(process.stop())


class Noting:
    """An engine that keeps count of refusals, which a shared tally does not tell apart."""

    def __init__(self, engine: VllmEngine) -> None:
        self.model_name = engine.model_name
        self.context_length = engine.context_length
        self.default_max_tokens: int | None = None
        self.is_constrained = engine.is_constrained
        self.refused: Counter[int] = Counter()
        self._engine = engine
        self.count_tokens, self.is_healthy, self.close = engine.count_tokens, engine.is_healthy, engine.close

    async def generate(self, generation: Generation) -> Any:
        try:
            async for piece in self._engine.generate(generation):
                yield piece
        except RefusedError as error:
            print(error)
            self.refused[error.status] += 1
            raise


async def connect(server: VllmProcess) -> VllmEngine:
    return await open_vllm_engine(server.url, server.options.served_name)


def ask(choice: Any, tools: list[dict[str, Any]], max_tokens: int) -> Generation:
    return Generation(PROMPT, build_language(tools, choice, True, HERMES), max_tokens)


async def collect(engine: Engine, generation: Generation) -> list[Piece]:
    return [piece async for piece in engine.generate(generation)]


@awaited
async def test_500_answers_of_a_random_model_are_legal_and_forced_calls_end(server: VllmProcess) -> None:
    engine = await connect(server)
    noting = Noting(engine)
    tally = await ask_all(noting, HERMES, draw_questions(TOOLS, 500, 11), 32)
    print(tally, noting.refused)
    assert not tally.problems
    assert not noting.refused
    assert tally.answers == 500
    assert tally.forced_complete >= 0.9 * tally.forced
    await engine.close()


@awaited
async def test_functions_of_real_documents(server: VllmProcess) -> None:
    functions = [each for one in ingest_documents([SHARED if SHARED.is_dir() else EXAMPLES]) for each in one.functions]
    tools = [each.tool for each in functions if each.state == "accepted"]
    engine = await connect(server)
    noting = Noting(engine)
    tally = await ask_all(noting, HERMES, draw_questions(tools, 200, 3), 32)
    print(tally, noting.refused)
    assert not tally.problems
    assert not noting.refused
    assert tally.forced_complete >= 0.9 * tally.forced
    await engine.close()


@pytest.mark.parametrize("format_name", ["special-tokens", "qwen-agent"])
@awaited
async def test_the_other_call_formats(server: VllmProcess, format_name: str) -> None:
    engine = await connect(server)
    tally = await ask_all(engine, open_call_format(format_name), draw_questions(TOOLS, 50, 5, 200), 32)
    assert not tally.problems
    assert tally.refused == 0
    assert tally.forced_complete >= 0.9 * tally.forced
    await engine.close()


@awaited
async def test_an_answer_streams_and_a_tiny_budget_is_length(server: VllmProcess) -> None:
    engine = await connect(server)
    pieces = await collect(engine, ask("required", TOOLS, 200))
    assert len(pieces) > 5
    assert pieces[-1].finish == "stop"
    cut = await collect(engine, ask({"type": "function", "function": {"name": "note"}}, TOOLS, 4))
    assert cut[-1].finish == "length"
    assert sum(piece.tokens for piece in cut) == 4
    assert not HERMES.parse("".join(piece.text for piece in cut)).calls
    await engine.close()


@awaited
async def test_a_closed_answer_stops_the_work(server: VllmProcess) -> None:
    engine = await connect(server)
    generation = Generation(PROMPT, build_language([], None, True, HERMES), 8000)
    async with aclosing(engine.generate(generation)) as pieces:  # type: ignore[type-var]  # an async generator
        await anext(pieces)
    deadline = time.monotonic() + 10
    while running(server):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    await engine.close()


def running(server: VllmProcess) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:  # noqa: S310  # our own address
        lines = [line for line in answer.read().decode().splitlines() if line.startswith("vllm:num_requests_running")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@awaited
async def test_128_tools_of_20_parameters_hold_nobody_up(server: VllmProcess) -> None:
    """One joint grammar takes seconds, in which nobody's next token comes."""
    types = ("string", "integer", "boolean", "number")
    tools = [
        {
            "type": "function",
            "function": {
                "name": f"function_{tool}",
                "parameters": {
                    "type": "object",
                    "properties": {f"parameter_{tool}_{each}": {"type": types[each % 4]} for each in range(20)},
                    "required": [f"parameter_{tool}_{each}" for each in range(3)],
                    "additionalProperties": False,
                },
            },
        }
        for tool in range(128)
    ]
    engine = await connect(server)
    gaps: list[float] = []

    async def talk() -> None:
        last = time.perf_counter()
        async for _ in engine.generate(Generation(PROMPT, build_language([], None, True, HERMES), 400)):
            gaps.append(time.perf_counter() - last)
            last = time.perf_counter()

    generation = ask("required", tools, 200)
    gc.collect()
    gc.freeze()  # this process's own pauses, of half a second with torch loaded, are not what is measured
    talking = asyncio.create_task(talk())
    await asyncio.sleep(1)
    started = time.perf_counter()
    first = 0.0
    async for _ in engine.generate(generation):
        first = first or time.perf_counter() - started
    await talking
    print(f"first token {first * 1e3:.0f} ms; longest gap of the other answer {max(gaps[3:]) * 1e3:.0f} ms")
    assert max(gaps[3:]) < 1
    await engine.close()


@pytest.mark.parametrize("choice", ["auto", "required", "none"])
def test_vllms_own_port_still_answers_its_own_users(server: VllmProcess, choice: str) -> None:
    answer = ask_vllm(server, {"tool_choice": choice, "max_tokens": 60})
    assert json.loads(answer)["choices"][0]["finish_reason"] in ("stop", "length", "tool_calls")


@pytest.mark.parametrize("stream", [False, True])
def test_the_parser_plugin_reads_calls_and_makes_them_legal(qwen_agent_server: VllmProcess, stream: bool) -> None:
    body = {"tool_choice": "required", "parallel_tool_calls": False, "max_tokens": 200, "stream": stream}
    answer = ask_vllm(qwen_agent_server, body)
    if stream:
        events = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: {")]
        deltas = [call for event in events for call in event["choices"][0]["delta"].get("tool_calls") or []]
        names = [delta["function"]["name"] for delta in deltas if delta["function"].get("name")]
        arguments = "".join([delta["function"].get("arguments") or "" for delta in deltas])
    else:
        calls = json.loads(answer)["choices"][0]["message"]["tool_calls"]
        names, arguments = [call["function"]["name"] for call in calls], calls[0]["function"]["arguments"]
    assert names == ["note_plain"]
    [function] = build_language(TOOLS[1:2], "required", False, HERMES).functions
    assert function.find_problem(arguments) is None


def ask_vllm(server: VllmProcess, more: dict[str, Any]) -> str:
    body = {
        "model": server.options.served_name,
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": TOOLS[1:2],
        **more,
    }
    request = urllib.request.Request(  # noqa: S310  # our own address
        f"{server.url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return str(answer.read().decode())
