"""Exactly N: the first n that pass in candidate order, however rounds, kills and arrival orders fall."""

import random

from hypothesis import given
from hypothesis import strategies as st

from schemas.job import parse_mix, share_out
from schemas.sample import KINDS
from tasks.accept import Outcome, Quota


def fill(quota: Quota, passes: list[bool], seed: int = 0) -> int:
    """Run rounds against a fixed list of verdicts; within a round answers arrive in any order."""
    rounds = 0
    while indices := quota.next_indices():
        rounds += 1
        quota.planned = indices.stop
        for index in random.Random(f"{seed}/{rounds}").sample(list(indices), len(indices)):
            quota.outcomes[index] = Outcome(f"s{index}", passes[index % len(passes)])
    return rounds


@given(st.integers(1, 60), st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 9))
def test_the_accepted_are_the_first_that_pass(wanted: int, passes: list[bool], seed: int) -> None:
    quota = Quota("simple", wanted)
    fill(quota, passes, seed)
    expected = [f"s{i}" for i in range(quota.planned) if passes[i % len(passes)]][:wanted]
    assert quota.accepted == expected
    assert bool(quota.shortfall) == (len(expected) < wanted)


def test_a_few_rounds_are_enough() -> None:
    rng = random.Random(1)
    quota = Quota("simple", 500)
    rounds = fill(quota, [rng.random() < 0.6 for _ in range(5000)])
    assert quota.shortfall is None
    assert rounds <= 6
    assert quota.planned < 500 / 0.6 * 1.15


def test_nothing_ever_passing_ends_with_a_reason() -> None:
    quota = Quota("parallel", 10)
    fill(quota, [False])
    assert quota.shortfall == "parallel: 0 of 10 accepted (120 of 120 candidates decided, 0% passed)"


def test_an_undecided_candidate_holds_back_those_after_it() -> None:
    """A budget that ends in the middle of a round must not let later candidates take an earlier one's place."""
    quota = Quota("simple", 3, planned=4)
    quota.outcomes = {0: Outcome("s0", True), 2: Outcome("s2", True), 3: Outcome("s3", True)}
    assert quota.accepted == ["s0"]


def test_an_impossible_kind_is_not_tried() -> None:
    quota = Quota("multiple", 5, impossible="needs two functions")
    assert not quota.next_indices()
    assert "needs two functions" in (quota.shortfall or "")


@given(
    st.integers(1, 5000),
    st.dictionaries(st.sampled_from(KINDS), st.floats(0, 1000), min_size=1).filter(
        lambda mix: sum(mix.values()) > 0.01
    ),
)
def test_shares_add_up_and_are_within_one_of_exact(total: int, mix: dict[str, float]) -> None:
    shares = share_out(total, mix)  # type: ignore[arg-type]
    assert sum(shares.values()) == total
    for kind, count in shares.items():
        assert abs(count - total * mix[kind] / sum(mix.values())) < 1


def test_largest_remainder() -> None:
    mix = parse_mix("simple=25,multiple=25,parallel=15,parallel_multiple=20,irrelevance=15")
    assert share_out(2000, mix) == {
        "simple": 500, "multiple": 500, "parallel": 300, "parallel_multiple": 400, "irrelevance": 300,
    }  # fmt: skip
    assert share_out(1, parse_mix("simple=1,multiple=1")) == {"simple": 1, "multiple": 0}
