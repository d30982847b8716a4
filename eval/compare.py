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
    sampling: str


def compare_scores(before: Sequence[Score], after: Sequence[Score], before_name: str, after_name: str) -> Comparison:
    """Compare two runs over the cases that both have.

    A case with repeats counts as fixed when a larger share of them is right after, as broken when a smaller one is;
    answers without a verdict count as not right. The test is paired and exact, over the shares of the cases.

    Returns:
        Flips sorted by category and case; cases that only one run has are counted and left out.

    Raises:
        TerminalError: the two have no case in common.
        ValueError: one of them holds several models, or a repeat of a case twice.
    """
    shares_before, shares_after = _shares(before), _shares(after)
    shared = sorted(shares_before.keys() & shares_after.keys())
    if not shared:
        raise TerminalError(
            f"{before_name} ({len(shares_before)} cases) and {after_name} ({len(shares_after)} cases) have no case in"
            " common; expected runs of the same suite, categories and sampling. Evaluate one again as the other was."
        )
    pairs = [(key, shares_before[key], shares_after[key]) for key in shared]
    differences = [share_after - share_before for _, share_before, share_after in pairs]
    p_value = exact_paired_test(list(_on_one_scale(differences)))
    return Comparison(
        before=before_name,
        after=after_name,
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
    only_model(scores)
    verdicts: dict[_CaseKey, list[bool]] = {}
    for score in scores:
        key = _CaseKey(score.category, score.case_id, score.sampling)
        verdicts.setdefault(key, []).append(score.valid is True)
    return {key: Fraction(sum(right), len(right)) for key, right in verdicts.items()}


def _on_one_scale(differences: Sequence[Fraction]) -> Iterator[int]:
    scale = math.lcm(*(difference.denominator for difference in differences))
    return (int(difference * scale) for difference in differences)


def _mean(shares: Sequence[Fraction]) -> float:
    return float(sum(shares) / len(shares))


def _flip(key: _CaseKey, before: Fraction, after: Fraction) -> Flip:
    return Flip(**key._asdict(), before=float(before), after=float(after))
