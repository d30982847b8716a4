"""Two runs case by case: what was fixed, what broke, and whether that is more than chance."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from eval.statistics import exact_paired_test
from eval.summary import only_model
from schemas.errors import TerminalError
from schemas.evaluation import Comparison, Flip, Score

_BEYOND_NOISE = 0.05


class _CaseKey(NamedTuple):
    category: str
    case_id: str


def compare_scores(
    before: Sequence[Score], after: Sequence[Score], before_name: str, after_name: str
) -> tuple[Comparison, ...]:
    """Compare two runs over the cases that both have, each sampling by itself.

    A case with repeats counts as fixed when a larger share of them is right after, as broken when a smaller one is;
    answers without a verdict count as not right. The test is paired and exact, over the shares of the cases.

    Returns:
        One for each sampling that both have; flips sorted by category and case; cases that only one run has are
        counted and left out.

    Raises:
        TerminalError: the two have no case in common.
        ValueError: one of them holds several models, or a repeat of a case twice.
    """
    only_model(before)
    only_model(after)
    others = {score.sampling for score in after}
    samplings = [each for each in dict.fromkeys(score.sampling for score in before) if each in others]
    found = [
        _compare(
            [score for score in before if score.sampling == sampling],
            [score for score in after if score.sampling == sampling],
            (before_name, after_name, sampling),
        )
        for sampling in samplings
    ]
    comparisons = tuple(each for each in found if each is not None)
    if not comparisons:
        raise TerminalError(
            f"{before_name} ({len(before)} answers) and {after_name} ({len(after)} answers) have no case in common;"
            " expected runs of the same suite, categories and sampling. Evaluate one again as the other was."
        )
    return comparisons


def _compare(before: Sequence[Score], after: Sequence[Score], names: tuple[str, str, str]) -> Comparison | None:
    shares_before, shares_after = _shares(before), _shares(after)
    shared = sorted(shares_before.keys() & shares_after.keys())
    if not shared:
        return None
    pairs = [(key, shares_before[key], shares_after[key]) for key in shared]
    differences = [share_after - share_before for _, share_before, share_after in pairs]
    p_value = exact_paired_test(list(_on_one_scale(differences)))
    return Comparison(
        before=names[0],
        after=names[1],
        sampling=names[2],
        cases=len(shared),
        before_accuracy=_mean([share for _, share, _ in pairs]),
        after_accuracy=_mean([share for _, _, share in pairs]),
        fixed=sum(difference > 0 for difference in differences),
        broken=sum(difference < 0 for difference in differences),
        p_value=p_value,
        is_beyond_noise=p_value < _BEYOND_NOISE,
        only_before=len(shares_before) - len(shared),
        only_after=len(shares_after) - len(shared),
        unscored_before=sum(score.valid is None for score in before),
        unscored_after=sum(score.valid is None for score in after),
        flips=tuple(_flip(*pair) for pair in pairs if pair[1] != pair[2]),
    )


def _shares(scores: Sequence[Score]) -> Mapping[_CaseKey, Fraction]:
    verdicts: dict[_CaseKey, list[bool]] = {}
    for score in scores:
        verdicts.setdefault(_CaseKey(score.category, score.case_id), []).append(score.valid is True)
    return {key: Fraction(sum(right), len(right)) for key, right in verdicts.items()}


def _on_one_scale(differences: Sequence[Fraction]) -> Iterator[int]:
    scale = math.lcm(*(difference.denominator for difference in differences))
    return (int(difference * scale) for difference in differences)


def _mean(shares: Sequence[Fraction]) -> float:
    return float(sum(shares) / len(shares))


def _flip(key: _CaseKey, before: Fraction, after: Fraction) -> Flip:
    return Flip(**key._asdict(), before=float(before), after=float(after))
