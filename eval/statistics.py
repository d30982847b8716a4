"""The few statistics that an evaluation needs, in plain Python: intervals, spread, exact paired tests, percentiles."""

import math
from collections.abc import Sequence
from itertools import chain, repeat
from statistics import NormalDist

from schemas.evaluation import Interval

_Z = NormalDist().inv_cdf(0.975)


def wilson_interval(share: float, cases: int) -> Interval:
    """95 % confidence interval of a share of right cases (Wilson score).

    Args:
        share: right cases of all, or its mean over repeats.
        cases: different cases, not rows: asking the same case again says more about that case and nothing about how
            the model does on others, so repeats must not narrow the interval.

    Returns:
        0 to 1 where there is no case: nothing is known.

    Raises:
        ValueError: the share is outside 0 to 1, or the count is negative.
    """
    if cases < 0 or not 0 <= share <= 1:
        raise ValueError(f"An interval needs a share from 0 to 1 and a count of 0 or more, got {share} of {cases}.")
    if cases == 0:
        return Interval(low=0.0, high=1.0)
    square = _Z * _Z / cases
    middle = share + square / 2
    half = math.sqrt(square * (share * (1 - share) + square / 4))
    # Rounding may push a bound past the share itself at 0 and 1.
    low = min(share, max(0.0, (middle - half) / (1 + square)))
    high = max(share, min(1.0, (middle + half) / (1 + square)))
    return Interval(low=low, high=high)


def standard_deviation(values: Sequence[float]) -> float | None:
    """Of a sample (divided by one less than their number); none with fewer than two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def exact_mcnemar(fixed: int, broken: int) -> float:
    """Chance of a split of flips at least this uneven if each were the toss of a coin; two-sided, exact binomial."""
    flips = fixed + broken
    term = total = 1
    for taken in range(min(fixed, broken)):
        term = term * (flips - taken) // (taken + 1)
        total += term
    return min(1.0, 2 * total / (1 << flips))


def exact_paired_test(differences: Sequence[int]) -> float:
    """Chance of a sum at least this far from zero if the sign of every difference were the toss of a coin.

    The paired permutation test over cases, all sign patterns counted instead of drawn. A case asked five times that
    goes from 2 to 3 right weighs less than one that goes from 0 to 5, which a plain sign test would not see. With one
    repeat each difference is -1, 0 or 1, and this is McNemar's exact test.

    Args:
        differences: for each case, right answers after less right answers before, on one scale.
    """
    sizes = [abs(difference) for difference in differences if difference]
    unit = math.gcd(*sizes)
    if set(sizes) <= {unit}:
        fixed = sum(difference > 0 for difference in differences)
        return exact_mcnemar(fixed, len(sizes) - fixed)
    # chances[i]: the differences that were given a plus add up to i units.
    chances = [1.0]
    for size in sorted(size // unit for size in sizes):
        gap = list(repeat(0.0, size))
        chances = [(minus + plus) / 2 for minus, plus in zip(chain(chances, gap), chain(gap, chances), strict=True)]
    total = len(chances) - 1
    distance = abs(sum(differences)) // unit
    return min(1.0, math.fsum(chance for plus, chance in enumerate(chances) if abs(2 * plus - total) >= distance))


def median(values: Sequence[float]) -> float | None:
    """The middle value, or the mean of the two; none without values."""
    return percentile(values, 0.5)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which that share of the values lies, interpolated between neighbours; none without values.

    Raises:
        ValueError: the share is outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A percentile needs a share from 0 to 1, got {share}.")
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
