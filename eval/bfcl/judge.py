"""Everything that is said about one answer to one case: what the model did, BFCL's verdict, the second opinion."""

from typing import Any, NamedTuple

from eval.bfcl.checker import check_expected, expect, find_form_error
from eval.bfcl.decode import UndecodableError, decode_calls, decode_text
from eval.bfcl.findings import CannotScoreError
from eval.bfcl.outcome import classify_text, looks_like_calls
from eval.bfcl.second_opinion import second_opinion
from eval.bfcl.steps import find_step
from schemas.evaluation import Case, Given, Judgement, Mode, Outcome, Verdict


class Decoded(NamedTuple):
    """What the official decoder makes of an answer."""

    output: list[dict[str, Any]] | None
    """None where it fails."""
    problem: str | None = None
    """Why it fails."""


def judge(case: Case, given: Given, mode: Mode = "fc", underscore_to_dot: bool = True) -> Judgement:
    """Judge one answer.

    Args:
        case: what was asked.
        given: what came back.
        mode: fc: the endpoint's own calls count; prompt: calls written as text do.
        underscore_to_dot: functions were offered with `_` for `.` in their names.
    """
    if given.error is not None:
        return _judge_server_error(case, given.error)
    try:
        decoded = _decode(case, given, mode)
    except CannotScoreError as error:
        verdict = Verdict(valid=None, reason=error.reason, detail=error.detail)
        outcome: Outcome = "called" if looks_like_calls(given.text or "") else classify_text(given.text)
        return Judgement(outcome=outcome, calls=None, verdict=verdict, bfcl_valid=None, step=None, second=verdict)
    expected = expect(case.functions, case.possible_answer, case.rule, case.code_language, underscore_to_dot)
    verdict = check_expected(expected, decoded.output, decoded.problem)
    second = second_opinion(verdict, expected, decoded.output)
    return Judgement(
        outcome=_find_outcome(given, decoded, mode),
        calls=None if decoded.output is None else tuple(decoded.output),
        verdict=verdict,
        bfcl_valid=verdict.valid,
        step=find_step(verdict, expected, decoded.output),
        second=second.verdict,
        leniencies=second.leniencies,
    )


def _decode(case: Case, given: Given, mode: Mode) -> Decoded:
    if mode == "fc":
        return _decode_given_calls(given)
    if given.text is None:
        return Decoded(None, "there is no text")
    # The two relevance rules read every answer as Python.
    language = "python" if "relevance" in case.rule else case.code_language
    try:
        return Decoded(list(decode_text(given.text, language)))
    except UndecodableError as error:
        return Decoded(None, str(error))


def _decode_given_calls(given: Given) -> Decoded:
    if given.calls:
        calls = decode_calls(given.calls)
        return Decoded(None, "arguments are not JSON") if calls is None else Decoded(list(calls))
    if given.text == "":  # the official handler goes through the content letter by letter and finds nothing wrong
        return Decoded([])
    return Decoded(None, "there is no call")


def _find_outcome(given: Given, decoded: Decoded, mode: Mode) -> Outcome:
    if decoded.output:
        return "unparsable" if find_form_error(decoded.output) else "called"
    if mode == "fc" and given.calls:
        return "unparsable"
    return "empty" if decoded.output == [] else classify_text(given.text)


def _judge_server_error(case: Case, error: str) -> Judgement:
    """No verdict; BFCL takes the error for words of the model."""
    verdict = Verdict(valid=None, reason="server_error", detail=error)
    return Judgement(
        outcome="server_error",
        calls=None,
        verdict=verdict,
        bfcl_valid="irrelevance" in case.rule,
        step=None,
        second=verdict,
    )
