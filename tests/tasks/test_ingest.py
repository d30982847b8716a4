"""Files become documents and functions; what can't be read is reported and stops nothing."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from schemas.errors import UsageError
from tasks.ingest import Ingested, find_documents, ingest_documents, read_document

ROOT = Path(__file__).parent.parent.parent
REAL = ROOT.parent / "shared" / "data" / "openapi"
API = "openapi: 3.0.0\ninfo: {title: %s}\npaths: {/pets: {get: {summary: %s}}}\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def check_functions(ingested: list[Ingested]) -> None:
    """Ids are unique, accepted functions compile and can be stored, rejected ones say why."""
    functions = [function for one in ingested for function in one.functions]
    assert len({function.function_id for function in functions}) == len(functions)
    for function in functions:
        json.dumps(function.model_dump(), allow_nan=False)
        assert (function.state == "rejected") == (function.reason is not None)
        if function.state == "accepted":
            jsonschema_rs.Draft202012Validator(function.parameters)


def test_folders_are_searched_in_order_without_hidden_files_and_readmes(tmp_path: Path) -> None:
    for name in (
        "b.yaml",
        "a/z.json",
        "a/c.YML",
        ".git/x.json",
        "README.yaml",
        "MANIFEST.json",
        "LICENSES.txt",
        "n.txt",
    ):
        write(tmp_path / name, "{}")
    found = find_documents([tmp_path, tmp_path / "n.txt", tmp_path / "b.yaml"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/c.YML", "a/z.json", "b.yaml", "n.txt"]


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file or folder: .*nowhere\.json"):
        find_documents([tmp_path / "nowhere.json"])


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No API document in"):
        find_documents([tmp_path])


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b'{"openapi": ', "not_json", "line 1 column 13"),
        (b'{"a": "\xff"}', "not_utf8", "at byte 7"),
        (b'{"hello": 1}', "unknown_format", "an object with the keys hello"),
        (b'{"swagger": "1.2", "paths": {}}', "unknown_format", "expected"),
        (b'{"openapi": "3.0.1"}', "no_operations", "no operation"),
        (b'{"swagger": "2.0", "paths": {"/a": {"x-note": 1}}}', "no_operations", "no operation"),
        (b'{"openapi": "3.1.0", "paths": []}', "bad_structure", "'paths' is a list"),
    ],
)
def test_a_file_that_is_no_document_is_kept_with_its_reason(
    tmp_path: Path, content: bytes, reason: str, words: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    document, functions = read_document(path)
    assert (document.state, document.reason, functions) == ("rejected", reason, [])
    assert document.detail is not None
    assert words in document.detail
    assert document.text == content.decode(errors="replace")


def test_a_file_that_went_away_is_not_readable(tmp_path: Path) -> None:
    document = read_document(tmp_path / "gone.yaml").document
    assert (document.reason, document.detail) == ("not_readable", "No such file or directory")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b'\xef\xbb\xbf{"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}')
    assert read_document(path).document.state == "parsed"


@pytest.mark.parametrize(
    ("title", "summary", "domain", "language"),
    [
        ("Pet Store API", "List the pets", "pet_store_api", "en"),
        ("PokéAPI", "List", "pokeapi", "en"),
        ("宠物商店", "列出所有宠物 list pets", "shop", "zh"),
        ("Invoices", "請求書の一覧を取得する", "invoices", "en"),
    ],
)
def test_domain_and_language(tmp_path: Path, title: str, summary: str, domain: str, language: str) -> None:
    document, functions = read_document(write(tmp_path / "shop.openapi3.yaml", API % (title, summary)))
    assert (document.domain, document.language) == (domain, language)
    assert (functions[0].domain, functions[0].language) == (domain, language)


def test_a_function_without_words_has_the_language_of_its_document(tmp_path: Path) -> None:
    paths = "{/a: {get: {summary: 查询所有订单的状态}}, /b: {get: {}}, /c: {get: {summary: Say hello}}}"
    text = f"openapi: 3.0.0\npaths: {paths}"
    functions = read_document(write(tmp_path / "zh.yaml", text)).functions
    assert [function.language for function in functions] == ["zh", "zh", "en"]


def test_the_same_tool_again_is_merged_into_the_first(tmp_path: Path) -> None:
    paths = [write(tmp_path / name, API % (name[0], "List pets")) for name in ("a.yaml", "b.yaml")]
    first, second = (one.functions[0] for one in ingest_documents(paths))
    assert (first.state, second.state, second.merged_into) == ("accepted", "merged", first.function_id)


def test_the_same_file_at_two_places_is_two_documents(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path / folder / "pets.yaml", API % ("Pets", "List pets"))
    ingested = ingest_documents([tmp_path])
    assert len({one.document.document_id for one in ingested}) == 2
    assert [one.functions[0].state for one in ingested] == ["accepted", "merged"]
    assert ingested[1].functions[0].document_id == ingested[1].document.document_id
    check_functions(ingested)


def test_reading_again_gives_the_same_records(tmp_path: Path) -> None:
    path = write(tmp_path / "pets.yaml", API % ("Pets", "List pets"))
    assert read_document(path) == read_document(path)


def test_the_sample_documents_are_all_accepted() -> None:
    ingested = ingest_documents([ROOT / "examples"])
    functions = [function for one in ingested for function in one.functions]
    assert {one.document.state for one in ingested} == {"parsed"}
    assert {function.state for function in functions} == {"accepted"}
    assert len(functions) >= 60
    assert len({function.domain for function in functions}) >= 12
    assert {function.language for function in functions} == {"en", "zh"}
    check_functions(ingested)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real documents lie beside the checkout where they are at all")
def test_real_documents_parse_and_broken_ones_are_named() -> None:
    ingested = ingest_documents([REAL])
    rejected = [one.document for one in ingested if one.document.state == "rejected"]
    assert len(ingested) == 52
    assert {Path(one.document_path).parent.name for one in rejected} == {"malformed"}
    assert [document.reason for document in rejected] == ["not_json"] * 4
    functions = [function for one in ingested for function in one.functions]
    assert sum(function.state == "accepted" for function in functions) >= 1800
    assert {function.reason for function in functions} == {None, "unresolved_reference"}
    check_functions(ingested)


def test_the_order_of_the_paths_does_not_decide_which_twin_stays(tmp_path: Path) -> None:
    """The job's id does not know the order, so the functions it may use must not depend on it either."""
    tool = {"name": "get_rain", "description": "Get the rain.", "parameters": {"type": "object", "properties": {}}}
    paths = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    for path in paths:
        path.write_text(json.dumps([tool]), encoding="utf-8")
    kept = [
        [
            function.function_id
            for one in ingest_documents(order)
            for function in one.functions
            if function.state == "accepted"
        ]
        for order in (paths, paths[::-1], [paths[1], paths[0], paths[2]])
    ]
    assert len(kept[0]) == 1
    assert kept[0] == kept[1] == kept[2]
