"""The second opinion turns failures into passes, names what it took, and nothing else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.bfcl.checker import check_expected, expect
from eval.bfcl.second_opinion import second_opinion
from tests.eval.bfcl.handmade import handmade_cases
from tests.eval.bfcl.mutations import make_vectors
from tests.eval.bfcl.test_checker import CITY, DAYS, FLOATS, function

WITH_DEFAULT = function("f", ["a"], a=DAYS, b={"type": "string", "default": "km"})
BOTH = [WITH_DEFAULT, function("g", [], a=FLOATS)]


def judge_twice(
    functions: Any, answers: Any, rule: str, output: Any
) -> tuple[bool | None, bool | None, tuple[str, ...]]:
    """First verdict, second verdict, leniencies."""
    expected = expect(functions, answers, rule, "python")
    first = check_expected(expected, output)
    second = second_opinion(first, expected, output)
    return first.valid, second.verdict.valid, second.leniencies


@pytest.mark.parametrize(
    ("answers", "rule", "output", "leniencies"),
    [
        (
            [{"f": {"a": [1, 2]}}, {"f": {"a": [1]}}],
            "parallel",
            [{"f": {"a": 1}}, {"f": {"a": 2}}],
            ("optimal_matching",),
        ),
        ([{"g": {"a": [[1.0, 2.5]]}}], "multiple", [{"g": {"a": [1, 2.5]}}], ("integer_in_float_list",)),
        ([{"f": {"a": [1]}}], "multiple", [{"f": {"a": 1, "b": "km"}}], ("default_given",)),
        ([{"f": {"a": [1], "b": ["", "miles"]}}], "multiple", [{"f": {"a": 1, "b": "km"}}], ("default_given",)),
        (
            [{"f": {"a": [1]}}, {"g": {"a": [[1.5, 2.0]]}}],
            "parallel",
            [{"f": {"a": 1, "b": "km"}}, {"g": {"a": [1.5, 2]}}],
            ("integer_in_float_list", "default_given"),
        ),
        (
            [{"f": {"a": [1, 2]}}, {"f": {"a": [1]}}, {"g": {"a": [[1.5, 2.0]]}}],
            "parallel",
            [{"f": {"a": 1, "b": "km"}}, {"f": {"a": 2}}, {"g": {"a": [1.5, 2]}}],
            ("optimal_matching", "integer_in_float_list", "default_given"),
        ),
    ],
)
def test_each_leniency_passes_what_it_is_for(answers: Any, rule: str, output: Any, leniencies: tuple[str, ...]) -> None:
    assert judge_twice(BOTH, answers, rule, output) == (False, True, leniencies)


@pytest.mark.parametrize(
    ("functions", "allowed", "given_arguments"),
    [
        ([WITH_DEFAULT], {"a": [1]}, {"a": 1, "b": "KM"}),
        ([WITH_DEFAULT], {"a": [1], "b": ["miles"]}, {"a": 1, "b": "km"}),
        ([WITH_DEFAULT], {"a": [1]}, {"a": 2, "b": "km"}),
        ([function("f", ["b"], b={"type": "integer", "default": 5})], {"b": [1, ""]}, {"b": 5}),
        ([function("f", [], b={"type": "integer", "default": 1})], {}, {"b": True}),
        ([function("f", [], b=CITY)], {}, {"b": None}),
        ([function("f", [], b={"type": "array", "items": {"type": "integer"}})], {"b": [[1, 2]]}, {"b": [1.0, 2]}),
    ],
)
def test_nothing_else_passes(functions: Any, allowed: Any, given_arguments: Any) -> None:
    assert judge_twice(functions, [{"f": allowed}], "simple_python", [{"f": given_arguments}]) == (False, False, ())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_it_only_ever_turns_a_failure_into_a_pass(seed: int) -> None:
    cases = [case for case in handmade_cases() if case.code_language == "python"][seed % 5 :: 5]
    for vector in make_vectors(cases, seed, rounds=3, underscores=False):
        names = ("functions", "possible_answer", "category", "language")
        expected = expect(*(vector[name] for name in names))
        first = check_expected(expected, vector["output"])
        second = second_opinion(first, expected, vector["output"])
        if second.leniencies:
            assert (first.valid, second.verdict.valid) == (False, True)
        else:
            assert second.verdict == first
