"""BFCL's documents become the very tools that BFCL's FC mode offers."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from eval.tiers.tools import convert_documents
from schemas.evaluation import CodeLanguage

ROOT = Path(__file__).parent.parent.parent.parent
BFCL = Path(os.environ.get("CALLMILL_BFCL", ROOT / ".venv-bfcl" / "bin" / "bfcl"))

OFFICIAL_CONVERSION = """
import json
from bfcl_eval.constants.enums import ModelStyle
from bfcl_eval.constants.type_mappings import GORILLA_TO_OPENAPI
from bfcl_eval.model_handler.utils import convert_to_tool
from bfcl_eval.utils import load_dataset_entry

for name in NAMES:
    bare = load_dataset_entry(name, include_language_specific_hint=False)
    for entry, hinted in zip(bare, load_dataset_entry(name), strict=True):
        tools = convert_to_tool(hinted["function"], GORILLA_TO_OPENAPI, ModelStyle.OPENAI_COMPLETIONS)
        print("@" + json.dumps([name, entry["id"], entry["function"], tools]))
"""
NAMES = (
    "simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple", "irrelevance",
    "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance", "live_relevance",
)  # fmt: skip


def convert_one(schema: dict[str, Any], code_language: CodeLanguage = "python") -> dict[str, Any]:
    """What becomes of one parameter."""
    document = {
        "name": "f",
        "description": "Do it.",
        "parameters": {"type": "dict", "properties": {"x": schema}, "required": ["x"]},
    }
    (tool,) = convert_documents([document], code_language)
    assert tool["type"] == "function"
    assert tool["function"]["parameters"]["type"] == "object"
    converted: dict[str, Any] = tool["function"]["parameters"]["properties"]["x"]
    return converted


def test_a_dotted_name_gets_underscores_and_the_description_names_the_syntax() -> None:
    document = {
        "name": "a.b.c",
        "description": "Add.",
        "parameters": {"type": "dict", "properties": {}, "required": []},
    }
    (tool,) = convert_documents([document], "python")
    assert tool["function"]["name"] == "a_b_c"
    assert tool["function"]["description"] == "Add. Note that the provided function is in Python 3 syntax."
    assert document["name"] == "a.b.c"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("dict", "object"), ("tuple", "array"), ("any", "string"), ("long", "integer"), ("double", "number"),
     ("?", "string")],
)  # fmt: skip
def test_type_words_become_those_of_json_schema(word: str, expected: str) -> None:
    assert convert_one({"type": word, "description": "A thing."})["type"] == expected


def test_a_float_is_a_number_whose_description_says_so_and_a_missing_type_is_a_string() -> None:
    expected = {"type": "number", "description": "Share. This is a float type value.", "format": "float"}
    assert convert_one({"type": "float", "description": "Share."}) == expected
    assert convert_one({"description": "Anything."}) == {"description": "Anything.", "type": "string"}


def test_properties_and_two_levels_of_items_are_converted() -> None:
    inner = {"type": "dict", "properties": {"y": {"type": "float", "description": "Y."}}}
    nested = convert_one({"type": "array", "description": "L.", "items": inner})
    assert nested["items"]["type"] == "object"
    assert nested["items"]["properties"]["y"]["format"] == "float"
    lists = convert_one({"type": "array", "description": "L.", "items": {"type": "array", "items": {"type": "float"}}})
    assert lists["items"] == {"type": "array", "items": {"type": "number"}}


def test_arguments_of_java_and_javascript_are_asked_for_as_strings() -> None:
    java = convert_one({"type": "ArrayList", "description": "Names.", "items": {"type": "String"}}, "java")
    assert java == {
        "type": "string",
        "description": "Names. This is Java ArrayList type parameter in string representation."
        " The list elements are of type String; they are not in string representation.",
    }
    script = convert_one({"type": "dict", "description": "O.", "properties": {"a": {"type": "any"}}}, "javascript")
    assert script["description"].endswith('schema; they are not in string representation. {"a": {"type": "any"}}')
    assert "properties" not in script


@pytest.mark.slow
@pytest.mark.skipif(not BFCL.is_file(), reason="needs `make bfcl-env`")
def test_every_single_turn_entry_is_offered_as_the_official_package_offers_it() -> None:
    script = f"NAMES = {NAMES!r}\n{OFFICIAL_CONVERSION}"
    command = [str(BFCL.parent / "python"), "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=300, check=True)
    entries = [json.loads(line[1:]) for line in done.stdout.split("\n") if line.startswith("@")]
    assert len(entries) == 3641
    for category, entry_id, functions, official in entries:
        languages: dict[str, CodeLanguage] = {"simple_java": "java", "simple_javascript": "javascript"}
        ours = convert_documents(functions, languages.get(category, "python"))
        # As text: the order of the keys is part of what a model reads.
        assert json.dumps(ours) == json.dumps(official), entry_id
