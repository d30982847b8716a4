"""The judge finds what is wrong by reading, and leaves good rows alone."""

import json
from typing import Any

import pytest

from schemas.verdict import CallJudgement, RefusalJudgement
from tests.llm.offline.questions import (
    CANCEL,
    FORECAST,
    FRUIT,
    Function,
    ask,
    ask_json,
    example_functions,
    generate_messages,
    judge_messages,
    passes,
    refusal_messages,
)

QUERY = "Can you get me the weather forecast for Lisbon for the next five days, with alerts?"
ARGUMENTS: dict[str, Any] = {"city": "Lisbon", "days": 5, "include_alerts": True}


def judge(query: str, arguments: dict[str, Any], function: Function = FORECAST, name: str = "") -> CallJudgement:
    calls = [{"name": name or function["name"], "arguments": arguments}]
    return CallJudgement.model_validate_json(ask(judge_messages([function], query, calls)).text, strict=True)


def test_a_good_call_passes_with_evidence_for_every_value() -> None:
    verdict = judge(QUERY, ARGUMENTS)
    assert verdict.names_offered
    assert verdict.arguments_belong
    assert verdict.values_from_query
    assert verdict.request_solved
    assert not verdict.other_serves
    assert "Lisbon" in verdict.evidence
    assert "five" in verdict.evidence


@pytest.mark.parametrize(
    ("query", "arguments", "question"),
    [
        (QUERY, {**ARGUMENTS, "city": "Porto"}, "values_from_query"),
        (QUERY, {**ARGUMENTS, "days": 6}, "values_from_query"),
        (QUERY, {**ARGUMENTS, "include_alerts": False}, "values_from_query"),
        (QUERY, {**ARGUMENTS, "units": "imperial"}, "values_from_query"),
        (QUERY, {"city": "Lisbon", "include_alerts": True}, "values_from_query"),
        (QUERY, {**ARGUMENTS, "altitude": 5}, "arguments_belong"),
        (QUERY.replace("Lisbon", "Lisbon and 12345"), ARGUMENTS, "values_from_query"),
        ("Please book a haircut in Lisbon, 5 alerts.", ARGUMENTS, "request_solved"),
        ("Delete the weather forecast for Lisbon for 5 days, with alerts.", ARGUMENTS, "request_solved"),
        ("Get the forecast for Lisbon for 5 days with alerts and bake my grandmother a chocolate cake with "
         "cherries, walnuts, vanilla cream and marzipan.", ARGUMENTS, "request_solved"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_question(query: str, arguments: dict[str, Any], question: str) -> None:
    assert not getattr(judge(query, arguments), question)


def test_a_default_needs_no_mention() -> None:
    assert judge(QUERY, {**ARGUMENTS, "units": "metric"}).values_from_query


def test_a_name_that_is_not_offered_is_told() -> None:
    assert not judge(QUERY, ARGUMENTS, name="getForecasts").names_offered


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        (
            "下单购买水果：草莓两份，2026年3月5日配送到家。",
            {"product": "草莓", "quantity": 2, "delivery_date": "2026-03-05"},
        ),
        ("麻烦下单购买水果并配送到家，水果名称是芒果，购买份数为12。谢谢！", {"product": "芒果", "quantity": 12}),
    ],
)
def test_chinese_requests_are_read(query: str, arguments: dict[str, Any]) -> None:
    verdict = judge(query, arguments, FRUIT)
    assert verdict.values_from_query, verdict.evidence
    assert verdict.request_solved, verdict.evidence
    assert not judge(query, {**arguments, "quantity": 3}, FRUIT).values_from_query


def test_a_part_of_the_request_without_a_call_is_told() -> None:
    query = f"{QUERY} Also, cancel order ORD-48213."
    calls = [{"name": "getForecast", "arguments": ARGUMENTS}]
    assert not passes(judge_messages([FORECAST], query, calls))
    both = [*calls, {"name": "cancelOrder", "arguments": {"order_id": "ORD-48213"}}]
    assert passes(judge_messages([FORECAST, CANCEL], query, both))


def test_a_function_that_does_the_same_serves_too_and_another_one_does_not() -> None:
    calls = [{"name": "getForecast", "arguments": ARGUMENTS}]
    twin = {**FORECAST, "name": "fetch_forecast"}
    assert ask_json(judge_messages([FORECAST], QUERY, calls, [CANCEL, twin]))["other_serves"]
    assert not ask_json(judge_messages([FORECAST], QUERY, calls, [CANCEL, FRUIT]))["other_serves"]


def test_most_planted_mistakes_of_meaning_are_caught() -> None:
    semantic = {"value_changed", "value_not_in_query", "value_dropped", "other_intent"}
    planted = caught = 0
    for number, (language, function) in enumerate(example_functions() * 3):
        messages = generate_messages(function, language, optional="use one or two where they fit", variation=number)
        written = ask(messages, seed=number, mistakes=1.0)
        if written.mistake in semantic:
            pair = json.loads(written.text)
            planted += 1
            caught += not passes(judge_messages([function], pair["query"], pair["calls"]))
    assert planted > 50
    assert caught >= 0.95 * planted


def test_draws_differ_a_little() -> None:
    calls = [{"name": "getForecast", "arguments": ARGUMENTS}]
    texts = [ask(judge_messages([FORECAST], QUERY, calls), seed).text for seed in range(300)]
    harsh = sum('"request_solved":false' in text for text in texts)
    assert 1 <= harsh <= 20
    assert sum(not text.endswith("}") for text in texts) <= 8


def refusal(offered: list[Function], query: str, answer: str) -> RefusalJudgement:
    return RefusalJudgement.model_validate_json(ask(refusal_messages(offered, query, answer)).text, strict=True)


def test_a_refusal_with_nothing_fitting_on_offer_is_good() -> None:
    verdict = refusal([CANCEL, FRUIT], QUERY, "I'm sorry, but I can't look up the weather with the tools I have.")
    assert (verdict.any_serves, verdict.is_refusal) == (False, True)


def test_a_refusal_although_a_function_fits_is_told() -> None:
    verdict = refusal([CANCEL, FORECAST], QUERY, "Sorry, I don't have a tool for that.")
    assert verdict.any_serves
    assert "getForecast" in verdict.evidence


@pytest.mark.parametrize(
    "answer",
    [
        "It will be 23 degrees and sunny in Lisbon.",
        "Sure, I'll get right on it.",
        "Sorry for the wait. Here is the result: 4,821 entries were found.",
        '{"error": "I cannot do that"}',
        "好的，我马上去办。",
    ],
)
def test_an_answer_that_invents_or_promises_is_no_refusal(answer: str) -> None:
    assert not refusal([CANCEL], QUERY, answer).is_refusal
