"""The step at which a person starts to debug a failure."""

from typing import Any, get_args

from eval.bfcl.checker import Expected, find_document
from eval.bfcl.findings import ODD_SHAPE_ERRORS, CannotScoreError, Finding
from eval.bfcl.matching import best_assignment
from eval.bfcl.one_call import check_call
from schemas.evaluation import ErrorType, Step, Verdict

_STEPS: dict[ErrorType, Step] = {
    "ast_decoder:decoder_failed": "form",
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
"""Every other error is one of value."""
_ORDER: tuple[Step, ...] = get_args(Step)
_PASSED = len(_ORDER)


def find_step(verdict: Verdict, expected: Expected, output: object) -> Step | None:
    """Name the step of a failure.

    Args:
        verdict: on the output, by BFCL's rules.
        expected: what was asked.
        output: [{name: {argument: value}}]; looked at only where no single call is to blame.

    Returns:
        None where there is no failure.
    """
    if verdict.valid is not False or verdict.error_type is None:
        return None
    if verdict.error_type == "parallel_function_checker_no_order:cannot_find_match" and isinstance(output, list):
        return _find_step_of_closest(expected, output)
    return _STEPS.get(verdict.error_type, "value")


def compare_all(expected: Expected, calls: list[dict[str, Any]]) -> list[list[Finding | None]]:
    """What is wrong between each expected call (rows) and each call (columns)."""
    return [[_compare(expected, call, answer) for call in calls] for answer in expected.answers]


def _compare(expected: Expected, call: dict[str, Any], answer: Any) -> Finding | None:
    try:
        return check_call(find_document(expected.functions, answer), call, answer, expected.setting)
    except (CannotScoreError, *ODD_SHAPE_ERRORS) as error:
        # The greedy rule may never have come to this pair; it is as far apart as two functions.
        return Finding("simple_function_checker:wrong_func_name", f"cannot be compared: {error}")


def _find_step_of_closest(expected: Expected, calls: list[dict[str, Any]]) -> Step:
    """That of the pair that comes furthest among those that fail when calls and answers are paired best."""
    ranks = [[_rank(finding) for finding in row] for row in compare_all(expected, calls)]
    weight = _PASSED * len(calls)  # one more pair that passes beats any gain among the failing ones
    columns = best_assignment([[rank + weight * (rank == _PASSED) for rank in row] for row in ranks])
    failing = [row[column] for row, column in zip(ranks, columns, strict=True) if row[column] != _PASSED]
    # Where all can be paired the greedy rule took a call too early; what it stumbled over is the closest failure.
    return _ORDER[max(failing or [rank for row in ranks for rank in row if rank != _PASSED])]


def _rank(finding: Finding | None) -> int:
    return _PASSED if finding is None else _ORDER.index(_STEPS.get(finding.error_type, "value"))
