"""However an answer is cut into pieces, streamed and whole say the same; and no torch is needed for any of it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.api.answers import read_answer
from serving.api.events import Finished, read_events
from serving.api.generating import Runner
from serving.api.limits import Places, Visit
from serving.api.metrics import Metrics
from serving.call_formats.format import ArgumentsDelta, CallStarted, ParsedCall, TextDelta
from serving.calls import build_language
from serving.engine import Generation, Piece
from tests.serving.api.scripted import FORMAT, TAGS, WEATHER, ScriptedEngine, call_text

LANGUAGE = build_language([WEATHER, TAGS], "auto", True, FORMAT)


@dataclass
class CutEngine(ScriptedEngine):
    """Says given pieces."""

    said: tuple[str, ...] = ()

    async def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """One after the other."""
        for text in self.said:
            yield Piece(text, 1)
        yield Piece("", 1, "stop")


CITIES = st.text(alphabet='ab{}<>/"\\é🙂 \n', max_size=8)
CALLS: st.SearchStrategy[tuple[str, str]] = st.one_of(
    st.builds(lambda city: ("get_weather", json.dumps({"city": city})), CITIES),
    st.builds(lambda tags: ("set_tags", json.dumps({"tags": sorted(tags)})), st.sets(CITIES, max_size=3)),
)


@st.composite
def answers(draw: Callable[[Any], Any]) -> tuple[str, ...]:
    """A text in pieces."""
    words = draw(st.sampled_from(["", "Well. ", "a < b", "<tool_cal "]))
    text = words + call_text(*draw(st.lists(CALLS, max_size=3)))
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    return tuple(text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True))


@given(answers())
@settings(max_examples=150, deadline=None)
def test_pieces_do_not_matter(said: tuple[str, ...]) -> None:
    """Streamed deltas add up to the whole answer."""
    whole = read_answer("".join(said), "stop", 1, LANGUAGE)
    content, calls = "", list[ParsedCall]()
    for event in asyncio.run(_collect(said)):
        match event:
            case TextDelta(text):
                content += text
            case CallStarted(index, name):
                assert index == len(calls)
                calls.append(ParsedCall(name, ""))
            case ArgumentsDelta(index, text):
                calls[index] = ParsedCall(calls[index].name, calls[index].arguments + text)
            case Finished(_, tokens, complete):
                assert (tokens, complete) == (len(said) + 1, len(calls))
    assert (content, tuple(calls)) == (whole.content, whole.calls)


async def _collect(said: tuple[str, ...]) -> list[Any]:
    runner = Runner(CutEngine(said=said), Metrics())
    visit = Visit(Places(1), 10)
    return [event async for event in read_events(runner, Generation("", LANGUAGE, 9), visit)]


def test_application_needs_no_model_libraries() -> None:
    """It runs in front of vLLM too, whose environment is another."""
    program = "import sys, serving.api.app, serving.api.run; print([n for n in HEAVY if n in sys.modules])"
    heavy = "HEAVY = ['torch', 'transformers', 'xgrammar', 'llguidance', 'vllm', 'openai', 'prefect']; "
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", heavy + program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
