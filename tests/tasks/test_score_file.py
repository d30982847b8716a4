"""Files of decoded answers are judged line by line, and nothing in them is passed over."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from tasks.score_file import FIELDS, ScoredLine, score_lines, summarise

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "bfcl_ast" / "vectors.jsonl.gz"
RIGHT: dict[str, Any] = {
    "id": "days_1",
    "note": "kept as it is",
    "category": "simple_python",
    "language": "python",
    "functions": [
        {
            "name": "get.days",
            "parameters": {
                "type": "dict",
                "properties": {"month": {"type": "integer"}, "year": {"type": "integer", "default": 2024}},
                "required": ["month"],
            },
        }
    ],
    "possible_answer": [{"get.days": {"month": [2]}}],
    "output": [{"get.days": {"month": 2}}],
    "official": {"valid": True, "error_type": None},
}
WRONG = RIGHT | {"id": "days_2", "output": [{"get.days": {"month": 2, "year": 2024}}]}
UNSCORED = RIGHT | {"id": "days_3", "functions": [], "official": {"valid": None, "error_type": None}}


def write(folder: Path, *lines: Any) -> Path:
    """A file of lines."""
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def score(path: Path, underscore_to_dot: bool = False) -> list[ScoredLine]:
    """All lines."""
    return list(score_lines(path, underscore_to_dot))


def test_a_line_is_its_input_and_what_it_is_worth(tmp_path: Path) -> None:
    right, wrong = score(write(tmp_path, RIGHT, WRONG))
    assert list(right.fields) == [*RIGHT, "ours", "second_opinion", "step"]
    assert right.fields["ours"] == {"valid": True, "error_type": None, "reason": None}
    assert right.fields["second_opinion"] == {"valid": True, "leniencies": [], "disputed": False}
    assert right.fields["step"] is None
    assert {name: wrong.fields[name] for name in WRONG} == WRONG
    assert wrong.fields["ours"]["error_type"] == "simple_function_checker:unexpected_param"
    assert wrong.fields["second_opinion"] == {"valid": True, "leniencies": ["default_given"], "disputed": True}
    assert wrong.fields["step"] == "extra"


def test_the_summary_counts_and_shows_every_difference(tmp_path: Path) -> None:
    summary = summarise(score_lines(write(tmp_path, RIGHT, WRONG, UNSCORED), False))
    assert (summary.lines, summary.scored) == (3, 2)
    assert summary.agreement == pytest.approx(2 / 3)
    ours = {"valid": False, "error_type": "simple_function_checker:unexpected_param", "reason": None}
    assert summary.differences == [{"id": "days_2", "official": {"valid": True, "error_type": None}, "ours": ours}]
    assert list(summary.model_dump()) == ["lines", "scored", "agreement", "differences"]


def test_the_error_type_has_to_agree_too(tmp_path: Path) -> None:
    official = {"valid": False, "error_type": "simple_function_checker:missing_optional"}
    assert summarise(score_lines(write(tmp_path, WRONG | {"official": official}), False)).agreement == 0


def test_without_an_official_verdict_there_is_no_agreement(tmp_path: Path) -> None:
    line = {name: RIGHT[name] for name in FIELDS}
    summary = summarise(score_lines(write(tmp_path, line, line | {"official": None}), False))
    assert (summary.lines, summary.agreement, summary.differences) == (2, None, [])


def test_names_can_have_been_offered_without_dots(tmp_path: Path) -> None:
    path = write(tmp_path, RIGHT | {"output": [{"get_days": {"month": 2}}]})
    assert [line.verdict.valid for line in score(path, False) + score(path, True)] == [False, True]


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, RIGHT, WRONG)
    plain = score(path)
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert score(path) == plain


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read(pack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO(pack(write(tmp_path, RIGHT).read_bytes()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    assert len(score(Path("-"))) == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        (json.dumps({"id": "1", "category": "simple"}), "lacks language, functions, possible_answer, output"),
        (json.dumps(RIGHT | {"language": None}), "language is None"),
        (json.dumps(RIGHT | {"official": {}}), "official is {}"),
        ("\udcff", "not JSON"),
    ],
)
def test_a_bad_line_is_named(bad: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(f"{json.dumps(RIGHT)}\n{bad}\n".encode(errors="surrogateescape"))
    with pytest.raises(UsageError) as caught:
        score(path)
    assert f"{path}, line 2" in str(caught.value)
    assert words in str(caught.value)


def test_empty_lines_are_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(f"{json.dumps(RIGHT)}\n\n{json.dumps(RIGHT)}\n  \n", encoding="utf-8")
    assert len(score(path)) == 2


def test_irrelevance_needs_no_possible_answer(tmp_path: Path) -> None:
    line = {name: value for name, value in RIGHT.items() if name != "possible_answer"}
    (judged,) = score(write(tmp_path, line | {"category": "irrelevance", "output": []}))
    assert judged.verdict.valid is True


def test_odd_shapes_are_judged_and_not_refused(tmp_path: Path) -> None:
    odd = [
        RIGHT | {"functions": None},
        RIGHT | {"possible_answer": {}},
        RIGHT | {"output": None},
        RIGHT | {"category": "?"},
    ]
    reasons = [line.verdict.reason or line.verdict.error_type for line in score(write(tmp_path, *odd))]
    assert reasons == ["no_function", "no_answer", "ast_decoder:decoder_wrong_output_format", "unknown_category"]


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(json.dumps(RIGHT).encode())[:-12])
    for path in (cut, tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(UsageError, match=path.name):
            score(path)


@pytest.mark.skipif(not VECTORS.is_file(), reason="needs the shared vectors")
def test_shared_vectors_agree() -> None:
    summary = summarise(score_lines(VECTORS, False))
    assert (summary.agreement, summary.differences) == (1.0, [])
    assert summary.lines == summary.scored > 2000
