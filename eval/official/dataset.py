"""BFCL's cases, read where the harness is installed; nothing of them is kept here.

A line: {"id": "simple_python_0", "question": [[{"role": "user", "content": "…"}]], "function": [{"name": "f", …}]},
and in possible_answer/, at the same position: {"id": "simple_python_0", "ground_truth": [{"f": {"a": [1]}}]}
"""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.official.categories import GROUPS, Category
from eval.official.files import is_memory, is_single_turn, read_lines
from schemas.evaluation import Case, CodeLanguage

_LANGUAGES: dict[Category, CodeLanguage] = {"simple_java": "java", "simple_javascript": "javascript"}


def read_case_ids(data: Path, category: Category) -> tuple[str, ...]:
    """Ids of a category's cases, in BFCL's order.

    Args:
        data: the package's data folder.
        category: memory and web search are asked in several ways, from one file each.
    """
    if category == "format_sensitivity":
        return _format_sensitivity_ids(data)
    for shared in ("memory", "web_search"):
        if category in GROUPS[shared]:
            return tuple(each["id"].replace(shared, category) for each in _read_entries(data, shared))
    return tuple(each["id"] for each in _read_entries(data, category))


def read_prerequisite_ids(data: Path, category: Category, ids: Sequence[str]) -> tuple[str, ...]:
    """Ids of the conversations that a memory category holds before these cases; none for other categories."""
    if not is_memory(category):
        return ()
    scenarios = sorted({_scenario(each) for each in ids})
    paths = [data / "memory_prereq_conversation" / f"memory_{each}.json" for each in scenarios]
    return tuple(each["id"].replace("memory", category) for path in paths for each in read_lines(path))


def _scenario(case_id: str) -> str:
    """Who remembers: memory_kv_0-customer-0 is one of the customer's."""
    return case_id.split("-")[1]


def read_cases(data: Path, category: Category) -> dict[str, Case]:
    """Cases by id: single-turn ones as our own scorer reads them, of others what the user says.

    format_sensitivity has none: it asks the cases of other categories again.
    """
    if category == "format_sensitivity":
        return {}
    if not is_single_turn(category):
        shared = next((each for each in ("memory", "web_search") if category in GROUPS[each]), category)
        ids = read_case_ids(data, category)
        asked = zip(ids, _read_entries(data, shared), strict=True)
        return {case_id: _make_conversation(category, case_id, entry) for case_id, entry in asked}
    entries = _read_entries(data, category)
    answers = read_lines(data / "possible_answer" / f"BFCL_v4_{category}.json")
    # By position, as the harness does: some answers' ids differ. The relevance categories have no answers.
    pairs = zip(entries, answers or [{}] * len(entries), strict=True)
    return {entry["id"]: _make_case(category, entry, answer) for entry, answer in pairs}


def _make_case(category: Category, entry: dict[str, Any], answer: dict[str, Any]) -> Case:
    return Case(
        case_id=entry["id"],
        suite="bfcl",
        category=category,
        rule=category,
        code_language=_LANGUAGES.get(category, "python"),
        messages=tuple(entry["question"][0]),
        functions=tuple(entry["function"]),
        tools=(),
        possible_answer=tuple(answer.get("ground_truth", ())),
    )


def _make_conversation(category: Category, case_id: str, entry: dict[str, Any]) -> Case:
    return Case(
        case_id=case_id,
        suite="bfcl",
        category=category,
        rule=category,
        messages=tuple(message for turn in entry["question"] for message in turn),
        functions=(),
        tools=(),
        possible_answer=(),
    )


def _read_entries(data: Path, name: str) -> list[dict[str, Any]]:
    return read_lines(data / f"BFCL_v4_{name}.json")


def _format_sensitivity_ids(data: Path) -> tuple[str, ...]:
    """Each chosen case under each of 26 forms of the prompt, numbered through."""
    chosen: dict[Category, list[str]] = json.loads((data / "BFCL_v4_format_sensitivity.json").read_bytes())
    ids = [each for category, wanted in chosen.items() for each in read_case_ids(data, category) if each in wanted]
    pairs = itertools.product(ids, _prompt_forms())
    return tuple(f"format_sensitivity_{number}:{form}:{case_id}" for number, (case_id, form) in enumerate(pairs))


def _prompt_forms() -> list[str]:
    outputs = ("python", "json", "verbose_xml", "concise_xml")
    axes = itertools.product(outputs, ("True", "False"), ("python", "xml", "json"), ("plaintext",), ("classic",))
    one = ("python", "False", "json")
    forms = [*axes, (*one, "markdown", "classic"), (*one, "plaintext", "experimental")]
    names = ("ret_fmt", "tool_call_tag", "func_doc_fmt", "prompt_fmt", "style")
    return ["&".join(map("=".join, zip(names, form, strict=True))) for form in forms]
