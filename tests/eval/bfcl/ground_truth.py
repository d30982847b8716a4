"""BFCL's own cases, read from an installed bfcl-eval, and right answers in the form in which models give them."""

import json
import random
from pathlib import Path
from typing import Any

from eval.official.categories import SINGLE_TURN
from eval.official.dataset import read_cases
from schemas.evaluation import Case


def load_cases(data: Path) -> list[Case]:
    """All single-turn cases of the package's data folder."""
    return [case for category in SINGLE_TURN for case in read_cases(data, category).values()]


def right_calls(case: Case, chooser: random.Random | None = None) -> list[dict[str, Any]]:
    """Calls that the answer allows; the first alternatives, or random ones."""
    calls = []
    for answer in case.possible_answer:
        (name, allowed), *_ = answer.items()
        parameters = next(each for each in case.functions if each["name"] == name)["parameters"]
        properties = parameters["properties"]
        arguments: dict[str, Any] = {}
        for parameter, alternatives in allowed.items():
            given = [each for each in alternatives if each != ""]
            is_required = parameter in parameters["required"]
            may_go = "" in alternatives and (parameter not in properties or (chooser and chooser.random() < 0.5))
            if not is_required and (not given or may_go):
                continue
            given = given or alternatives or [None]
            value = chooser.choice(given) if chooser else given[0]
            arguments[parameter] = _say(_pick(value, properties.get(parameter, {})), properties, parameter, case)
        calls.append({name: arguments})
    return calls


def _pick(value: Any, description: dict[str, Any]) -> Any:
    """Answers hold lists of alternatives inside dicts too."""
    if description.get("type") in ("dict", "HashMap") and isinstance(value, dict):
        return _pick_dict(value)
    if isinstance(value, list) and description.get("items", {}).get("type") == "dict":
        return [_pick_dict(each) if isinstance(each, dict) else each for each in value]
    return value


def _pick_dict(value: dict[str, Any]) -> dict[str, Any]:
    def first(alternatives: Any) -> Any:
        return next((each for each in alternatives if each != ""), "")

    return {key: first(allowed) for key, allowed in value.items() if first(allowed) != "" or "" not in allowed}


def _say(value: Any, properties: dict[str, Any], parameter: str, case: Case) -> Any:
    description = properties.get(parameter, {})
    word, items = description.get("type"), description.get("items", {}).get("type", "String")
    if case.code_language == "java":
        return _say_java(value, word, items)
    if case.code_language == "javascript":
        return _say_javascript(value)
    return value


def _say_java(value: Any, word: Any, items: str) -> str:
    if isinstance(value, list) and word == "ArrayList":
        quote = '"' if items in ("String", "char") else ""
        parts = [f"{quote}{_say_java(each, items, '')}{quote}" for each in value]
        return f"new ArrayList<{items}>(Arrays.asList({', '.join(parts)}))"
    if isinstance(value, list):
        return f"new {items}[]{{{', '.join(_say_java(each, items, '') for each in value)}}}"
    if isinstance(value, dict):
        puts = [f'put("{key}", {_quoted(each)});' for key, each in value.items()]
        return f"new HashMap<String, Object>() {{{{ {' '.join(puts)} }}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}{ {'long': 'L', 'float': 'f'}.get(word, '') }"


def _say_javascript(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_quoted(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_quoted(each)}' for key, each in value.items())}}}"
    return _quoted(value).strip('"')


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)
