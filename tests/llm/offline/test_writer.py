"""Pairs are legal calls, their requests say every value, and no two read alike."""

import random
import re
from typing import Any

import jsonschema_rs
import pytest

from tests.llm.offline.questions import (
    CANCEL,
    FORECAST,
    FRUIT,
    Function,
    ask_json,
    choices_of,
    example_functions,
    generate_messages,
    judge_messages,
    passes,
    real_functions,
)

NO_PARAMETERS: Function = {
    "name": "list_devices",
    "description": "List the devices that are connected at home.",
    "parameters": {"type": "object", "properties": {}},
}


def write(function: Function, language: str, number: int) -> dict[str, Any]:
    rng = random.Random(number)
    style, optional = rng.choice(choices_of("style")), rng.choice(choices_of("optional"))
    return ask_json(generate_messages(function, language, style, optional, number))


def is_legal(function: Function, answer: dict[str, Any]) -> bool:
    validator = jsonschema_rs.Draft202012Validator(function["parameters"], validate_formats=True)
    (call,) = answer["calls"]
    return call["name"] == function["name"] and validator.is_valid(call["arguments"])


def test_calls_of_the_sample_documents_are_all_legal() -> None:
    functions = example_functions()
    assert len(functions) >= 60
    illegal = [f["name"] for number, (lang, f) in enumerate(functions) if not is_legal(f, write(f, lang, number))]
    assert illegal == []


def test_at_least_98_of_100_calls_of_real_documents_are_legal() -> None:
    functions = random.Random(5).sample(real_functions(), min(500, len(real_functions())))
    legal = sum(is_legal(f, write(f, lang, number)) for number, (lang, f) in enumerate(functions))
    assert legal >= 0.98 * len(functions)


def test_the_judge_finds_every_value_in_the_request() -> None:
    rows = [(function, write(function, lang, number)) for number, (lang, function) in enumerate(example_functions())]
    rows += [(f, write(f, lang, n)) for n, (lang, f) in enumerate(random.Random(6).sample(real_functions(), 100))]
    failed = [row["query"] for f, row in rows if not passes(judge_messages([f], row["query"], row["calls"]))]
    assert len(failed) <= 0.05 * len(rows), failed


def test_requests_read_like_text_a_person_typed() -> None:
    for number, (language, function) in enumerate(random.Random(7).sample(real_functions(), 100)):
        query = write(function, language, number)["query"]
        assert not re.search(r"[\x00-\x1f]|<[a-z/]+>|\{|\}| {2}|,,|\.\.(?!\.)|，，|。。", query), query
        assert "_" not in re.sub(r"\S*[\d/@.]\S*|\"[^\"]*\"|“[^”]*”|\w+(?:_\w+)+", "", query), query
        assert function["name"] not in query.split() or "_" not in function["name"], query


@pytest.mark.parametrize(("function", "language"), [(FORECAST, "en"), (CANCEL, "en"), (FRUIT, "zh"), (FORECAST, "zh")])
def test_40_variations_give_38_different_requests(function: Function, language: str) -> None:
    queries = {ask_json(generate_messages(function, language, variation=number))["query"] for number in range(40)}
    assert len(queries) >= 38


@pytest.mark.parametrize("style", ["polite, with please and thank you", "a formal email of two or three sentences"])
def test_functions_without_parameters_still_give_25_different_requests_of_40(style: str) -> None:
    queries = {ask_json(generate_messages(NO_PARAMETERS, style=style, variation=n))["query"] for n in range(40)}
    assert len(queries) >= 25


def test_optional_parameters_are_left_out_or_used_as_told() -> None:
    for number in range(10):
        few = ask_json(generate_messages(FORECAST, optional="leave them all out", variation=number))
        most = ask_json(generate_messages(FORECAST, optional="use most of them", variation=number))
        assert set(few["calls"][0]["arguments"]) == {"city", "days"}
        assert len(most["calls"][0]["arguments"]) >= 3


def test_chinese_requests_have_chinese_words_and_values() -> None:
    answer = ask_json(generate_messages(FRUIT, "zh"))
    assert re.search(r"[\u4e00-\u9fff]{4}", answer["query"])
    assert re.fullmatch(r"[\u4e00-\u9fff]+", answer["calls"][0]["arguments"]["product"])


def test_every_style_changes_the_wording() -> None:
    queries = {style: ask_json(generate_messages(CANCEL, style=style))["query"] for style in choices_of("style")}
    assert len(set(queries.values())) == len(queries)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^XG[0-9]{8}$"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "minLength": 12, "maxLength": 14},
        {"type": ["string", "null"], "format": "date"},
        {"type": "integer", "minimum": 100_000, "maximum": 100_010},
        {"type": "integer", "exclusiveMinimum": -5, "exclusiveMaximum": -3},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "number", "multipleOf": 0.5},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 7}]},
        {"oneOf": [{"type": "boolean"}, {"type": "string"}]},
        {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"type": "object"}]},
        {"const": "fixed"},
        {"enum": [1, 2, 3]},
        {"type": "object"},
        {},
    ],
)
def test_values_obey_any_schema(schema: dict[str, Any]) -> None:
    parameters = {"type": "object", "properties": {"thing": schema}, "required": ["thing"]}
    function = {"name": "make_thing", "description": "Make a thing.", "parameters": parameters}
    for number in range(8):
        answer = ask_json(generate_messages(function, variation=number))
        assert is_legal(function, answer), answer


def test_an_optional_list_or_object_of_nothing_known_stops_nothing() -> None:
    properties = {"tree": {"type": "array", "items": {"type": "array", "items": {}}}, "free": {"type": "object"}}
    function = {"name": "put_tree", "description": "", "parameters": {"type": "object", "properties": properties}}
    assert is_legal(function, ask_json(generate_messages(function)))
