"""Intervals, spread and exact paired tests against values worked out by hand."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.statistics import (
    exact_mcnemar,
    exact_paired_test,
    median,
    percentile,
    standard_deviation,
    wilson_interval,
)

SHARES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("right", "cases", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_known_intervals(right: int, cases: int, low: float, high: float) -> None:
    interval = wilson_interval(right / cases, cases)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@given(SHARES, st.integers(0, 10_000))
def test_an_interval_holds_its_share_and_stays_a_share(share: float, cases: int) -> None:
    interval = wilson_interval(share, cases)
    assert 0 <= interval.low <= share <= interval.high <= 1


@given(SHARES, st.integers(1, 10_000), st.integers(1, 10_000))
def test_an_interval_shrinks_with_more_cases(share: float, cases: int, more: int) -> None:
    few, many = wilson_interval(share, cases), wilson_interval(share, cases + more)
    assert many.high - many.low < few.high - few.low


def test_no_case_says_nothing() -> None:
    assert wilson_interval(0.0, 0).high == 1.0


@pytest.mark.parametrize(("share", "cases"), [(1.1, 10), (-0.1, 10), (0.5, -1), (math.nan, 10)])
def test_what_is_no_share_is_refused(share: float, cases: int) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        wilson_interval(share, cases)


@pytest.mark.parametrize(
    ("fixed", "broken", "p_value"),
    [(0, 6, 0.03125), (6, 0, 0.03125), (5, 5, 1.0), (0, 0, 1.0), (1, 0, 1.0), (3, 12, 0.03515625), (0, 5, 0.0625)],
)
def test_known_splits(fixed: int, broken: int, p_value: float) -> None:
    assert exact_mcnemar(fixed, broken) == p_value


def test_thousands_of_flips_are_no_trouble() -> None:
    assert exact_mcnemar(2500, 2500) == 1.0
    assert 0 <= exact_mcnemar(0, 5000) < 1e-300


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=60))
def test_with_one_repeat_the_paired_test_is_mcnemar(differences: list[int]) -> None:
    assert exact_paired_test(differences) == exact_mcnemar(differences.count(1), differences.count(-1))


@given(st.lists(st.integers(-5, 5), max_size=9))
def test_the_paired_test_counts_every_sign_pattern(differences: list[int]) -> None:
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    sums = [sum(sign * size for sign, size in zip(signs, differences, strict=True)) for signs in patterns]
    share = sum(abs(each) >= abs(sum(differences)) for each in sums) / len(patterns)
    assert exact_paired_test(differences) == pytest.approx(share)


@given(st.lists(st.integers(-5, 5), max_size=40))
def test_the_paired_test_does_not_care_which_comes_first(differences: list[int]) -> None:
    assert exact_paired_test(differences) == pytest.approx(exact_paired_test([-each for each in differences]))


def test_a_case_that_changes_wholly_weighs_more_than_one_that_wavers() -> None:
    assert exact_paired_test([5] * 6 + [-1] * 4) < exact_paired_test([1] * 6 + [-1] * 4)


def test_spread_is_that_of_a_sample() -> None:
    assert standard_deviation([0.8, 0.9]) == pytest.approx(0.0707107)
    assert standard_deviation([0.5, 0.5, 0.5]) == 0.0
    assert standard_deviation([0.8]) is None


def test_the_middle_and_the_tail() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5
    assert median([]) is None
    assert percentile(range(101), 0.95) == 95
    assert percentile([7.0], 0.95) == 7.0
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], 95)
