"""One tiny call per reason."""

from typing import Any

import pytest

from schemas.sample import Call
from tasks.check_arguments import ArgumentChecker
from tests.tasks.test_plan import make_function

FUNCTION = make_function(
    "shop",
    "order",
    parameters={
        "type": "object",
        "properties": {
            "product": {"type": "string", "minLength": 1},
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
            "size": {"type": "string", "enum": ["small", "large"]},
            "day": {"type": "string", "format": "date"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "to": {
                "type": "object",
                "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
                "required": ["zip"],
            },
        },
        "required": ["product"],
        "additionalProperties": False,
    },
)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "missing_required"),
        ({"product": "草莓", "colour": "red"}, "unexpected_param"),
        ({"product": 5}, "type_error:simple"),
        ({"product": "tea", "tags": ["a", 1]}, "type_error:nested"),
        ({"product": "tea", "count": 2.5}, "type_error:simple"),
        ({"product": "tea", "count": True}, "type_error:simple"),
        ({"product": "tea", "size": "huge"}, "value_error:enum"),
        ({"product": "tea", "count": 10}, "value_error:range"),
        ({"product": ""}, "value_error:range"),
        ({"product": "tea", "day": "tomorrow"}, "value_error:format"),
        ({"product": "tea", "to": {"zip": "12"}}, "value_error:format"),
        ({"product": "tea", "to": {}}, "missing_required"),
        ({"colour": "red", "count": "2"}, "missing_required"),
    ],
)
def test_reason_of_an_illegal_call(arguments: dict[str, Any], reason: str) -> None:
    problem = ArgumentChecker().find_problem(Call(name="order", arguments=arguments), FUNCTION)
    assert problem is not None
    assert problem.reason == reason


def test_the_wrong_name_is_found_first() -> None:
    problem = ArgumentChecker().find_problem(Call(name="Order", arguments={}), FUNCTION)
    assert problem is not None
    assert problem.reason == "wrong_func_name"


def test_a_legal_call_has_no_problem() -> None:
    arguments = {
        "product": "草莓",
        "count": 2,
        "size": "large",
        "day": "2026-03-01",
        "tags": [],
        "to": {"zip": "12345"},
    }
    assert ArgumentChecker().find_problem(Call(name="order", arguments=arguments), FUNCTION) is None
