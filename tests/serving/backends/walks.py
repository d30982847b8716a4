"""Walks through a grammar's words, comparing a back end's masks with the machine at every token."""

import random
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from serving.backends.backend import Backend
from serving.backends.pruning import prune
from serving.backends.strings import StringOverlay
from serving.grammar.language import Grammar
from serving.grammar.machine import Machine, State
from serving.vocabulary import Vocabulary
from tests.serving.backends.grammars import tokens_of, truth

DEEP = 8
"""Characters from which on xgrammar may forbid a token that ends several nested rules of a random grammar at once
(`a root a | !` behind `aaaaaaaaaaa!`). Never illegal; and where few bytes may follow we walk the vocabulary instead."""


def check_walk(backend: Backend, grammar: Grammar, vocabulary: Vocabulary, seed: int, steps: int = 40) -> int:
    """Walk at random for some tokens; exact masks must be the truth, others must hold it. Returns the tokens walked."""
    rng = random.Random(seed)
    compiled = backend.compile(grammar)
    matcher = compiled.matcher()
    state = Machine(prune(grammar)).start
    said = b""
    for step in range(steps):
        legal = truth(vocabulary, state)
        if not legal:
            return step
        allowed = tokens_of(matcher.fill_mask, vocabulary)
        missing = [vocabulary.tokens[token] for token in legal - allowed]
        if missing and backend.name == "xgrammar" and len(said) > DEEP:
            return step
        assert not missing, f"{backend.name} forbids {missing[:9]} after {said!r}"
        extra = [vocabulary.tokens[token] for token in allowed - legal]
        assert not (extra and compiled.is_exact), f"{backend.name} allows {extra[:9]} after {said!r}"
        token = rng.choice(sorted(legal))
        check_refusal(matcher.accept, set(range(vocabulary.size)) - allowed, rng)
        assert matcher.accept(token)
        state, said = _after(state, vocabulary.tokens[token]), said + vocabulary.tokens[token]
    return steps


def check_narrowed(backend: Backend, grammar: Grammar, vocabulary: Vocabulary, seed: int, steps: int = 25) -> int:
    """Walk at random; in a bounded string the narrowed mask must be the truth, but for parts of characters."""
    rng = random.Random(seed)
    overlay = StringOverlay(vocabulary)
    matcher = backend.compile(grammar).matcher()
    state = Machine(grammar).start
    said, narrowed = b"", 0
    for _ in range(steps):
        legal = truth(vocabulary, state)
        if not legal:
            break
        is_escaped = (len(said) - len(said.rstrip(b"\\"))) % 2
        if state.room is not None and not is_escaped:
            low, high = state.room

            def fill(row: npt.NDArray[np.int32], low: int = low, high: int | None = high) -> None:
                matcher.fill_mask(row)
                overlay.narrow(row, low, high)

            allowed = tokens_of(fill, vocabulary)
            assert legal <= allowed
            extra = {vocabulary.tokens[token] for token in allowed - legal}
            assert not {text for text in extra if text.decode(errors="ignore").encode() == text}, (said, state.room)
            narrowed += 1
        token = rng.choice(sorted(legal))
        assert matcher.accept(token)
        state, said = _after(state, vocabulary.tokens[token]), said + vocabulary.tokens[token]
    return narrowed


def check_refusal(accept: Callable[[int], bool], illegal: set[int], rng: random.Random) -> None:
    """A token that is not allowed is not accepted, and changes nothing (the walk goes on afterwards)."""
    for token in rng.sample(sorted(illegal), min(2, len(illegal))):
        assert not accept(token)


def _after(state: State, text: bytes) -> State:
    following = state.walk(text)
    assert following is not None
    return following
