"""Two runs over the cases that both have: fixed, broken, left out, and whether it is more than chance."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.compare import compare_scores
from schemas.errors import TerminalError
from schemas.evaluation import Comparison, Flip, Score
from tests.eval.made_up import score


def run(verdicts: Sequence[bool | None], **where: object) -> list[Score]:
    """A score per verdict, of cases 0, 1, ..."""
    return [score(case_id=str(number), valid=valid, **where) for number, valid in enumerate(verdicts)]


def compare(before: Sequence[Score], after: Sequence[Score]) -> Comparison:
    """Compare under the names of the tests."""
    (comparison,) = compare_scores(before, after, "old", "new")
    return comparison


def test_what_was_fixed_and_what_broke() -> None:
    comparison = compare(run([True, False, False, True]), run([True, True, True, False]))
    assert (comparison.fixed, comparison.broken, comparison.cases) == (2, 1, 4)
    assert (comparison.before_accuracy, comparison.after_accuracy) == (0.5, 0.75)
    assert comparison.p_value == 1.0
    assert not comparison.is_beyond_noise
    assert [(flip.case_id, flip.before, flip.after) for flip in comparison.flips] == [
        ("1", 0, 1),
        ("2", 0, 1),
        ("3", 1, 0),
    ]


def test_six_fixed_and_none_broken_is_beyond_noise() -> None:
    comparison = compare(run([False] * 6), run([True] * 6))
    assert comparison.p_value == 0.03125
    assert comparison.is_beyond_noise


def test_cases_that_only_one_has_are_counted_and_left_out() -> None:
    comparison = compare(run([True] * 5), [*run([True, False]), score(case_id="9")])
    assert (comparison.cases, comparison.only_before, comparison.only_after) == (2, 3, 1)
    assert comparison.before_accuracy == 1.0


def test_flips_are_sorted_by_category_and_case() -> None:
    before = run([False, False], category="b") + run([False], category="a")
    after = run([True, True], category="b") + run([True], category="a")
    assert [(flip.category, flip.case_id) for flip in compare(before, after).flips] == [
        ("a", "0"),
        ("b", "0"),
        ("b", "1"),
    ]


def test_another_sampling_is_another_case() -> None:
    with pytest.raises(TerminalError, match=r"old \(1 answers\) and new \(1 answers\) have no case in common"):
        compare(run([True]), run([True], sampling="sampled"))


def test_no_verdict_is_not_right() -> None:
    assert compare(run([None]), run([True])).fixed == 1
    assert compare(run([None]), run([False])).flips == ()


def test_repeats_are_compared_by_their_share() -> None:
    before = run([True, False]) + run([False, False], repeat=1)
    after = run([True, False]) + run([True, False], repeat=1)
    assert compare(before, after).flips == (Flip(case_id="0", category="simple_python", before=0.5, after=1.0),)


def test_runs_with_unequal_repeats_can_be_compared() -> None:
    before = run([True, False]) + run([False, False], repeat=1) + run([False, True], repeat=2)
    comparison = compare(before, run([True, False]) + run([True, False], repeat=1))
    assert (comparison.fixed, comparison.broken, comparison.p_value) == (1, 1, 1.0)


def test_two_models_in_one_run_are_refused() -> None:
    with pytest.raises(ValueError, match="model-a, model-b"):
        compare([score(), score(model="model-b")], [score()])


VERDICTS = st.sampled_from([True, False, None])


@given(st.lists(st.tuples(VERDICTS, VERDICTS), min_size=1, max_size=30), st.integers(1, 3))
def test_swapping_the_runs_swaps_the_words(pairs: list[tuple[bool | None, bool | None]], repeats: int) -> None:
    one = [row for repeat in range(repeats) for row in run([pair[0] for pair in pairs], repeat=repeat)]
    other = run([pair[1] for pair in pairs])
    there, back = compare(one, other), compare(other, one)
    assert (there.fixed, there.broken) == (back.broken, back.fixed)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.before_accuracy == back.after_accuracy
    assert there.fixed + there.broken == len(there.flips)


@given(st.lists(VERDICTS, min_size=1, max_size=30))
def test_a_run_against_itself_has_no_flip(verdicts: list[bool | None]) -> None:
    comparison = compare(run(verdicts), run(verdicts))
    assert (comparison.flips, comparison.p_value) == ((), 1.0)
