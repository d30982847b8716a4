"""Rows of token ids for pre-training, and batches of nearly equal length out of them.

A row is causal from its first token, so padding at its end needs no mask: nothing before it can see it.
"""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

_POOL_ROWS = 512


class TokenRow(NamedTuple):
    """One row."""

    ids: list[int]
    learnt: list[bool]
    """Which of them the model is to predict."""


ReadRows = Callable[[int], Iterator[TokenRow]]
"""Gives the rows from a number on, always the same ones."""


class Place(NamedTuple):
    """How far the rows have been learnt."""

    pool: int = 0
    batch: int = 0


class PlacedBatch(NamedTuple):
    """Rows of nearly one length, and where to go on after them."""

    rows: list[TokenRow]
    following: Place


def draw_batches(read_rows: ReadRows, batch_tokens: int, seed: int, start: Place) -> Iterator[PlacedBatch]:
    """Batches from a place on; ends where the rows end.

    Args:
        batch_tokens: most tokens of a batch, padding included.
    """
    rows = read_rows(start.pool * _POOL_ROWS)
    place = start
    while pool := list(islice(rows, _POOL_ROWS)):
        batches = cut_pool(pool, batch_tokens)
        random.Random(f"{seed}/{place.pool}").shuffle(batches)
        for number in range(place.batch, len(batches)):
            is_last = number + 1 == len(batches)
            yield PlacedBatch(batches[number], Place(place.pool + 1) if is_last else Place(place.pool, number + 1))
        place = Place(place.pool + 1)


def cut_pool(pool: list[TokenRow], batch_tokens: int) -> list[list[TokenRow]]:
    """Neighbours in length go together; empty rows are left out."""
    batches: list[list[TokenRow]] = [[]]
    for row in sorted((row for row in pool if row.ids), key=lambda row: len(row.ids)):
        if batches[-1] and len(row.ids) * (len(batches[-1]) + 1) > batch_tokens:
            batches.append([])
        batches[-1].append(row)
    return batches


def read_parquet(path: Path) -> ReadRows:
    """Rows of a Parquet file with the columns `ids` (list of integers) and `learnt` (list of booleans)."""
    import pyarrow.parquet

    def read_rows(start: int) -> Iterator[TokenRow]:
        number = 0
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(columns=["ids", "learnt"]):
            for row in batch.slice(max(0, start - number)).to_pylist():
                yield TokenRow(row["ids"], row["learnt"])
            number += batch.num_rows

    return read_rows
