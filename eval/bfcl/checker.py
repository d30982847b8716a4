"""Decoded calls against a possible answer by BFCL's rules: the form, the category's rule, then call by call.

Agrees with bfcl-eval 2026.3.23 in verdict and error type; where that one raises there is no verdict but a reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from eval.bfcl.findings import ODD_SHAPE_ERRORS, CannotScoreError, Finding
from eval.bfcl.one_call import Setting, check_call
from eval.bfcl.relevance import check_relevance
from schemas.evaluation import CodeLanguage, ErrorType, UnscoredReason, Verdict

Rule = Literal["relevance", "parallel", "multiple", "simple"]

VALID = Verdict(valid=True)
_OFFICIAL_ONLY = ("multi_turn", "web_search", "memory", "format_sensitivity")
_WRONG_COUNT: dict[Rule, ErrorType] = {
    "simple": "simple_function_checker:wrong_count",
    "multiple": "multiple_function_checker:wrong_count",
    "parallel": "parallel_function_checker_no_order:wrong_count",
}


class Expected(NamedTuple):
    """What a case may be answered with, and by which rules."""

    functions: Any
    """Documents in BFCL's form."""
    answers: Any
    """[{name: {parameter: [allowed, …]}}]."""
    rule: str
    """Name of a BFCL category."""
    setting: Setting


def check_output(
    functions: Sequence[Mapping[str, Any]],
    possible_answer: Sequence[Mapping[str, Any]],
    rule: str,
    code_language: str,
    output: object,
    *,
    underscore_to_dot: bool = False,
) -> Verdict:
    """Judge decoded output; never raises, whatever the shapes.

    Args:
        functions: documents in BFCL's form.
        possible_answer: one {name: {parameter: [allowed, …]}} for each expected call.
        rule: BFCL category whose rules judge it.
        code_language: python, java or javascript.
        output: [{name: {argument: value}}]; None where nothing could be decoded.
        underscore_to_dot: the functions were offered with `_` for `.` in their names.
    """
    return check_expected(expect(functions, possible_answer, rule, code_language, underscore_to_dot), output)


def expect(
    functions: Any, possible_answer: Any, rule: str, code_language: str, underscore_to_dot: bool = False
) -> Expected:
    """Gather what `check_expected` needs; the arguments are those of `check_output`."""
    setting = Setting(code_language, underscore_to_dot)  # type: ignore[arg-type]  # looked at where rules apply
    return Expected(_as_list(functions), _as_list(possible_answer), rule, setting)


def check_expected(expected: Expected, output: object, decode_problem: str | None = None) -> Verdict:
    """Judge decoded output; never raises, whatever the shapes.

    Args:
        expected: what was asked.
        output: [{name: {argument: value}}].
        decode_problem: why there is no output.
    """
    try:
        finding = _find_error(expected, _as_list(output), decode_problem)
    except CannotScoreError as error:
        return _unscored(error.reason, error.detail)
    except ODD_SHAPE_ERRORS as error:
        return _unscored("bad_answer", f"{type(error).__name__}: {error}")
    if finding is None:
        return VALID
    return Verdict(valid=False, error_type=finding.error_type, detail=finding.detail)


def find_rule(category: str) -> Rule:
    """Which rule judges a category, by its name.

    Raises:
        CannotScoreError: none of ours does.
    """
    if any(word in category for word in _OFFICIAL_ONLY):
        raise CannotScoreError("not_ours", f"{category} is scored by the official harness alone")
    for rule in get_args(Rule):
        if rule in category:
            return rule  # type: ignore[no-any-return]
    if category in get_args(CodeLanguage):  # the simple categories of earlier versions
        return "simple"
    raise CannotScoreError("unknown_category", f"Unknown category {category!r}; expected BFCL's single-turn ones")


def find_form_error(output: object) -> str | None:
    """What keeps an output from being a list of {name: {argument: value}}."""
    if type(output) is not list:
        return f"Got {output!r:.200}; expected a list of calls"
    for call in output:
        if type(call) is not dict or len(call) != 1 or type(next(iter(call.values()))) is not dict:
            return f"Got {call!r:.200}; expected {{name: {{argument: value}}}}"
    return None


def find_document(functions: Any, answer: Any) -> Any:
    """The document of the function that an answer names; None where there is none.

    Raises:
        CannotScoreError: the answer names nothing, or a document before it has no name.
    """
    if not isinstance(answer, dict) or not answer:
        raise CannotScoreError("bad_answer", f"Got {answer!r} for an expected call; expected one function's name")
    if type(functions) is not list:
        return functions
    name = next(iter(answer))
    for function in functions:
        if not isinstance(function, dict) or "name" not in function:
            raise CannotScoreError("bad_function", f"Expected a document with a name, got {function!r:.200}")
        if function["name"] == name:
            return function
    return None


def _find_error(expected: Expected, output: object, decode_problem: str | None) -> Finding | None:
    rule = find_rule(expected.rule)
    form_error = find_form_error(output)
    if rule == "relevance":
        return check_relevance(expected.rule, has_call=form_error is None and bool(output))
    if expected.setting.code_language not in get_args(CodeLanguage):
        raise CannotScoreError(
            "unknown_language",
            f"Unknown language {expected.setting.code_language!r}; expected one of {', '.join(get_args(CodeLanguage))}",
        )
    if decode_problem is not None:
        return Finding("ast_decoder:decoder_failed", f"Cannot be decoded: {decode_problem}")
    if form_error is not None:
        return Finding("ast_decoder:decoder_wrong_output_format", form_error)
    assert isinstance(output, list)  # noqa: S101  # the form says so
    if len(output) != (wanted := 1 if rule == "simple" else len(expected.answers)):
        return Finding(_WRONG_COUNT[rule], f"Got {len(output)} calls; expected {wanted}")
    if rule == "parallel":
        return _match_greedily(expected, output)
    return _check_first(rule, expected, output)


def _check_first(rule: Rule, expected: Expected, calls: list[dict[str, Any]]) -> Finding | None:
    if type(expected.answers) is not list or not expected.answers:
        raise CannotScoreError("no_answer", f"Expected a list of possible answers, got {expected.answers!r:.200}")
    answer = expected.answers[0]
    if rule == "multiple":
        return check_call(find_document(expected.functions, answer), calls[0], answer, expected.setting)
    if type(expected.functions) is not list or not expected.functions:
        raise CannotScoreError("no_function", f"Expected a list of functions, got {expected.functions!r:.200}")
    return check_call(expected.functions[0], calls[0], answer, expected.setting)


def _match_greedily(expected: Expected, calls: list[dict[str, Any]]) -> Finding | None:
    """Each answer in turn takes the first free call that passes; nothing is taken back."""
    free = list(range(len(calls)))
    for position, answer in enumerate(expected.answers):
        document = find_document(expected.functions, answer)
        details = []
        for index in free:
            finding = check_call(document, calls[index], answer, expected.setting)
            if finding is None:
                free.remove(index)
                break
            details.append(f"call {index}: {finding.detail}")
        else:
            return Finding(
                "parallel_function_checker_no_order:cannot_find_match",
                f"No call fits expected call {position}: {'; '.join(details)}",
            )
    return None


def _unscored(reason: UnscoredReason, detail: str) -> Verdict:
    return Verdict(valid=None, reason=reason, detail=detail)


def _as_list(found: Any) -> Any:
    """Records hold tuples where the rules speak of lists."""
    return list(found) if isinstance(found, tuple) else found
