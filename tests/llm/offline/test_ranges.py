"""Ranges begin before they end, in what is written and in what the judge lets pass."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.offline.ranges import find_ranges, find_reversed, order_values
from tests.llm.offline.questions import Function, ask_json, generate_messages, judge_messages, passes

DAY: dict[str, Any] = {"type": "string", "format": "date"}
STAY: Function = {
    "name": "findRooms",
    "description": "Find rooms that are free.",
    "parameters": {
        "type": "object",
        "properties": {
            "check_in": DAY,
            "check_out": DAY,
            "min_price": {"type": "integer", "minimum": 1, "maximum": 900},
            "max_price": {"type": "integer", "minimum": 1, "maximum": 900},
        },
        "required": ["check_in", "check_out", "min_price", "max_price"],
    },
}


@pytest.mark.parametrize(
    ("names", "low", "high"),
    [
        (("start_date", "end_date"), "start_date", "end_date"),
        (("to", "from"), "from", "to"),
        (("firstDay", "lastDay"), "firstDay", "lastDay"),
        (("max_price", "min_price"), "min_price", "max_price"),
        (("check_in", "guests", "check_out"), "check_in", "check_out"),
        (("departure_date", "return_date"), "departure_date", "return_date"),
        (("pickup_at", "return_at"), "pickup_at", "return_at"),
    ],
)
def test_the_two_ends_are_told_by_their_names(names: tuple[str, ...], low: str, high: str) -> None:
    assert [(one.low, one.high) for one in find_ranges(names)] == [(low, high)]


def test_names_of_different_things_are_no_range() -> None:
    assert find_ranges(("start_date", "end_time", "minimum", "first_name")) == ()


@pytest.mark.parametrize(
    ("arguments", "is_reversed"),
    [
        ({"check_in": "2026-08-08", "check_out": "2026-07-02"}, True),
        ({"check_in": "2026-07-02", "check_out": "2026-08-08"}, False),
        ({"filter": {"min": 9, "max": 3}}, True),
        ({"start": "2026-05-01T10:00:00Z", "end": "2026-05-01T09:00:00Z"}, True),
        ({"start": "22:00", "end": "06:00"}, False),
        ({"from_account": 900, "to_account": 100}, False),
        ({"from": "Porto", "to": "Lisbon"}, False),
    ],
)
def test_what_ends_before_it_begins_is_found(arguments: dict[str, Any], is_reversed: bool) -> None:
    assert bool(find_reversed(arguments)) == is_reversed


@given(st.dates(), st.dates(), st.integers(1, 900), st.integers(1, 900), st.integers())
def test_ordered_values_are_never_reversed(first: Any, second: Any, low: int, high: int, seed: int) -> None:
    if first.year > 9990:
        first = first.replace(year=2026, day=1)
    values = {"check_in": str(first), "check_out": str(second), "min_price": low, "max_price": high}
    ordered = order_values(values, STAY["parameters"]["properties"], random.Random(seed))
    assert find_reversed(ordered) == []
    assert {ordered["min_price"], ordered["max_price"]} == {low, high}


def test_written_calls_have_their_ranges_in_order_and_the_judge_fails_a_reversed_one() -> None:
    for number in range(20):
        answer = ask_json(generate_messages(STAY, variation=number))
        assert find_reversed(answer["calls"][0]["arguments"]) == []
    arguments = {"check_in": "2026-08-08", "check_out": "2026-07-02", "min_price": 20, "max_price": 90}
    query = "Find rooms that are free, check in 2026-08-08, check out 2026-07-02, minimum price 20, maximum price 90."
    calls = [{"name": "findRooms", "arguments": arguments}]
    assert not passes(judge_messages([STAY], query, calls))
    arguments["check_out"] = "2026-08-12"
    assert passes(judge_messages([STAY], query.replace("2026-07-02", "2026-08-12"), calls))
