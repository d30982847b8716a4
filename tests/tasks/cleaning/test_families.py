"""Families and splits are fixed for ever: a held-out function stays held out."""

from collections import Counter
from typing import Any

import pytest

from tasks.cleaning.families import family_of, split_of

CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}


@pytest.mark.parametrize("name", ["get_weather", "getWeather", "weather-get", "GetWeather2", "weather_get_17"])
def test_spelling_does_not_change_the_family(name: str) -> None:
    assert family_of(name, CITY) == family_of("get_weather", CITY)


def test_words_and_shape_do() -> None:
    other_type = {"properties": {"city": {"type": ["string", "null"]}, "days": {"type": "integer"}}}
    families = {family_of("get_weather", CITY), family_of("set_weather", CITY), family_of("get_weather", other_type)}
    assert len(families) == 3


def test_descriptions_do_not() -> None:
    described = {
        "properties": {"days": {"type": "integer", "minimum": 1}, "city": {"type": "string", "description": "x"}}
    }
    assert family_of("get_weather", described) == family_of("get_weather", CITY)


def test_ids_and_splits_are_the_same_for_ever() -> None:
    assert family_of("get_weather", CITY) == "db198a120735b2afb922"
    assert {family: split_of(family) for family in ("a", "b", "c", "36", "12")} == {
        "a": "train",
        "b": "train",
        "c": "train",
        "36": "validation",
        "12": "test",
    }


def test_splits_are_80_10_10() -> None:
    counts = Counter(split_of(str(number)) for number in range(5000))
    assert 0.78 < counts["train"] / 5000 < 0.82
    assert 0.085 < counts["test"] / 5000 < 0.115
