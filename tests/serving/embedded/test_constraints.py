"""The engine asks a constraint before each token, believes its refusals and stops when it says so."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from serving.embedded.load import LoadedModel
from serving.engine import Piece, Sampling
from tests.serving.embedded.models import make_job, make_scheduler, run_all

HOT = Sampling(temperature=2, seed=1)


@dataclass
class Scripted:
    """Allows each step's tokens; its mask shows more than that."""

    allowed: list[set[int]]
    shown: set[int]
    end_ids: tuple[int, ...]
    forced_from: int = 0
    is_exact_asked: bool = False
    is_done: bool = False
    is_talking: bool = True
    said: list[int] = field(default_factory=list)

    def mask(self, row: npt.NDArray[np.int32]) -> bool:
        self._fill(row, self.shown | self._now())
        return True

    def mask_exactly(self, row: npt.NDArray[np.int32]) -> None:
        self.is_exact_asked = True
        self._fill(row, self._now())

    def accept(self, token: int) -> bool:
        if token not in self._now():
            return False
        self.said.append(token)
        self.is_done = token in self.end_ids
        return True

    def forced(self, remaining: int) -> int | None:
        return min(self._now()) if remaining <= self.forced_from else None

    def _now(self) -> set[int]:
        return self.allowed[len(self.said)]

    def _fill(self, row: npt.NDArray[np.int32], tokens: set[int]) -> None:
        bits = np.zeros(len(row) * 32, dtype=np.uint8)
        bits[list(tokens)] = 1
        row[:] = np.packbits(bits, bitorder="little").view(np.int32)


def scripted(loaded: LoadedModel, words: list[set[int]], shown: int = 0, forced_from: int = 0) -> Scripted:
    return Scripted(words, set(range(shown)), loaded.vocabulary.end_ids, forced_from)


@pytest.mark.parametrize("shown", [0, 2, 900])
def test_only_what_is_accepted_is_said(loaded: LoadedModel, shown: int) -> None:
    end = loaded.vocabulary.end_ids[0]
    words = [{500}, {501, 502}, {503}, {end}]
    constraints = [scripted(loaded, words, shown) for _ in range(6)]
    jobs = [make_job(loaded, "weather", 20, HOT, constraint) for constraint in constraints]
    results = run_all(make_scheduler(loaded), [(place, job) for place, job in enumerate(jobs)])
    finishes = [result.finish for _, result in results if isinstance(result, Piece) and result.finish]
    assert finishes == ["stop"] * 6
    for job in jobs:
        assert all(token in word for token, word in zip(job.answer, words, strict=True))
    assert any(constraint.is_exact_asked for constraint in constraints) == (shown == 900)


def test_free_requests_run_beside_constrained_ones(loaded: LoadedModel) -> None:
    alone = make_job(loaded, "flight", 12)
    run_all(make_scheduler(loaded), [(0, alone)])
    bound = make_job(loaded, "flight", 12, HOT, scripted(loaded, [{500}] * 12))
    beside = make_job(loaded, "flight", 12)
    run_all(make_scheduler(loaded), [(0, bound), (0, beside)])
    assert beside.answer == alone.answer
    assert bound.answer == [500] * 12


def test_few_tokens_left_are_the_forced_ones(loaded: LoadedModel) -> None:
    job = make_job(loaded, "weather", 10, HOT, scripted(loaded, [set(range(300, 900))] * 10, forced_from=4))
    run_all(make_scheduler(loaded), [(0, job)])
    assert job.answer[6:] == [300] * 4
    assert job.answer[:6] != [300] * 6


def test_a_budget_that_holds_nothing_legal_ends_with_length(loaded: LoadedModel) -> None:
    job = make_job(loaded, "weather", 10, HOT, scripted(loaded, [{500}, set()]))
    results = run_all(make_scheduler(loaded), [(0, job)])
    last = results[-1][1]
    assert isinstance(last, Piece)
    assert (last.finish, job.answer) == ("length", [500])


def test_a_constraint_that_fails_takes_its_own_request_with_it(loaded: LoadedModel) -> None:
    broken = make_job(loaded, "weather", 10, HOT, scripted(loaded, [{500}] * 3))
    beside = make_job(loaded, "flight", 10)
    results = run_all(make_scheduler(loaded), [(0, broken), (0, beside)])
    assert [(job, type(result)) for job, result in results if isinstance(result, Exception)] == [(broken, IndexError)]
    assert len(beside.answer) == 10


def test_stop_texts_count_only_where_the_constraint_talks(loaded: LoadedModel) -> None:
    letter = loaded.vocabulary.tokens.index(b"x")
    for is_talking, said in ((True, 1), (False, 5)):
        constraint = scripted(loaded, [{letter}] * 5)
        constraint.is_talking = is_talking
        job = make_job(loaded, "weather", 5, HOT, constraint, stop=("x",))
        run_all(make_scheduler(loaded), [(0, job)])
        assert len(job.answer) == said
