"""Cases of our own that hold every type of every language, which BFCL's have seldom or never: dicts in lists first."""

from typing import Any

from eval.bfcl.types import TYPES
from schemas.evaluation import Case, CodeLanguage

_ALTERNATIVES: dict[type, list[Any]] = {
    str: ["New York", "NYC", "it's"],
    int: [7, 8],
    float: [2.5, 3.0, 4],
    bool: [True],
    dict: [{"city": ["New York", "NYC"], "days": [3, ""], "deep": [{"a": 1}, [1, "X"]]}, {"city": ["Rome"]}],
    list: [["a", "B"], ["c"]],
    set: ["new HashSet<>()"],
}
_LISTS: dict[type, list[Any]] = {
    str: [["New York", "b"], ["c"], "ab"],
    int: [[1, 2], [3]],
    float: [[1.0, 2.5], [3, 4], []],
    bool: [[True, False]],
    dict: [
        [{"city": ["Rome"], "days": [3, 4]}, {"city": ["Oslo", "oslo "]}],
        [{"city": ["Rome"], "days": [3, ""]}],
        [],
    ],
    list: [[[1, 2], [3]], [["a"]]],
    set: [["x"]],
}
_VARIABLES: tuple[Any, ...] = ("some_variable", 5, 2.5)
_WITH_ITEMS = ("array", "tuple", "Array", "ArrayList")


def handmade_cases() -> list[Case]:
    """For each type word an argument alone, and for each language parallel calls that can be taken for each other."""
    cases = []
    for language, words in TYPES.items():
        for word, kind in words.items():
            if word in _WITH_ITEMS:
                inner = ((items, _LISTS[words[items]]) for items in words)
                cases += [
                    _case(language, word, items, allowed, rule) for items, allowed in inner for rule in _rules(language)
                ]
            else:
                cases += [_case(language, word, None, _ALTERNATIVES[kind], rule) for rule in _rules(language)]
    return cases


def _rules(language: CodeLanguage) -> tuple[str, ...]:
    return ("simple_python", "multiple", "parallel") if language == "python" else (f"simple_{language}",)


def _case(language: CodeLanguage, word: str, items: str | None, allowed: list[Any], rule: str) -> Case:
    description: dict[str, Any] = {"type": word, "default": allowed[0]}
    if items is not None:
        description["items"] = {"type": items}
    document = {
        "name": "trip.plan",
        "parameters": {"type": "dict", "properties": {"what": description, "more": description}, "required": ["what"]},
    }
    answers = [
        {"trip.plan": {"what": allowed, "more": [*allowed[:1], ""]}},
        {"trip.plan": {"what": allowed[:1], "more": ["", *allowed]}},
        {"trip.plan": {"what": [*_VARIABLES, *allowed]}},
    ]
    return Case(
        case_id=f"{rule}_{word}_{items}",
        suite="bfcl",
        category=rule,
        rule=rule,
        code_language=language,
        messages=(),
        functions=(document, {**document, "name": "trip_plan"}),
        tools=(),
        possible_answer=tuple(answers if rule == "parallel" else answers[:1]),
    )
