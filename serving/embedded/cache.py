"""Keys and values of many sequences in one tensor, each row of its own length; a Cache for transformers.

Rows 0 to n - 1 are in use. A row's stale end is finite numbers behind the mask; rows and length grow by doubling.
"""

from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin


@dataclass(frozen=True)
class CacheShape:
    """What one token of one sequence takes."""

    layers: int
    heads: int
    head_width: int
    dtype: torch.dtype
    device: torch.device

    @property
    def token_bytes(self) -> int:
        """Bytes of one token's keys and values in all layers."""
        return self.layers * 2 * self.heads * self.head_width * self.dtype.itemsize


@dataclass
class Window:
    """Where one forward pass writes, and how far it reads."""

    rows: int
    """The first so many rows take part."""
    length: int
    """Positions 0 to length - 1 are read."""
    into_rows: torch.Tensor
    into_positions: torch.Tensor
    """Places to write, one per token kept."""
    from_rows: torch.Tensor | None
    from_tokens: torch.Tensor | None
    """The tokens of the pass to be kept; None: one token in each row."""


class RowCache(Cache):
    """Sequences of different lengths side by side."""

    def __init__(self, shape: CacheShape) -> None:
        super().__init__(layers=[RowLayer(self, layer) for layer in range(shape.layers)])
        self.shape = shape
        self.window: Window | None = None
        self.storage = self._empty(0, 0)

    @property
    def capacity(self) -> tuple[int, int]:
        """Rows and positions there is room for."""
        return self.storage.shape[2], self.storage.shape[4]

    def reserve(self, rows: int, length: int, most_tokens: int) -> None:
        """Make room, keeping the rows that are there up to this length.

        Args:
            rows: in use, the new ones included.
            length: of the longest of them.
            most_tokens: room to spare is made only within this number; 0: none.
        """
        has_rows, has_length = self.capacity
        if rows <= has_rows and length <= has_length:
            return
        new_rows = has_rows if rows <= has_rows else max(rows, 2 * has_rows)
        new_length = has_length if length <= has_length else max(_round_up(length), 2 * has_length)
        if new_rows * new_length > most_tokens:
            new_rows, new_length = rows, max(length, min(new_length, most_tokens // rows))
        storage = self._empty(new_rows, new_length)
        rows, length = min(new_rows, has_rows), min(new_length, has_length)
        storage[:, :, :rows, :, :length] = self.storage[:, :, :rows, :, :length]
        self.storage = storage

    def release(self) -> None:
        """Give the memory back."""
        self.storage = self._empty(0, 0)

    def read(self, row: int, length: int) -> torch.Tensor:
        """The first positions of a row, not copied: [layers, 2, heads, length, width]."""
        return self.storage[:, :, row, :, :length]

    def write(self, row: int, kept: torch.Tensor) -> None:
        """Copy into the first positions of a row."""
        self.storage[:, :, row, :, : kept.shape[3]] = kept

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first positions of one row over another."""
        self.write(target, self.read(source, length))

    def clear(self, row: int) -> None:
        """Zero a row that holds numbers which are not finite: they would pass the mask as 0 * NaN."""
        self.storage[:, :, row] = 0

    def _empty(self, rows: int, length: int) -> torch.Tensor:
        # Zeros, not empty: masked positions are multiplied by 0, and 0 * NaN is NaN.
        size = (self.shape.layers, 2, rows, self.shape.heads, length, self.shape.head_width)
        return torch.zeros(size, dtype=self.shape.dtype, device=self.shape.device)


class RowLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]  # transformers types no __init_subclass__
    """One layer's view of a RowCache."""

    is_sliding = False

    def __init__(self, cache: RowCache, layer: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
        self.cache = cache
        self.layer = layer
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write each row at its own positions and show what is there: [rows, heads, length, width] twice."""
        window = self.cache.window
        if window is None:
            raise RuntimeError("A RowCache needs its window set before each forward pass.")
        keys, values = self.cache.storage[self.layer]
        if window.from_rows is None:
            new_keys, new_values = key_states[:, :, 0], value_states[:, :, 0]
        else:
            new_keys = key_states[window.from_rows, :, window.from_tokens]
            new_values = value_states[window.from_rows, :, window.from_tokens]
        keys[window.into_rows, :, window.into_positions] = new_keys
        values[window.into_rows, :, window.into_positions] = new_values
        return keys[: window.rows, :, : window.length], values[: window.rows, :, : window.length]

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing: the storage is made before."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset; unused, since every pass brings its own mask."""
        return (self.cache.window.length if self.cache.window else query_length), 0

    def get_seq_length(self) -> int:
        """Unused likewise: every pass brings its own positions."""
        return 0

    def get_max_length(self) -> int:
        """No bound of its own."""
        return -1


def _round_up(length: int) -> int:
    return -(-length // 64) * 64
