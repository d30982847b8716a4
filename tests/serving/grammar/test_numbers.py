"""Numbers in grammars: exactly those within bounds, whatever the bounds."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.grammar.document import build_validator
from serving.grammar.machine import Machine
from serving.grammar.schema import SchemaRefusedError, compile_schema
from tests.serving.grammar.words import random_words

_EDGES = st.sampled_from([0, 1, -1, 0.1, -0.1, 9, 10, 99, 100, 1e-7, 0.30000000000000004, 2**53, 10**15, 1e21, -999.5])
_BOUNDS = st.integers(-1200, 1200) | st.integers(-1200000, 1200000).map(lambda value: value / 1000) | _EDGES
_KEYS = st.sampled_from(["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"])
_STEPS = st.sampled_from([1, 2, 3, 5, 7, 12, 25, 60, 360, 0.5, 0.01, 0.25, 2.5, 1.5])


def check_near(schema: dict[str, Any], texts: list[str]) -> None:
    """Words are valid; and texts are words exactly if they are valid."""
    validator = build_validator(schema)
    try:
        compiled = compile_schema(schema)
    except SchemaRefusedError:
        assert not any(validator.is_valid(json.loads(text)) for text in texts)
        return
    machine = Machine(compiled.grammar)
    for word in random_words(compiled.grammar, 20):
        assert compiled.widened or validator.is_valid(json.loads(word)), (word, schema)
        assert json.loads(word) != 0 or not word.startswith("-")
    for text in texts:
        expected = validator.is_valid(json.loads(text))
        assert machine.accepts(text.encode()) == expected or (compiled.widened and not expected), (text, schema)


def near(value: float) -> list[str]:
    """Whole numbers about a value."""
    middle = int(value)
    return [str(middle + step) for step in (-1000, -101, -10, -2, -1, 0, 1, 2, 9, 11, 90, 1001)]


def near_decimals(value: float) -> list[str]:
    """Short decimals about a value."""
    middle = Fraction(Decimal(repr(value)))
    steps = (-10, -1, Fraction(-1, 10), Fraction(-1, 1000), 0, Fraction(1, 1000), Fraction(1, 4), 1, Fraction(21, 2))
    decimals = [round(Decimal((middle + step).numerator) / (middle + step).denominator, 8) for step in steps]
    texts = [format(each.normalize() if each else Decimal(0), "f") for each in decimals]
    return [text if "." in text else f"{text}.0" for text in texts if Decimal(text)]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KEYS, _BOUNDS, max_size=3), _BOUNDS)
def test_whole_numbers_within_bounds(bounds: dict[str, float], other: float) -> None:
    texts = [text for value in [*bounds.values(), other] if abs(value) < 1e15 for text in near(value)]
    check_near({"type": "integer", **bounds}, texts)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KEYS, _BOUNDS, max_size=3), _BOUNDS)
def test_decimals_within_bounds(bounds: dict[str, float], other: float) -> None:
    texts = [text for value in [*bounds.values(), other] if abs(value) < 1e12 for text in near_decimals(value)]
    check_near({"type": "number", **bounds}, texts)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(_KEYS, _BOUNDS, max_size=2), _STEPS, st.sampled_from(["integer", "number"]), st.integers(-500, 500)
)
def test_multiples_within_bounds(bounds: dict[str, float], step: float, kind: str, times: int) -> None:
    value = Decimal(repr(step)) * times
    texts = near(times) + ([format(value.normalize(), "f")] if times else [])
    if kind == "number" and times:
        texts += [text for text in near_decimals(float(value)) if not text.endswith(".0")]  # spelled without the point
    check_near(
        {"type": kind, "multipleOf": step, **bounds}, [text for text in texts if kind == "number" or "." not in text]
    )


@pytest.mark.parametrize("not_what", [{"type": "integer"}, {"const": 5}, {"enum": [0, 1.5, 7]}, {"minimum": 3}])
def test_numbers_that_are_not_something(not_what: dict[str, Any]) -> None:
    check_near(
        {"type": "number", "not": not_what}, ["0", "1.5", "2.5", "3", "5", "5.5", "7", "-8", "-8.25", "7.0", "2.0"]
    )


@pytest.mark.parametrize("word", ["007", "+1", "1e5", "-0", ".5", "1.", "0x1", "NaN", "Infinity", "--1", "1_0", "١"])
def test_other_spellings_are_no_numbers(word: str) -> None:
    assert not Machine(compile_schema({"type": "number"}).grammar).accepts(word.encode())


def test_no_value_within_bounds_is_refused() -> None:
    with pytest.raises(SchemaRefusedError, match="No finite JSON value"):
        compile_schema({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2})
