"""What checks say: passed, failed for a reason of a closed list, or not judged."""

from typing import Literal

from schemas.record import Record

CheckName = Literal["duplicate", "semantic"]

CallReason = Literal[
    "wrong_count",
    "wrong_func_name",
    "missing_required",
    "unexpected_param",
    "type_error:simple",
    "type_error:nested",
    "value_error:enum",
    "value_error:range",
    "value_error:format",
    "value_error:others",
]
"""BFCL's error types without the checker's prefix where BFCL has one, so that rejects join its failures."""

WritingReason = Literal["no_answer", "not_json", "answer_schema", "cut_off", "request_refused"]
"""The teacher's answer could not be used, even after one repair."""

SemanticReason = Literal[
    "semantic:name_not_offered",
    "semantic:argument_not_of_function",
    "semantic:value_not_from_query",
    "semantic:request_not_solved",
    "semantic:other_function_serves",
    "semantic:not_a_refusal",
    "not_judged",
]

Reason = (
    CallReason
    | WritingReason
    | SemanticReason
    | Literal["pair_rejected", "duplicate", "same_call_twice", "too_few_offered"]
)


class CallJudgement(Record):
    """What the judge must answer to `judge_calls`: evidence first, then the questions."""

    evidence: str
    """For each argument the words of the query it comes from, and what is wrong if anything is."""
    names_offered: bool
    """Is every called name among the offered functions?"""
    arguments_belong: bool
    """Does every argument belong to the function it is given to?"""
    values_from_query: bool
    """Is every value taken correctly from the query, or a default of the function's document?"""
    request_solved: bool
    """Do the calls together do what the query asks, no more and no less?"""
    other_serves: bool
    """Would another offered function serve one of the parts as well or better? False where no other is offered."""


class RefusalJudgement(Record):
    """What the judge must answer to `judge_refusal`."""

    evidence: str
    """The offered function that comes nearest, and what of the request it can or cannot do."""
    any_serves: bool
    """Could any offered function serve the request, even in part?"""
    is_refusal: bool
    """Does the answer say in words that it cannot be done with what is offered, without inventing a result?"""


class Vote(Record):
    """One judge draw on one sample."""

    sample_id: str
    draw: int
    answer_ids: tuple[str, ...]
    """The judge's answer, and that to a repair; none where the endpoint refused the request."""
    is_valid: bool
    """Whether the answer could be read."""
    verdict: Literal["pass", "fail"] | None
    """None for an invalid draw."""
    reasons: tuple[str, ...]
    """Reasons of this draw's no's."""
    evidence: str


class Check(Record):
    """One check of one sample."""

    sample_id: str
    check_name: CheckName
    state: Literal["passed", "failed", "not_judged"]
    reason: str | None = None
    detail: str | None = None
