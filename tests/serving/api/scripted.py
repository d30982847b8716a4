"""An engine that says what a test wants, as slowly as it wants; and a real server over it."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from serving.api.app import create_app
from serving.api.limits import ApiOptions
from serving.api.run import Server, listen
from serving.call_formats.format import ParsedCall
from serving.call_formats.hermes import Hermes
from serving.call_formats.reader import spell_calls
from serving.call_formats.template import ChatMl
from serving.engine import FinishReason, Generation, Piece
from serving.refusals import RefusedError

FORMAT = Hermes()

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
TAGS: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "set_tags",
        "parameters": {
            "type": "object",
            "properties": {"tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}},
            "required": ["tags"],
            "additionalProperties": False,
        },
    },
}
"""uniqueItems can't be said by a grammar: its calls are held back."""


def call_text(*calls: tuple[str, str]) -> str:
    """Calls as the model spells them."""
    return spell_calls(FORMAT.marks, [ParsedCall(name, arguments) for name, arguments in calls])


def legal_text(generation: Generation) -> str:
    """The shortest call of the first function where one must be made, words otherwise."""
    language = generation.language
    if language.most_calls == 0 or (language.may_talk and "weather" not in generation.prompt.lower()):
        return "Good day to you."
    function = language.functions[0]
    return call_text((function.name, function.language.machine("").start.shortest.decode()))


def endless(generation: Generation) -> str:
    """More than anybody waits for."""
    return "word " * 100_000


@dataclass
class ScriptedEngine:
    """An `Engine`; one token is three characters."""

    script: Callable[[Generation], str] = legal_text
    delay_s: float = 0.0
    """Before each piece."""
    finish: FinishReason = "stop"
    fails_after: int | None = None
    """Pieces before it breaks."""
    refuses: RefusedError | None = None
    model_name: str = "scripted"
    context_length: int = 4096
    default_max_tokens: int | None = 256
    is_constrained: bool = True
    is_up: bool = True
    running: int = 0
    most_running: int = 0
    pieces: int = 0
    generations: list[Generation] = field(default_factory=list)
    is_closed: bool = False

    async def count_tokens(self, prompt: str) -> int:
        """Words."""
        return len(prompt.split())

    async def generate(self, generation: Generation) -> AsyncIterator[Piece]:
        """The script's text, three characters at a time."""
        if self.refuses is not None:
            raise self.refuses
        self.generations.append(generation)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            text = self.script(generation)
            for place in range(0, len(text), 3):
                await asyncio.sleep(self.delay_s)
                if self.fails_after is not None and place >= 3 * self.fails_after:
                    raise ValueError("the model fell over")
                self.pieces += 1
                yield Piece(text[place : place + 3], 1)
            yield Piece("", 1, self.finish)
        finally:
            self.running -= 1

    async def is_healthy(self) -> bool:
        """As the test says."""
        return self.is_up

    async def close(self) -> None:
        """Remember it."""
        self.is_closed = True


def make_app(engine: ScriptedEngine, **options: Any) -> FastAPI:
    """The application over it."""
    return create_app(engine, FORMAT, ChatMl(), ApiOptions(**options))


@contextlib.contextmanager
def running(app: FastAPI, grace_s: float = 1.0) -> Iterator[str]:
    """A real server on a free port; gives its URL."""
    ready = threading.Event()
    server = Server(app, lambda url: ready.set(), grace_s)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listen("127.0.0.1", 0)])))
    thread.start()
    try:
        assert ready.wait(10)
        yield server.url
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
