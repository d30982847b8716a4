"""Where to start to debug, and how calls are paired to find out."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bfcl.checker import check_expected, expect
from eval.bfcl.matching import best_assignment
from eval.bfcl.steps import find_step
from schemas.evaluation import ErrorType, Step
from tests.eval.bfcl.test_checker import DAYS, ERRORS, function

STEPS: dict[ErrorType, Step] = {
    "ast_decoder:decoder_wrong_output_format": "form",
    "simple_function_checker:wrong_count": "count",
    "multiple_function_checker:wrong_count": "count",
    "parallel_function_checker_no_order:wrong_count": "count",
    "simple_function_checker:wrong_func_name": "function",
    "simple_function_checker:missing_required": "missing",
    "simple_function_checker:missing_optional": "missing",
    "simple_function_checker:unexpected_param": "extra",
    "type_error:simple": "type",
    "type_error:nested": "type",
    "type_error:java": "type",
    "type_error:js": "type",
    "irrelevance_error:decoder_success": "called_anyway",
    "relevance_error:decoder_failed": "not_called",
}


@pytest.mark.parametrize("error_type", ERRORS)
def test_each_error_type_has_a_step(error_type: ErrorType) -> None:
    *case, output = ERRORS[error_type]
    expected = expect(*case)
    assert find_step(check_expected(expected, output), expected, output) == STEPS.get(error_type, "value")


FUNCTIONS = [function("f", ["a"], a=DAYS), function("g", ["a"], a=DAYS)]
ANSWERS: list[dict[str, Any]] = [{"f": {"a": [1]}}, {"g": {"a": [1]}}]


@pytest.mark.parametrize(
    ("output", "step"),
    [
        ([{"g": {"a": 2}}, {"f": {"a": 1}}], "value"),
        ([{"g": {"a": "1"}}, {"f": {"a": 1}}], "type"),
        ([{"g": {}}, {"f": {"a": 1}}], "missing"),
        ([{"g": {"a": 1, "b": 1}}, {"f": {"a": 1}}], "extra"),
        ([{"f": {"a": 1}}, {"h": {"a": 1}}], "function"),
        ([{"f": {"a": 1}}, {"f": {"a": 2}}], "function"),
        ([{"g": {"a": 2}}, {"f": {}}], "value"),
        ([{"g": {"a": 1}}, {"f": {"a": 1}}], None),
    ],
)
def test_of_parallel_calls_the_closest_pair_that_fails_counts(output: Any, step: Step | None) -> None:
    expected = expect(FUNCTIONS, ANSWERS, "parallel_multiple", "python")
    assert find_step(check_expected(expected, output), expected, output) == step


def test_a_call_taken_too_early_is_a_step_too() -> None:
    expected = expect(FUNCTIONS, [{"f": {"a": [1, 2]}}, {"f": {"a": [1]}}], "parallel", "python")
    output = [{"f": {"a": 1}}, {"f": {"a": 2}}]
    assert find_step(check_expected(expected, output), expected, output) == "value"


@given(
    st.integers(0, 5).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 40), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_no_other_assignment_is_better(scores_N_N: list[list[int]]) -> None:  # noqa: N803
    columns = best_assignment(scores_N_N)
    size = range(len(scores_N_N))
    assert sorted(columns) == list(size)
    best = max(sum(scores_N_N[row][column] for row, column in enumerate(order)) for order in permutations(size))
    assert sum(scores_N_N[row][column] for row, column in enumerate(columns)) == best
