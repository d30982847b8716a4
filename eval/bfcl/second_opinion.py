"""The same rules, more lenient where BFCL is known to be unjust; it can only turn a failure into a pass.

Parallel calls are matched as well as they can be instead of first come, first served; integers pass for floats inside
lists; an argument that only says what the document's `default` says anyway is no error.
"""

from itertools import combinations
from typing import Any, NamedTuple, get_args

from eval.bfcl.checker import VALID, Expected, check_expected, find_rule
from eval.bfcl.findings import CannotScoreError
from eval.bfcl.matching import best_assignment
from eval.bfcl.steps import compare_all
from schemas.evaluation import Leniency, Verdict

_HOPELESS = ("wrong_count", "decoder_failed", "decoder_wrong_output_format", "decoder_success", "missing_required")


class SecondOpinion(NamedTuple):
    """The lenient verdict and what it took."""

    verdict: Verdict
    leniencies: tuple[Leniency, ...] = ()


def second_opinion(first: Verdict, expected: Expected, output: object) -> SecondOpinion:
    """Judge again a failure by BFCL's rules; anything else stays as it is.

    Args:
        first: the verdict by BFCL's rules.
        expected: what was asked.
        output: [{name: {argument: value}}].

    Returns:
        The first verdict, or a pass and the fewest leniencies that give it.
    """
    hopeless = first.error_type is not None and first.error_type.endswith(_HOPELESS)
    if first.valid is not False or hopeless or not isinstance(output, list):
        return SecondOpinion(first)
    all_of_them: tuple[Leniency, ...] = get_args(Leniency)
    if not _passes(expected, output, all_of_them):
        return SecondOpinion(first)
    tried = (some for size in (1, 2) for some in combinations(all_of_them, size))
    needed = next((some for some in tried if _passes(expected, output, some)), all_of_them)
    return SecondOpinion(VALID, needed)


def _passes(expected: Expected, calls: list[dict[str, Any]], leniencies: tuple[Leniency, ...]) -> bool:
    setting = expected.setting._replace(lenient=frozenset(leniencies))
    lenient = expected._replace(setting=setting)
    if "optimal_matching" not in leniencies or not _is_parallel(expected.rule):
        return check_expected(lenient, calls).valid is True
    fits = [[int(finding is None) for finding in row] for row in compare_all(lenient, calls)]
    return sum(row[column] for row, column in zip(fits, best_assignment(fits), strict=True)) == len(calls)


def _is_parallel(rule: str) -> bool:
    try:
        return find_rule(rule) == "parallel"
    except CannotScoreError:
        return False
