"""The pinned wheel is fetched once, believed by its hash alone, and read without being unpacked."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from eval.tiers.bfcl_data import WHEEL_NAME, BfclData, SingleTurnCategory, code_language_of, read_bfcl_data
from schemas.errors import TerminalError

QUESTION = {
    "id": "multiple_0",
    "question": [[{"role": "user", "content": "Ring at 7.\u2028Please."}]],
    "function": [{"name": "set_alarm", "description": "Ring.", "parameters": {"type": "dict"}}],
}
ANSWER = {"id": "multiple_0", "ground_truth": [{"set_alarm": {"hour": [7]}}]}


def write_wheel(folder: Path, category: str, questions: list[Any], answers: list[Any]) -> Path:
    """A wheel of invented data."""
    path = folder / "invented.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, rows in (("", questions), ("possible_answer/", answers)):
            text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
            archive.writestr(f"bfcl_eval/data/{place}BFCL_v4_{category}.json", text)
    return path


def test_questions_and_answers_are_paired_by_position(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "multiple", [QUESTION], [{**ANSWER, "id": "other_id"}])
    (entry,) = BfclData(wheel).load_category("multiple")
    assert entry.id == "multiple_0"
    assert entry.question[0][0]["content"] == "Ring at 7.\u2028Please."
    assert entry.function[0]["name"] == "set_alarm"
    assert entry.ground_truth == ({"set_alarm": {"hour": [7]}},)


def test_irrelevance_has_no_answers(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "live_irrelevance", [QUESTION], [])
    (entry,) = BfclData(wheel).load_category("live_irrelevance")
    assert entry.ground_truth == ()


def test_a_missing_answer_or_category_is_an_error_that_names_it(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "multiple", [QUESTION, QUESTION], [ANSWER])
    with pytest.raises(TerminalError, match="2 questions and 1 answers of multiple"):
        BfclData(wheel).load_category("multiple")
    with pytest.raises(TerminalError, match=r"BFCL_v4_parallel\.json"):
        BfclData(wheel).load_category("parallel")
    with pytest.raises(TerminalError, match="Can't read"):
        BfclData(tmp_path / "absent.whl").load_category("parallel")


def test_a_file_that_is_not_the_pinned_wheel_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path, "multiple", [QUESTION], [ANSWER]).rename(tmp_path / WHEEL_NAME)
    with pytest.raises(TerminalError, match=r"has SHA-256 .* expected .* Remove it"):
        read_bfcl_data(tmp_path)


def test_without_an_index_the_error_says_where_to_put_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    folder = tmp_path / "bfcl"
    with pytest.raises(TerminalError, match=r"could not fetch .* put the file into") as caught:
        read_bfcl_data(folder)
    assert str(folder) in str(caught.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("category", "language"),
    [("simple_java", "java"), ("simple_javascript", "javascript"), ("live_multiple", "python")],
)
def test_a_category_has_a_language(category: SingleTurnCategory, language: str) -> None:
    assert code_language_of(category) == language


@pytest.mark.slow
def test_the_pinned_wheel_is_fetched_once_and_has_all_of_the_public_tiers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        data = read_bfcl_data(tmp_path)
    except TerminalError as error:
        if "could not fetch" in str(error):
            pytest.skip("needs a package index")
        raise
    sizes: dict[SingleTurnCategory, int] = {"simple_python": 400, "multiple": 200, "parallel_multiple": 200}
    assert {category: len(data.load_category(category)) for category in sizes} == sizes
    assert [path.name for path in tmp_path.iterdir()] == [WHEEL_NAME]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    read_bfcl_data(tmp_path)
