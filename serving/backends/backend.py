"""What a constrained-decoding library has to do: say which tokens may follow, inside one function's arguments."""

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from serving.grammar.language import Grammar

BackendName = Literal["xgrammar", "llguidance", "lm-format-enforcer"]

Bitmask = npt.NDArray[np.int32]
"""[ceil(vocabulary size / 32)]: bit i % 32 of word i // 32 says whether token i may follow, as in xgrammar and vLLM."""


class BackendRefusalError(Exception):
    """This library can't take this grammar; the message says what it holds and what the library lacks."""


class Matcher(Protocol):
    """One pass over one word of the grammar."""

    def fill_mask(self, row: Bitmask) -> None:
        """Overwrite the row with the tokens that may follow. May allow too much where the grammar was loosened."""
        ...

    def accept(self, token: int) -> bool:
        """Go on by a token; False and unchanged if it may not follow."""
        ...

    def accept_text(self, text: bytes) -> bool:
        """Go on by text that an earlier token already holds."""
        ...


class CompiledGrammar(Protocol):
    """A grammar ready for use; safe to share between threads and requests."""

    is_exact: bool
    """False: masks may allow too much (a bound on a string's length that this library is too slow for); the caller
    checks each token with the machine."""

    def matcher(self) -> Matcher:
        """Begin a word."""
        ...


class Backend(Protocol):
    """A library over one vocabulary."""

    name: BackendName

    def compile(self, grammar: Grammar) -> CompiledGrammar:
        """Make a grammar ready; not cached here.

        Raises:
            BackendRefusalError: it can't be expressed.
        """
        ...
