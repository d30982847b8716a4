"""Five kinds out of pairs; what can't be composed says why."""

from typing import Any

import pytest

from llm.ask import Asked
from schemas.sample import Call, Cell, Kind, Pair, Plan, WrittenQuery, WrittenRefusal
from schemas.settings import TeacherSettings
from tasks.compose import Draft, build_sample, compact, find_duplicates, writing_request
from tasks.plan import build_catalog
from tests.tasks.test_plan import make_function

ORDER = make_function("shop", "order")
REFUND = make_function("shop", "refund")
RAIN = make_function("weather", "rain", language="zh")
CATALOG = build_catalog([ORDER, REFUND, RAIN])
TEACHER = TeacherSettings()


def make_pair(function_id: str, query: str, place: str = "Rome", **extra: Any) -> Pair:
    name = CATALOG.functions[function_id].name
    fields: dict[str, Any] = {
        "pair_id": f"{function_id}/{query}",
        "function_id": function_id,
        "ordinal": 0,
        "language": "en",
        "query": query,
        "call": Call(name=name, arguments={"place": place}),
        "state": "accepted",
        "answer_ids": (f"answer-{query}",),
        **extra,
    }
    return Pair(**fields)


def make_draft(kind: Kind, pairs: list[Pair], offered: list[str], **extra: Any) -> Draft:
    cells = tuple(Cell(function_id=pair.function_id, ordinal=n, language="en") for n, pair in enumerate(pairs))
    return Draft(plan=Plan(kind=kind, index=0, cells=cells, offered=tuple(offered), **extra), pairs=tuple(pairs))


def wrote(value: Any, reason: Any = None) -> Asked[Any]:
    return Asked(value=value, reason=reason, detail="what came", answer_ids=("written",))


def test_multiple_offers_others_and_calls_one() -> None:
    draft = make_draft(
        "multiple", [make_pair(ORDER.function_id, "tea please")], [REFUND.function_id, ORDER.function_id]
    )
    assert writing_request(draft, CATALOG, TEACHER) is None
    sample = build_sample("job", draft, CATALOG, None)
    assert [tool["function"]["name"] for tool in sample.tools] == ["refund", "order"]
    assert sample.messages[0] == {"role": "user", "content": "tea please"}
    call = sample.messages[1]["tool_calls"][0]
    assert (call["type"], call["function"]) == ("function", {"name": "order", "arguments": '{"place":"Rome"}'})
    assert sample.split == "train"


def test_parallel_multiple_asks_the_teacher_for_one_query_with_every_part() -> None:
    pairs = [make_pair(ORDER.function_id, "tea to Rome"), make_pair(REFUND.function_id, "money back for Oslo", "Oslo")]
    draft = make_draft("parallel_multiple", pairs, [ORDER.function_id, REFUND.function_id])
    request = writing_request(draft, CATALOG, TEACHER)
    assert request is not None
    assert "tea to Rome" in (request.messages[-1].content or "")
    assert "money back for Oslo" in (request.messages[-1].content or "")
    sample = build_sample("job", draft, CATALOG, wrote(WrittenQuery(query="both please")))
    assert sample.query == "both please"
    assert [call.name for call in sample.calls] == ["order", "refund"]
    assert sample.answer_ids == ("answer-tea to Rome", "answer-money back for Oslo", "written")


def test_irrelevance_answers_in_words_and_calls_nothing() -> None:
    draft = make_draft("irrelevance", [make_pair(ORDER.function_id, "tea")], [RAIN.function_id], source="unrelated")
    request = writing_request(draft, CATALOG, TEACHER)
    assert request is not None
    assert "rain" in (request.messages[-1].content or "")
    sample = build_sample("job", draft, CATALOG, wrote(WrittenRefusal(answer="I can't order.")))
    assert sample.calls == ()
    assert sample.messages[1] == {"role": "assistant", "content": "I can't order."}
    assert sample.function_ids == (ORDER.function_id,)


@pytest.mark.parametrize(
    ("pairs", "written", "reason"),
    [
        ([make_pair(ORDER.function_id, "a"), make_pair(ORDER.function_id, "b")], None, "same_call_twice"),
        (
            [
                make_pair(ORDER.function_id, "a"),
                make_pair(ORDER.function_id, "b", "Oslo", state="rejected", reason="not_json"),
            ],
            None,
            "pair_rejected",
        ),
        ([make_pair(ORDER.function_id, "a")], None, "wrong_count"),
        (
            [make_pair(ORDER.function_id, "a"), make_pair(ORDER.function_id, "b", "Oslo")],
            wrote(None, "cut_off"),
            "cut_off",
        ),
    ],
)
def test_what_cannot_be_composed_stays_with_its_reason(
    pairs: list[Pair], written: Asked[Any] | None, reason: str
) -> None:
    sample = build_sample("job", make_draft("parallel", pairs, [ORDER.function_id]), CATALOG, written)
    assert (sample.state, sample.reason) == ("rejected", reason)
    assert sample.pair_ids == tuple(pair.pair_id for pair in pairs)


def test_the_first_of_two_equal_candidates_stays() -> None:
    samples = [
        build_sample(
            "job", make_draft("simple", [make_pair(ORDER.function_id, query)], [ORDER.function_id]), CATALOG, None
        )
        for query in ("Tea to  Rome", "tea to rome", "coffee to Rome")
    ]
    samples = [sample.model_copy(update={"sample_id": f"s{n}"}) for n, sample in enumerate(samples)]
    seen: dict[str, str] = {}
    assert [check.state for check in find_duplicates(samples, seen)] == ["passed", "failed", "passed"]
    assert [check.state for check in find_duplicates(samples, seen)] == ["passed", "failed", "passed"]


def test_a_reader_sees_names_and_required_parameters() -> None:
    assert compact(ORDER) == {"name": "order", "description": "Do order", "parameters": ["place*"]}
