"""What a first reader of the rows stumbled over: torn verbs, lost adjectives, half sentences, two languages in one."""

import re
from typing import Any

import pytest

from llm.offline.intents import read_intents
from llm.offline.words import load_data
from tests.llm.offline.questions import (
    CANCEL,
    FORECAST,
    FRUIT,
    Function,
    ask_json,
    choices_of,
    example_functions,
    generate_messages,
    refuse_messages,
)


def make_function(name: str, description: str, **properties: dict[str, Any]) -> Function:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": description, "parameters": parameters}


def queries_of(function: Function, language: str = "en") -> list[str]:
    return [
        ask_json(generate_messages(function, language, style, variation=number))["query"]
        for number, style in enumerate(choices_of("style"))
    ]


@pytest.mark.parametrize(
    ("description", "verb", "wanted"),
    [
        ("Find out where a parcel is.", "find out", "where a parcel is"),
        ("Sum up what was earned in a year.", "sum up", "what was earned in a year"),
        ("List invoices that nobody has paid yet.", "list", "the invoices that nobody has paid yet"),
        ("Returns recipes that match the given criteria.", "return", "the recipes"),
        ("Switch the light of a room on or off or dim it.", "switch", "the light of a room on or off"),
        ("Put groceries on the shopping list.", "put", "groceries on the shopping list"),
    ],
)
def test_verbs_stay_whole_and_clauses_that_tell_apart_stay(description: str, verb: str, wanted: str) -> None:
    intent = read_intents("do_it", description)[0]
    assert intent.verb.base == verb
    assert intent.object.removeprefix("the ") == wanted.removeprefix("the ")


def test_a_torn_verb_shows_in_no_request() -> None:
    function = make_function("trackParcel", "Find out where a parcel is.", number={"type": "integer"})
    for query in queries_of(function):
        assert not re.search(r"(?:get|fetch|show me|pull up|give me) (?:out|where)", query), query


def test_a_statement_is_no_request() -> None:
    function = make_function("getOpeningHours", "Tell when the library is open this week.")
    for query in queries_of(function):
        assert "hen the library is open" in query, query


def test_the_value_chooses_between_on_and_off() -> None:
    power = {"type": "string", "enum": ["on", "off"]}
    function = make_function("set_light", "Switch the light of a room on or off or dim it.", power=power)
    for query in queries_of(function):
        assert re.search(r"the light of a room (?:on|off)\b(?! or)", query, re.IGNORECASE), query


def test_dates_have_one_article() -> None:
    day = {"type": "string", "format": "date", "description": "Day of the booking"}
    function = make_function("bookRoom", "Book a room on a date.", date=day)
    assert not [query for query in queries_of(function) if "the the" in query]


def test_lists_of_people_hold_names_and_free_texts_the_document_s_example() -> None:
    people = {"type": "array", "items": {"type": "string"}, "minItems": 3, "description": "Names, such as Tomas"}
    wish = {"type": "array", "items": {"type": "string"}, "description": "Anything else, such as a quiet room"}
    function = make_function("plan", "Plan a meeting.", people=people, wishes=wish)
    for number in range(10):
        arguments = ask_json(generate_messages(function, variation=number))["calls"][0]["arguments"]
        assert all(name[:1].isupper() for name in arguments["people"]), arguments
        assert arguments["wishes"] == ["a quiet room"]


def test_refusals_of_chinese_requests_hold_no_english() -> None:
    for number in range(20):
        query = ask_json(generate_messages(FRUIT, "zh", variation=number))["query"]
        answer = ask_json(refuse_messages([FORECAST, CANCEL], query, "zh"), number)["answer"]
        assert not re.search(r"[A-Za-z]{2}", answer), answer


def words_of(text: str) -> set[str]:
    return set(re.findall("[a-z]{3,}", text.lower()))


def test_refusals_name_what_is_missing_in_whole_words() -> None:
    frames = load_data("frames")["en"]
    refusal_words = words_of(" ".join([*frames["refusals"], *frames["general_refusals"], *frames["endings"]])) | {
        "your"
    }
    for number, (language, function) in enumerate(example_functions()):
        if language == "en":
            query = ask_json(generate_messages(function, variation=number))["query"]
            answer = ask_json(refuse_messages([], query), number)["answer"]
            assert words_of(answer) - words_of(query) <= refusal_words, answer
            assert not re.search(r"\b(?:the|an?|of|in|for|to|with|whether)[.:,]", answer), answer


def test_an_english_document_is_asked_for_in_chinese_with_quoted_names() -> None:
    for query in queries_of(FORECAST, "zh"):
        outside = re.sub("「[^」]*」", "", query)
        assert "「weather forecast for the coming days in a city」" in query
        assert not re.search(r"(?:get|forecast|include|days)", outside), query
