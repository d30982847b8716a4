"""Keys and values of answered requests, kept so that a prompt that begins like one of them need not be read again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Tokens = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Kept:
    """A sequence and what the model made of it."""

    tokens: Tokens
    storage: torch.Tensor
    """[layers, 2, heads, tokens, width]"""


def shared_length(first: Tokens, second: Tokens) -> int:
    """How many tokens two sequences begin with in common."""
    size = min(len(first), len(second))
    differences = np.flatnonzero(first[:size] != second[:size])
    return int(differences[0]) if len(differences) else size


class PrefixStore:
    """The most recently used sequences, within a number of tokens."""

    def __init__(self, most_tokens: int) -> None:
        self.most_tokens = most_tokens
        self.held_tokens = 0
        self._kept: list[Kept] = []

    def find(self, tokens: Tokens) -> tuple[int, Kept | None]:
        """The longest common beginning, and whose."""
        best, found = 0, None
        for kept in self._kept:
            if (shared := shared_length(kept.tokens, tokens)) > best:
                best, found = shared, kept
        return best, found

    def use(self, kept: Kept) -> None:
        """Note that this one was of use."""
        self._kept = [each for each in self._kept if each is not kept] + [kept]

    def add(self, tokens: Sequence[int], storage: torch.Tensor) -> None:
        """Copy a sequence in; what it contains and what is too old goes."""
        if len(tokens) > self.most_tokens:
            return
        row: Tokens = np.asarray(tokens, dtype=np.int64)
        self._kept = [each for each in self._kept if shared_length(each.tokens, row) < len(each.tokens)]
        self._kept.append(Kept(row, storage.clone()))
        self.held_tokens = sum(len(each.tokens) for each in self._kept)
        while self.held_tokens > self.most_tokens:
            self.held_tokens -= len(self._kept.pop(0).tokens)

    def clear(self) -> None:
        """Forget all."""
        self._kept, self.held_tokens = [], 0
