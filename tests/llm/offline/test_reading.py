"""Small parts: intents of descriptions, spoken forms of values, patterns, combined requests, refusals."""

import datetime
import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.offline.intents import read_intents
from llm.offline.patterns import write_match
from llm.offline.spoken import Text, find_forms
from llm.offline.words import spell_label, split_name, stem
from tests.llm.offline.questions import (
    CANCEL,
    FORECAST,
    FRUIT,
    ask,
    ask_json,
    combine_messages,
    generate_messages,
    refuse_messages,
)

LANGUAGES = st.sampled_from(["en", "zh"])


@pytest.mark.parametrize(
    ("name", "description", "verb", "phrase"),
    [
        ("getSchools", "Returns the schools for a district", "return", "the schools for a district"),
        ("x", "This endpoint allows you to retrieve a specific Field by ID.", "retrieve", "a field"),
        ("cancelOrder", "Cancel your order, if it was not shipped.", "cancel", "my order"),
        ("CreateGroup", "Create-Group", "create", "a group"),
        ("get_v2_apps_app_id_components", "get v2 apps app id components", "get", "the app components"),
        ("receipts_index", "領収書一覧の取得", "list", "the receipts"),
        ("anonymizeUser", "<p>Anonymize a user</p>", "anonymize", "a user"),
        ("q", "查询打卡流水。支持分页", "查询", "打卡流水"),
        ("q", "根据ID获取组织详情", "获取", "组织详情"),
    ],
)
def test_descriptions_become_short_intents(name: str, description: str, verb: str, phrase: str) -> None:
    intent = read_intents(name, description)[0]
    assert (intent.verb.base, intent.object) == (verb, phrase)


@given(st.text(max_size=200), st.text(min_size=1, max_size=30))
def test_any_description_gives_an_intent(description: str, name: str) -> None:
    intents = read_intents(name, description)
    assert intents
    assert all(intent.object and intent.keys for intent in intents) or not split_name(name)


def test_names_are_split_spelled_and_stemmed() -> None:
    assert split_name("getUserIDs_v2-page.size[]") == ("get", "user", "ids", "v2", "page", "size")
    assert spell_label("max_qty") == "maximum quantity"
    assert stem("scheduled") == stem("schedules") == stem("scheduling")


values = st.one_of(
    st.dates(datetime.date(1000, 1, 1)).map(str),
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)).map(lambda d: f"{d:%Y-%m-%dT%H:%M}:00Z"),
    st.times().map(lambda t: f"{t:%H:%M}"),
    st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.from_regex(r"[a-z]{2,8}_[a-z]{2,8}", fullmatch=True),
    st.from_regex(r"[A-Z]{2}-[0-9]{4,6}", fullmatch=True),
)


@given(values, LANGUAGES)
def test_every_spoken_form_is_found_again(value: Any, language: str) -> None:
    for part in find_forms(value, language).parts:
        for form in part:
            assert Text(f"please use {form}, thanks").find_spans(form)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("50 items", "5"),
        ("5.2 km", "5"),
        ("on 2026-03-05", "03"),
        ("in Lisbonne", "Lisbon"),
        ("code A5", "5"),
        ("id x_5", "5"),
    ],
)
def test_a_part_of_a_longer_value_is_not_a_mention(text: str, form: str) -> None:
    assert not Text(text).find_spans(form)


def test_one_mention_explains_one_value() -> None:
    text = Text("limit 5, offset 5")
    first, second = text.find_spans("5")
    text.take(*first)
    assert not text.is_free(*first)
    assert text.is_free(*second)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}\d{6}$",
        r"^(?:GB|DE)-[0-9a-f]{4,}$",
        r"^\S+@\S+\.com$",
        r"^([0-1][0-9]|2[0-3]):[0-5][0-9]$",
        r"^[^0-9]+$",
        r"(ab)\1?",
    ],
)
def test_patterns_are_matched(pattern: str) -> None:
    for seed in range(10):
        text = write_match(pattern, random.Random(seed))
        assert text is not None
        assert re.search(pattern, text)


def test_a_pattern_of_another_dialect_gives_nothing() -> None:
    assert write_match(r"^\p{L}+$", random.Random(0)) is None


PARTS = [
    {"query": "Hi, get the forecast for Lisbon for 14 days. Thanks!", "call": {"name": "getForecast", "arguments": {}}},
    {"query": "Please cancel order ORD-48213.", "call": {"name": "cancelOrder", "arguments": {}}},
    {"query": "Could you get the forecast for Porto for 3 days?", "call": {"name": "getForecast", "arguments": {}}},
]


def test_a_combined_request_has_every_part_in_order() -> None:
    queries = {ask_json(combine_messages(PARTS), seed)["query"] for seed in range(10)}
    assert len(queries) >= 8
    for query in queries:
        assert re.search(r"Lisbon for 14 days.*ORD-48213.*Porto for 3 days", query)
        assert "Hi, get" not in query
        assert query[0].isupper()


def test_chinese_parts_are_combined_in_chinese() -> None:
    parts = [{"query": "你好，买2份草莓。谢谢。", "call": {}}, {"query": "查一下订单XG20260418。", "call": {}}]
    query = ask_json(combine_messages(parts, "zh"))["query"]
    assert re.search("买2份草莓.*XG20260418", query)
    assert not re.search("[A-Za-z]{3}", query.replace("XG20260418", ""))


def test_planted_mistakes_of_combining_lose_a_part_or_change_a_number() -> None:
    kinds = {ask(combine_messages(PARTS), seed, mistakes=2.0).mistake for seed in range(30)}
    assert kinds == {"part_lost", "value_changed"}


def test_refusals_decline_in_the_language_asked_for_and_invent_nothing() -> None:
    english = {
        ask_json(refuse_messages([CANCEL], "Please get the forecast for Lisbon."), s)["answer"] for s in range(20)
    }
    chinese = {ask_json(refuse_messages([FRUIT], "请查询天气预报。", "zh"), s)["answer"] for s in range(20)}
    assert len(english) >= 12
    assert len(chinese) >= 8
    assert all(re.search("can't|not|no |don't|unable|none|Sorry|afraid", answer) for answer in english)
    assert all(re.search("抱歉|不|没|无法|很遗憾|对不起", answer) for answer in chinese)
    assert not any(re.search(r"[{}\d]", answer) for answer in english | chinese)


def test_mistakes_are_planted_in_about_the_share_asked_for() -> None:
    planted = [ask(generate_messages(FORECAST, variation=number), mistakes=0.2).mistake for number in range(300)]
    assert 35 <= sum(mistake is not None for mistake in planted) <= 90


def test_planted_pairs_are_of_every_kind() -> None:
    written = [ask(generate_messages(FORECAST, variation=number), mistakes=1.0) for number in range(300)]
    kinds = {one.mistake for one in written}
    assert kinds == {
        "value_changed", "value_not_in_query", "value_dropped", "missing_required", "unknown_parameter", "wrong_type",
        "enum_not_in_list", "wrong_function_name", "other_intent", "two_calls", "cut_off", "not_json",
    }  # fmt: skip
    unreadable = [one for one in written if one.mistake in ("cut_off", "not_json")]
    readable = [one for one in written if one not in unreadable]
    assert all(json.loads(one.text)["query"] for one in readable)
