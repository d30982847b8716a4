"""Python functions as tools; whatever goes wrong is a result that the model can read."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from serving.python_tools import load_python_tools
from serving.tools import Toolbox, ToolResult

FILE = '''
"""Tools for tests."""
import asyncio
import datetime
import enum
import time
from dataclasses import dataclass


class Unit(enum.Enum):
    CELSIUS = "C"
    FAHRENHEIT = "F"


@dataclass
class Place:
    """Where."""

    city: str
    country: str = "BR"


def get_weather(place: Place, day: datetime.date, unit: Unit = Unit.CELSIUS) -> dict[str, object]:
    """Get the weather.

    Of one day.

    Args:
        place: where it is,
            city first.
        day (date): the day.

    Returns:
        what it is like.
    """
    return {"at": f"{place.city}/{place.country}", "year": day.year, "unit": unit.name, "température": 21}


async def wait(seconds: float) -> str:
    """Wait.

    :param seconds: how long
    """
    await asyncio.sleep(seconds)
    return "waited"


def fail(how: str = "badly"):
    raise LookupError(f"failed {how}")


def leave():
    raise SystemExit(3)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def _hidden() -> None: ...
'''


@pytest.fixture
def toolbox(tmp_path: Path) -> Toolbox:
    path = tmp_path / "my tools.py"
    path.write_text(FILE)
    return Toolbox(load_python_tools(path), timeout_s=0.2)


def run(toolbox: Toolbox, name: str, arguments: dict[str, Any] | str) -> ToolResult:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return asyncio.run(toolbox.run(name, text))


def test_public_functions_of_a_file_are_tools_with_their_docstrings(toolbox: Toolbox) -> None:
    functions = {each["function"]["name"]: each["function"] for each in toolbox.definitions}
    assert list(functions) == ["get_weather", "wait", "fail", "leave", "sleep"]
    weather = functions["get_weather"]
    assert weather["description"] == "Get the weather.\n\nOf one day."
    assert weather["parameters"]["required"] == ["place", "day"]
    assert weather["parameters"]["properties"]["place"]["description"] == "where it is, city first."
    assert weather["parameters"]["properties"]["day"] == {"type": "string", "format": "date", "description": "the day."}
    assert functions["wait"]["parameters"]["properties"]["seconds"]["description"] == "how long"
    assert functions["wait"]["description"] == "Wait."


def test_arguments_become_what_the_annotations_say_and_results_json(toolbox: Toolbox) -> None:
    result = run(toolbox, "get_weather", {"place": {"city": "Rio"}, "day": "2026-01-02", "unit": "F"})
    assert result == ToolResult('{"at":"Rio/BR","year":2026,"unit":"FAHRENHEIT","température":21}')
    assert run(toolbox, "wait", {"seconds": 0}) == ToolResult("waited")
    assert run(toolbox, "sleep", {"seconds": 0}) == ToolResult("null")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("fail", {}, "LookupError: failed badly"),
        ("leave", {}, "SystemExit: 3"),
        ("wait", {"seconds": 5}, "'wait' gave nothing within 0.2 s."),
        ("walk", {}, "There is no function 'walk'; expected one of get_weather, wait"),
        ("wait", '{"seconds": ', "are no JSON"),
        ("wait", "[]", "are not valid: arguments: [] is not of type"),
        ("wait", {"seconds": "long"}, 'are not valid: seconds: "long" is not of type'),
        ("wait", {"minutes": 1}, '"seconds" is a required property'),
        ("get_weather", {"place": {"city": "Rio"}, "day": "2026-02-30"}, "day: "),
    ],
)
def test_whatever_goes_wrong_is_a_result_that_says_so(
    toolbox: Toolbox, name: str, arguments: dict[str, Any] | str, words: str
) -> None:
    result = run(toolbox, name, arguments)
    assert result.is_error
    assert words in result.content


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "defines no public function"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("TOOLS = [1]", "expected functions"),
        ("def f(a, /): ...", "by position only"),
        ("def f(a: object()): ...", "no JSON schema"),
        ("def f(a: int): ...\nTOOLS = [f, f]", "Two tools are named 'f'"),
    ],
)
def test_a_file_that_gives_no_tools_is_an_error_that_says_why(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "tools.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        Toolbox(load_python_tools(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        load_python_tools(tmp_path / "none.py")
