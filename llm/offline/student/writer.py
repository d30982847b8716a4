"""The endless writer of base rows: row number n of a seed is always the same row, in English or Chinese.

Everything that a caller of functions needs but the call format: `test_writer.py` looks that no call is ever written.
"""

import random
from collections.abc import Callable, Iterator

from llm.offline.student.chat import write_chat
from llm.offline.student.filling import write_filling
from llm.offline.student.looking_up import write_copying, write_extracting, write_looking_up
from llm.offline.student.row import Row

_SHARE_CHINESE = 0.2
_MAKERS: tuple[Callable[[str, random.Random], Row], ...] = (
    write_filling, write_extracting, write_looking_up, write_copying, write_chat,
)  # fmt: skip
_WEIGHTS = (76, 6, 5, 8, 5)
FIRST_ROWS = 6_000
"""So many rows are mostly short ones about copying: a model that can copy learns the forms from fewer rows."""
_FIRST_WEIGHTS = (20, 15, 15, 45, 5)


def write_row(seed: int, number: int) -> Row:
    """One row; a pure function of its arguments."""
    rng = random.Random(f"{seed}/{number}")
    language = "zh" if rng.random() < _SHARE_CHINESE else "en"
    weights = _FIRST_WEIGHTS if number < FIRST_ROWS else _WEIGHTS
    return rng.choices(_MAKERS, weights=weights)[0](language, rng)


def write_rows(seed: int, start: int = 0) -> Iterator[Row]:
    """Rows without end, from number `start` on."""
    number = start
    while True:
        yield write_row(seed, number)
        number += 1
