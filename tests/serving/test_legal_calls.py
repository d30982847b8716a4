"""Whatever a randomly initialised model at temperature 2 is asked, every call that comes back is legal."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from serving.backends.backend import BackendName
from serving.call_formats.open import CALL_FORMATS, open_call_format
from serving.embedded.engine import EmbeddedEngine
from serving.embedded.open import EmbeddedOptions, open_embedded
from tasks.ingest import ingest_documents
from tests.serving.grammar.schemas import schemas
from tests.serving.outputs import Tally, ask_all, draw_questions

ROOT = Path(__file__).parents[2]
SHARED = ROOT / ".." / "shared" / "data" / "openapi"
BACKENDS: tuple[BackendName, ...] = ("xgrammar", "llguidance", "lm-format-enforcer")
# Lists of twelve: hypothesis can't draw much longer ones. An example is dozens of answers; making a failing one smaller
# would take hours, and its schema is in the message.
MANY = settings(deadline=None, phases=[Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=BACKENDS)
def engine(tiny_model: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedEngine]:
    """One engine per back end."""
    # One thread: two that wait for each other cost a tiny model more than they bring.
    opened = open_embedded(tiny_model, EmbeddedOptions(backend=request.param, threads=1))
    yield opened.engine
    asyncio.run(opened.engine.close())


def check(tally: Tally) -> None:
    """All that holds for every answer."""
    print(vars(tally) | {"problems": len(tally.problems)})
    assert not tally.problems, "\n".join(tally.problems[:3])
    assert tally.calls
    assert tally.forced_complete >= 0.9 * (tally.forced - tally.held_back)


def skip_slow_backend(request: pytest.FixtureRequest) -> None:
    """Thousands of answers are for the back ends one would serve with."""
    if request.node.callspec.params["engine"] == "lm-format-enforcer":
        pytest.skip("lm-format-enforcer has its 200 in the default suite")


def as_tools(made: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A function for each schema; some names begin like others."""
    names = [f"get{'_it' * (place % 3)}_{place // 3}" for place in range(len(made))]
    return [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in zip(names, made, strict=True)
    ]


@settings(MANY, max_examples=2)
@given(st.lists(schemas(), min_size=12, max_size=12), st.integers(0, 2**20))
def test_calls_by_generated_schemas_are_legal(engine: EmbeddedEngine, made: list[dict[str, Any]], seed: int) -> None:
    check(asyncio.run(ask_all(engine, open_call_format("hermes"), draw_questions(as_tools(made), 60, seed))))


@pytest.mark.parametrize("call_format", CALL_FORMATS)
def test_calls_of_the_example_documents_are_legal(engine: EmbeddedEngine, call_format: str) -> None:
    functions = [each for one in ingest_documents([ROOT / "examples"]) for each in one.functions]
    tools = [each.tool for each in functions if each.state == "accepted"]
    questions = draw_questions(tools, 30, 7)
    check(asyncio.run(ask_all(engine, open_call_format(call_format), questions)))


@pytest.mark.slow
@settings(MANY, max_examples=25)
@given(st.lists(schemas(), min_size=12, max_size=12), st.integers(0, 2**20))
def test_many_calls_by_generated_schemas_are_legal(
    engine: EmbeddedEngine, request: pytest.FixtureRequest, made: list[dict[str, Any]], seed: int
) -> None:
    skip_slow_backend(request)
    check(asyncio.run(ask_all(engine, open_call_format("hermes"), draw_questions(as_tools(made), 40, seed))))


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real documents")
def test_calls_of_real_documents_are_legal(engine: EmbeddedEngine, request: pytest.FixtureRequest) -> None:
    skip_slow_backend(request)
    functions = [each for one in ingest_documents([SHARED]) for each in one.functions]
    tools = [each.tool for each in functions if each.state == "accepted"]
    questions = draw_questions(tools, int(os.environ.get("CALLMILL_TEST_OUTPUTS", "1300")), 11)
    tally = asyncio.run(ask_all(engine, open_call_format("hermes"), questions))
    check(tally)
    assert tally.refused <= 0.02 * len(questions)  # one question offers up to six functions
