"""The sample documents and the prompt material are whole: read straight from the files, without our own ingest."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml

from prompts.render import load_lines
from schemas.settings import TeacherSettings

EXAMPLES = Path(__file__).parent.parent / "examples"
DOCUMENTS = sorted(path for path in EXAMPLES.iterdir() if path.suffix in {".json", ".yaml"})
METHODS = {"get", "put", "post", "delete", "patch"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FEW_SHOT = load_lines("few_shot.v1")
STYLES = load_lines("styles.v1")


class Operation(NamedTuple):
    """One function of a sample document, as far as these tests look."""

    name: str | None
    summary: str
    described: list[dict[str, Any]]
    """Its parameters and top-level properties."""
    node: dict[str, Any]


def read_document(path: Path) -> dict[str, Any]:
    """Load JSON or YAML."""
    text = path.read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    return document


def find_domain(document: dict[str, Any]) -> str:
    """`x-domain` of an OpenAPI document or a tools list."""
    domain: str = document.get("info", document)["x-domain"]
    return domain


def resolve(document: dict[str, Any], node: Any) -> Any:
    """Replace every local $ref below `node`; KeyError where one points nowhere."""
    if isinstance(node, list):
        return [resolve(document, one) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolve(document, target)
    return {key: resolve(document, value) for key, value in node.items()}


def find_properties(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Top-level properties of an object schema, those of its allOf included."""
    own = list(schema.get("properties", {}).values())
    return own + [found for part in schema.get("allOf", []) for found in find_properties(part)]


def find_operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Every function of a document."""
    for tool in document.get("tools", []):
        function = tool["function"]
        properties = find_properties(function["parameters"])
        yield Operation(function["name"], function["description"], properties, function["parameters"])
    for item in document.get("paths", {}).values():
        for method in METHODS & set(item):
            yield read_operation(resolve(document, item[method]))


def read_operation(node: dict[str, Any]) -> Operation:
    """One operation of an OpenAPI document, references resolved."""
    parameters = node.get("parameters", [])
    bodies = [content["schema"] for content in node.get("requestBody", {}).get("content", {}).values()]
    bodies += [parameter["schema"] for parameter in parameters if parameter["in"] == "body"]
    described = [parameter for parameter in parameters if parameter["in"] != "body"]
    described += [found for body in bodies for found in find_properties(body)]
    return Operation(node.get("operationId"), node["summary"], described, node)


def find_free_strings(schema: dict[str, Any], value: Any) -> Iterator[str]:
    """String values that a schema leaves open."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from find_free_strings(schema["properties"][key], part)
    elif isinstance(value, list):
        for part in value:
            yield from find_free_strings(schema["items"], part)
    elif isinstance(value, str) and "enum" not in schema and not re.fullmatch(r"[\dT:Z+-]*[:-][\dT:Z+-]*", value):
        yield value


def test_there_are_enough_functions_domains_and_chinese_domains() -> None:
    """At least 72 functions over 14 domains, two or more of them wholly Chinese."""
    documents = [read_document(path) for path in DOCUMENTS]
    operations = {find_domain(document): list(find_operations(document)) for document in documents}
    chinese = [domain for domain, found in operations.items() if CHINESE.search(found[0].summary)]
    assert len(operations) == len(documents) >= 14
    assert sum(len(found) for found in operations.values()) >= 72
    assert len(chinese) >= 2


def test_every_form_of_document_is_there() -> None:
    """OpenAPI 2.0, 3.0, 3.1 and OpenAI tools lists."""
    documents = [read_document(path) for path in DOCUMENTS]
    forms = {str(d.get("openapi", d.get("swagger", "tools")))[:3] for d in documents}
    assert forms == {"2.0", "3.0", "3.1", "too"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_describes_everything(path: Path) -> None:
    """Summaries are sentences, every parameter has a description in the document's language, sizes are modest."""
    operations = list(find_operations(read_document(path)))
    names = [operation.name for operation in operations if operation.name]
    assert len(names) == len(set(names))
    for operation in operations:
        assert re.fullmatch(r"[A-Z].{8,80}\.|[^A-Za-z]{6,30}。", operation.summary), operation.summary
        for described in operation.described:
            assert bool(CHINESE.search(described["description"])) == ("_zh" in path.stem), described
        assert 50 <= len(json.dumps(operation.node, ensure_ascii=False)) <= 2000, operation.name


def test_some_functions_have_no_parameters_and_some_operations_no_name() -> None:
    """The line must manage both."""
    operations = [operation for path in DOCUMENTS for operation in find_operations(read_document(path))]
    assert sum(not operation.described for operation in operations) >= 2
    assert sum(operation.name is None for operation in operations) >= 2


def test_the_table_of_the_readme_lists_the_documents_as_they_are() -> None:
    """Path, domain and number of functions of every document."""
    text = (EXAMPLES / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\S+)` \| (\S+) \| .* \| (\d+) \| (?:en|zh) \|$", text, re.M)
    found = {path.name: read_document(path) for path in DOCUMENTS}
    assert rows == [(n, find_domain(d), str(len(list(find_operations(d))))) for n, d in found.items()]


@pytest.mark.parametrize("line", FEW_SHOT, ids=lambda line: line["function"]["name"])
def test_a_few_shot_call_obeys_its_own_document(line: dict[str, Any]) -> None:
    """Exactly one call, of the function shown, valid, with no argument unknown to it."""
    [call] = line["calls"]
    schema = {**line["function"]["parameters"], "additionalProperties": False}
    assert call["name"] == line["function"]["name"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(call["arguments"], schema, format_checker=jsonschema.FormatChecker())
    assert bool(CHINESE.search(line["query"])) == (line["language"] == "zh")


@pytest.mark.parametrize("line", FEW_SHOT, ids=lambda line: line["function"]["name"])
def test_free_text_of_a_few_shot_call_stands_in_its_query(line: dict[str, Any]) -> None:
    """Strings that are neither a choice, a date nor a time are words of the query."""
    for value in find_free_strings(line["function"]["parameters"], line["calls"][0]["arguments"]):
        assert value in line["query"]


def test_few_shot_examples_are_enough_and_differ_from_the_sample_functions() -> None:
    """16 English, 8 Chinese, no name twice, none that the documents have."""
    languages = [line["language"] for line in FEW_SHOT]
    names = {line["function"]["name"] for line in FEW_SHOT}
    samples = {operation.name for path in DOCUMENTS for operation in find_operations(read_document(path))}
    assert languages.count("en") >= 16
    assert languages.count("zh") >= 8
    assert len(names) == len(FEW_SHOT)
    assert not names & samples


def test_styles_are_short_different_and_of_a_known_field() -> None:
    """20 or more ways to sound, three ways to treat optional parameters."""
    by_field = {field: [s["text"] for s in STYLES if s["field"] == field] for field in ("optional", "style")}
    assert all(set(style) == {"field", "text"} for style in STYLES)
    assert len(by_field["optional"]) == 3
    assert len(set(by_field["style"])) == len(by_field["style"]) >= 20
    assert sum(map(len, by_field.values())) == len(STYLES)
    assert all(len(text) <= 100 for text in by_field["style"])


def test_the_page_on_teachers_names_every_setting_and_no_other() -> None:
    """`examples/teachers.md` against TeacherSettings."""
    named = set(re.findall(r"CALLMILL_TEACHER_([A-Z_]+)", (EXAMPLES / "teachers.md").read_text("utf-8")))
    assert named == {field.upper() for field in TeacherSettings.model_fields}
