"""Bounds on a string's length, laid over the mask of a back end that was told nothing of them: one AND per step."""

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from serving.backends.backend import Bitmask
from serving.vocabulary import Vocabulary

_CHARACTER = rb'(?:\\[\x00-\x7f\xc0-\xff]|[^"\\\x80-\xbf]|\\\Z)[\x80-\xbf]*'
"""One character of a string as it is spelled, whole or begun: an escape is one, continuation bytes belong before."""
_CONTENT = re.compile(rb"[\x80-\xbf]*((?:" + _CHARACTER + rb")*)(\"?)", re.DOTALL)
_ONE = re.compile(_CHARACTER, re.DOTALL)


class StringOverlay:
    """What each token of a vocabulary holds of a string that it goes on with."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._contents, self._longest = self._measure_tokens()
        self._at_most = lru_cache(maxsize=256)(self._make_at_most)
        self._at_least = lru_cache(maxsize=256)(self._make_at_least)

    def narrow(self, row: Bitmask, low: int, high: int | None) -> None:
        """Take out the tokens that hold more than `high` characters of the string, or close it before `low`.

        For states between two characters of the string. Tokens that begin or end inside a character are let through
        as far as their whole characters are legal.
        """
        if high is not None and high < self._longest:
            row &= self._at_most(max(0, high))
        if low > 0:
            row &= self._at_least(min(low, self._longest + 1))

    def _measure_tokens(self) -> tuple[tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]], int]:
        """[size], [size]: characters before the quote that ends the string, and whether there is one; the most."""
        counts = np.zeros(self._vocabulary.size, dtype=np.int32)
        closes = np.zeros(self._vocabulary.size, dtype=np.bool_)
        for token, text in enumerate(self._vocabulary.tokens):
            if text.isascii() and b'"' not in text and b"\\" not in text:
                counts[token] = len(text)
            else:
                counts[token], closes[token] = measure(text)
        return (counts, closes), int(counts.max(initial=0))

    def _make_at_most(self, high: int) -> Bitmask:
        return self._pack(self._contents[0] <= high)

    def _make_at_least(self, low: int) -> Bitmask:
        counts, closes = self._contents
        return self._pack(~closes | (counts >= low))

    def _pack(self, allowed: npt.NDArray[np.bool_]) -> Bitmask:
        padded = np.zeros(self._vocabulary.mask_words * 32, dtype=np.bool_)
        padded[: len(allowed)] = allowed
        return np.packbits(padded, bitorder="little").view(np.int32)


def measure(text: bytes) -> tuple[int, bool]:
    """How many characters of a string the text holds, and whether it closes the string."""
    found = _CONTENT.match(text)
    if found is None:
        return 0, False
    return len(_ONE.findall(found[1])), bool(found[2])
