"""Three draws vote: a majority passes, a tie rejects, fewer than two readable draws are no judgement."""

from typing import Any

import pytest

from llm.ask import Asked
from schemas.sample import Sample
from schemas.verdict import CallJudgement, RefusalJudgement
from tasks.check import decide, judge_request, read_vote
from tasks.compose import build_sample
from tests.tasks.test_compose import CATALOG, ORDER, RAIN, REFUND, TEACHER, make_draft, make_pair, wrote

MULTIPLE = build_sample(
    "job",
    make_draft("multiple", [make_pair(ORDER.function_id, "tea")], [ORDER.function_id, REFUND.function_id]),
    CATALOG,
    None,
)
SIMPLE = build_sample(
    "job", make_draft("simple", [make_pair(ORDER.function_id, "tea")], [ORDER.function_id]), CATALOG, None
)


def judged(**wrong: Any) -> Asked[Any]:
    good = {
        "evidence": "place: Rome", "names_offered": True, "arguments_belong": True, "values_from_query": True,
        "request_solved": True, "other_serves": False,
    }  # fmt: skip
    return Asked(value=CallJudgement(**{**good, **wrong}), reason=None, detail=None, answer_ids=("a",))


UNREADABLE: Asked[Any] = Asked(value=None, reason="not_json", detail="expected one JSON object", answer_ids=("x",))
NO = judged(values_from_query=False)
YES = judged()


@pytest.mark.parametrize(
    ("draws", "state"),
    [
        ([YES, YES, YES], "passed"),
        ([YES, NO, YES], "passed"),
        ([NO, YES, NO], "failed"),
        ([YES, NO, UNREADABLE], "failed"),
        ([YES, YES, UNREADABLE], "passed"),
        ([YES, UNREADABLE, UNREADABLE], "not_judged"),
        ([UNREADABLE, UNREADABLE, UNREADABLE], "not_judged"),
    ],
)
def test_votes_decide(draws: list[Asked[Any]], state: str) -> None:
    votes = [read_vote(SIMPLE, number, asked) for number, asked in enumerate(draws)]
    assert decide(SIMPLE, votes).state == state


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("names_offered", "semantic:name_not_offered"),
        ("arguments_belong", "semantic:argument_not_of_function"),
        ("values_from_query", "semantic:value_not_from_query"),
        ("request_solved", "semantic:request_not_solved"),
    ],
)
def test_each_question_has_its_reason(question: str, reason: str) -> None:
    vote = read_vote(SIMPLE, 0, judged(**{question: False}))
    assert (vote.verdict, vote.reasons) == ("fail", (reason,))
    assert decide(SIMPLE, [vote, vote]).reason == reason


@pytest.mark.parametrize(("sample", "verdict"), [(MULTIPLE, "fail"), (SIMPLE, "pass")])
def test_another_function_can_only_serve_where_others_are_offered(sample: Sample, verdict: str) -> None:
    assert read_vote(sample, 0, judged(other_serves=True)).verdict == verdict


def test_a_refusal_fails_if_any_function_would_serve() -> None:
    draft = make_draft("irrelevance", [make_pair(ORDER.function_id, "tea")], [RAIN.function_id])
    sample = build_sample("job", draft, CATALOG, wrote(None)).model_copy(update={"query": "tea"})
    value = RefusalJudgement(evidence="rain is near", any_serves=True, is_refusal=False)
    vote = read_vote(sample, 0, Asked(value=value, reason=None, detail=None, answer_ids=("a",)))
    assert vote.reasons == ("semantic:other_function_serves", "semantic:not_a_refusal")


def test_the_judge_sees_the_row_and_nothing_of_how_it_was_made() -> None:
    request = judge_request(MULTIPLE, CATALOG, TEACHER)
    text = request.messages[-1].content or ""
    assert '"name": "order"' in text
    assert '{"name": "refund", "description": "Do refund", "parameters": ["place*"]}' in text
    assert MULTIPLE.sample_id not in text
    assert request.temperature > 0
    assert request.answer_id(0) != request.answer_id(1)
