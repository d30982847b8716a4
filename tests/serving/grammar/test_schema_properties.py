"""Whatever schema: every word of its grammar is valid, and valid values are words."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings

from serving.grammar.document import build_validator
from serving.grammar.machine import Machine
from serving.grammar.schema import SchemaRefusedError, compile_schema
from tests.serving.grammar.schemas import Pair, function_pairs, pairs
from tests.serving.grammar.words import random_words

_QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
_LONG = settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))


def check_words(pair: Pair) -> None:
    """Words of the grammar are valid, unless it says that it was widened; JSON they are in any case."""
    try:
        compiled = compile_schema(pair[0])
    except SchemaRefusedError:
        event("refused")
        return
    validator = build_validator(pair[0])
    for word in random_words(compiled.grammar, 8):
        value = json.loads(word)
        assert compiled.widened or validator.is_valid(value), (word, pair[0])
    event("widened" if compiled.widened else "exact")


def check_value(pair: Pair) -> None:
    """The value is a word, once its members are put in the order of the schema."""
    schema, value = pair
    assume(build_validator(schema).is_valid(value))
    word = json.dumps(value, ensure_ascii=False)
    assert Machine(compile_schema(schema).grammar).accepts(word.encode()), (word, schema)


@_QUICK
@given(pairs)
def test_words_of_any_schema_are_valid(pair: Pair) -> None:
    check_words(pair)


@_QUICK
@given(function_pairs())
def test_words_of_a_function_are_valid(pair: Pair) -> None:
    check_words(pair)


@_QUICK
@given(function_pairs())
def test_grammars_have_no_dead_ends(pair: Pair) -> None:
    """Every part of a grammar has a finite word, and no rule begins with itself."""
    try:
        compiled = compile_schema(pair[0])
    except SchemaRefusedError:
        return
    machine = Machine(compiled.grammar)
    rules: dict[str, Any] = dict(compiled.grammar.rules)
    assert all(machine.words.length(rules[name]) < machine.words.ENDLESS for name in rules)


@_QUICK
@given(pairs)
def test_a_valid_value_is_a_word(pair: Pair) -> None:
    check_value(pair)


@_QUICK
@given(function_pairs())
def test_valid_arguments_are_a_word(pair: Pair) -> None:
    check_value(pair)


@pytest.mark.slow
@_LONG
@given(function_pairs())
def test_words_of_many_functions_are_valid(pair: Pair) -> None:
    check_words(pair)
