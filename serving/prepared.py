"""One function's arguments over one vocabulary: the machine, the back end's grammar, and the masks already found."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property

from serving.backends.backend import Backend, Bitmask, CompiledGrammar
from serving.calls import ArgumentsLanguage
from serving.grammar.machine import State
from serving.vocabulary import Vocabulary
from serving.walk import allowed_tokens

NARROW = 40
"""Where at most so many bytes may follow, walking the vocabulary is faster than asking a back end."""


class InArguments:
    """A place inside a function's arguments or the mark after them; a token never reaches beyond that mark."""

    __slots__ = ("function", "state")

    def __init__(self, function: "PreparedFunction", state: State) -> None:
        self.function = function
        self.state = state

    @property
    def next_bytes(self) -> frozenset[int]:
        """The bytes that may follow."""
        return self.state.next_bytes

    def step(self, byte: int) -> "InArguments | None":
        """The place one byte on."""
        state = self.state.step(byte)
        return None if state is None else InArguments(self.function, state)


class PreparedFunction:
    """What all requests that offer this function share."""

    def __init__(self, language: ArgumentsLanguage, tail: str, backend: Backend, vocabulary: Vocabulary) -> None:
        self._language = language
        self._tail = tail
        self._compile: Callable[[], CompiledGrammar] = lambda: backend.compile(language.grammar(tail))
        self._vocabulary = vocabulary
        # Only these stand where nothing else can: another mark may spell what arguments hold too.
        self._marks = frozenset(token for text, token in vocabulary.added.items() if tail.encode().endswith(text))
        self._compiled: Future[CompiledGrammar] | None = None
        self._rows: dict[State, Bitmask] = {}
        self._lock = threading.Lock()

    @cached_property
    def start(self) -> InArguments:
        """Where the arguments begin; made when first needed, since most of many functions never are."""
        return InArguments(self, self._language.machine(self._tail).start)

    @property
    def is_ready(self) -> bool:
        """Whether the machine has been made."""
        return "start" in vars(self)

    def compile_ahead(self, pool: ThreadPoolExecutor) -> None:
        """Start compiling beside the model's work."""
        with self._lock:
            if self._compiled is None:
                self._compiled = pool.submit(self._compile)

    def compiled(self, longest_s: float | None = None) -> CompiledGrammar:
        """The back end's grammar; waits for it.

        Raises:
            TimeoutError: it is not ready in that time.
            BackendRefusalError: the back end does not take it.
        """
        with self._lock:
            if self._compiled is None:
                self._compiled = Future()
                self._compiled.set_result(self._compile())
        return self._compiled.result(longest_s)

    def row(self, place: InArguments, *, at_any_cost: bool = False) -> Bitmask | None:
        """The tokens that may follow exactly; None where a back end had better be asked."""
        row = self._rows.get(place.state)
        if row is None and (at_any_cost or len(place.next_bytes) <= NARROW):
            row = self._find_row(place)
            if len(self._rows) * row.nbytes > MOST_ROW_BYTES:
                self._rows.clear()
            self._rows[place.state] = row
        return row

    def _find_row(self, place: InArguments) -> Bitmask:
        if len(place.next_bytes) <= NARROW:
            return self._vocabulary.row(allowed_tokens(self._vocabulary, place, self._marks))
        # Free text: marks may be spelled in it, but are not meant there.
        found = allowed_tokens(self._vocabulary, place, frozenset())
        return self._vocabulary.row(set(found) - self._vocabulary.added_ids)


MOST_ROW_BYTES = 2 << 20
"""Remembered masks of one function; 16 kB each for a vocabulary of 131,072."""
