"""A data set folder: complete or not there, the same bytes for the same rows, and what `datasets` makes of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.dataset import DatasetFacts, SourceDocument
from schemas.errors import TerminalError, UsageError
from schemas.report import Rejected
from tasks.export import CARD, MANIFEST, read_manifest, verify_dataset, write_dataset, write_lines, write_parquet
from tests.warehouse.small_job import commit_small_job

ROOT = Path(__file__).parents[2]
PARQUET = "data/train-00000-of-00001.parquet"
KILLED = """
import os, signal, sys
from pathlib import Path
import polars as pl
import tasks.export
from schemas.dataset import DatasetFacts

rows, facts, folder, step = sys.argv[1:]
setattr(tasks.export, step, lambda *words: os.kill(os.getpid(), signal.SIGKILL))
facts = DatasetFacts.model_validate_json(facts)
tasks.export.write_dataset(pl.read_parquet(rows), Path(folder), facts)
"""


@pytest.fixture
def rows(tmp_path: Path) -> pl.DataFrame:
    """The five accepted samples of the small job, as the warehouse gives them."""
    (tmp_path / "home").mkdir()
    warehouse, job = commit_small_job(tmp_path / "home")
    return warehouse.read_named("samples", {"job_id": job.job_id})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "datasets" / "small"


def facts(**changes: Any) -> DatasetFacts:
    """Facts of the small job."""
    known: dict[str, Any] = {
        "name": "small job",
        "job_id": "job-1",
        "run_id": "run-1",
        "created_at": "2026-03-01T02:00:31+00:00",
        "teacher_model": "callmill-offline-1:mistakes=0.12",
        "judge_model": "callmill-offline-1:mistakes=0.12",
        "is_offline": True,
        "judge_draws": 3,
        "prompts": {"generate_pair.v1": "0123456789abcdef", "judge_calls.v1": "fedcba9876543210"},
        "asked": {"simple": 1, "multiple": 2},
        "rejected": (Rejected(thing="candidate", stage="check", reason="duplicate", things=1),),
        "documents": (
            SourceDocument(document_path="apis/weather|sea.yaml", format="openapi-3.1"),
            SourceDocument(document_path="apis/fruit.json", format="openai-tools", terms="CC0"),
        ),
        "parameters": {"samples": 5},
        "settings": {"home": ".callmill"},
        "command": "callmill synth --apis apis --samples 5",
    }
    return DatasetFacts(**known | changes)


def read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def beside(folder: Path) -> set[str]:
    """Names in the folder's parent."""
    return {path.name for path in folder.parent.iterdir()}


def run_killed(step: str, rows: pl.DataFrame, folder: Path) -> int:
    """Write a data set in a process that kills itself with SIGKILL when it comes to `step`; its pid."""
    rows.write_parquet(folder.parent.parent / "rows.parquet")
    words = [str(folder.parent.parent / "rows.parquet"), facts().model_dump_json(), str(folder), step]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *words], cwd=ROOT)
    assert process.wait() == -signal.SIGKILL
    return process.pid


def test_lines_are_openai_messages_and_tools(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts())
    lines = read_lines(folder / "train.jsonl")
    assert [line["sample_id"] for line in lines] == rows["sample_id"].to_list()
    for line, row in zip(lines, rows.to_dicts(), strict=True):
        assert list(line) == ["sample_id", "kind", "language", "domain", "messages", "tools"]
        user, assistant = line["messages"]
        assert user == {"role": "user", "content": row["query"]}
        calls = [call["function"] for call in assistant.get("tool_calls", [])]
        assert all(isinstance(call["arguments"], str) for call in calls)
        as_called = [{"name": call["name"], "arguments": json.loads(call["arguments"])} for call in calls]
        assert as_called == json.loads(row["calls"])
        assert assistant["content"] or calls
        assert {tool["type"] for tool in line["tools"]} == {"function"}
        assert {call["name"] for call in calls} <= {tool["function"]["name"] for tool in line["tools"]}
    assert "null" not in (folder / "train.jsonl").read_text(encoding="utf-8")
    assert "草莓" in (folder / "train.jsonl").read_text(encoding="utf-8")


def test_datasets_loads_the_folder_without_a_network(
    rows: pl.DataFrame, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet and JSON Lines lie in one folder; every row must come once."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    import datasets

    two_splits = rows.with_columns(split=pl.when(pl.col("kind") == "simple").then(pl.lit("test")).otherwise("split"))
    write_dataset(two_splits, folder, facts())
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: part.num_rows for split, part in loaded.items()} == {"train": 4, "test": 1}
    assert set(loaded["train"].column_names) == {
        "sample_id", "kind", "language", "domain", "messages", "tools", "calls"
    }  # fmt: skip
    (row,) = loaded["test"]
    (line,) = read_lines(folder / "test.jsonl")
    assert (json.loads(row["messages"]), json.loads(row["tools"])) == (line["messages"], line["tools"])
    assert json.loads(row["calls"]) == [{"name": "get_forecast", "arguments": {"city": "Lisbon"}}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(st.text(), json_values, json_values), min_size=1, max_size=5))
def test_any_row_survives_both_forms(tmp_path: Path, values: list[tuple[str, Any, Any]]) -> None:
    rows = pl.DataFrame(
        [
            {
                "sample_id": str(number), "kind": "simple", "language": "en", "domain": domain, "calls": "[]",
                "messages": json.dumps(messages, ensure_ascii=False), "tools": json.dumps(tools, ensure_ascii=False),
            }
            for number, (domain, messages, tools) in enumerate(values)
        ]
    )  # fmt: skip
    write_lines(rows, tmp_path / "rows.jsonl")
    write_parquet(rows, tmp_path / "rows.parquet")
    lines = [(line["domain"], line["messages"], line["tools"]) for line in read_lines(tmp_path / "rows.jsonl")]
    assert json.dumps(lines) == json.dumps(values)
    assert pl.read_parquet(tmp_path / "rows.parquet").select(rows.columns).equals(rows)


def test_manifest_tells_what_the_folder_holds(rows: pl.DataFrame, folder: Path) -> None:
    export = write_dataset(rows, folder, facts())
    manifest = verify_dataset(folder)
    assert (export.rows, export.export_path, export.exported_at) == (5, str(folder), manifest.created_at)
    assert manifest.kinds == dict.fromkeys(rows["kind"], 1)
    assert (manifest.languages, manifest.domains) == ({"en": 4, "zh": 1}, {"weather": 4, "fruit": 1})
    assert {file.path: file.rows for file in manifest.files} == {"train.jsonl": 5, PARQUET: 5, CARD: None}
    assert DatasetFacts(**{name: getattr(manifest, name) for name in DatasetFacts.model_fields}) == facts()
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {MANIFEST, *(file.path for file in manifest.files)}


def test_equal_rows_give_equal_bytes_whichever_run_wrote_them(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts())
    other = folder.with_name("other")
    later = rows.with_columns(run_id=pl.lit("run-2"), accepted_at=pl.col("accepted_at") + pl.duration(hours=1))
    write_dataset(later, other, facts(run_id="run-2", created_at="2026-03-02T02:00:00+00:00"))
    first, second = read_manifest(folder), read_manifest(other)
    assert first.files == second.files
    assert (first.content_sha256, second.run_id) == (second.content_sha256, "run-2")


def written(folder: Path) -> dict[Path, tuple[int, int]]:
    """Each file's inode and when it was written; looking at a folder changes when it was looked at."""
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_the_same_data_set_again_is_left_as_it_is(rows: pl.DataFrame, folder: Path) -> None:
    export = write_dataset(rows, folder, facts())
    before = written(folder)
    assert write_dataset(rows, folder, facts(run_id="run-2", created_at="2026-03-02T02:00:00+00:00")) == export
    assert written(folder) == before
    assert beside(folder) == {"small"}


def test_another_data_set_takes_the_folder_over_whole(rows: pl.DataFrame, folder: Path) -> None:
    export = write_dataset(rows.with_columns(split=pl.lit("test")), folder, facts())
    assert write_dataset(rows.head(2), folder, facts()).export_id != export.export_id
    assert verify_dataset(folder).rows == 2
    assert not (folder / "test.jsonl").exists()
    assert beside(folder) == {"small"}


@pytest.mark.parametrize("damage", ["no manifest", "a line more", "a file less", "empty folder"])
def test_an_unfinished_or_damaged_folder_is_replaced(rows: pl.DataFrame, folder: Path, damage: str) -> None:
    write_dataset(rows, folder, facts())
    if damage == "no manifest":
        (folder / MANIFEST).unlink()
    elif damage == "a line more":
        with (folder / "train.jsonl").open("a") as file:
            file.write("{}\n")
    elif damage == "a file less":
        (folder / PARQUET).unlink()
    else:
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            path.unlink()
    write_dataset(rows, folder, facts())
    assert verify_dataset(folder).rows == 5


@pytest.mark.parametrize("name", ["notes.txt", ".git/config", "data/mine.csv", "README.md"])
def test_a_folder_with_other_things_in_it_is_not_touched(rows: pl.DataFrame, folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("mine")
    with pytest.raises(UsageError, match="no part of a data set; choose another folder"):
        write_dataset(rows, folder, facts())
    assert (folder / name).read_text() == "mine"
    assert beside(folder) == {"small"}


def test_a_file_in_the_place_of_the_folder_is_refused(rows: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "small").write_text("mine")
    with pytest.raises(UsageError, match="is a file; expected a folder"):
        write_dataset(rows, tmp_path / "small", facts())


def test_no_rows_are_no_data_set(rows: pl.DataFrame, folder: Path) -> None:
    with pytest.raises(TerminalError, match="No accepted sample to write"):
        write_dataset(rows.clear(), folder, facts())
    assert not folder.exists()


def test_an_error_while_writing_leaves_the_old_data_set_and_nothing_else(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts())
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        write_dataset(rows.drop("calls"), folder, facts())
    assert verify_dataset(folder).rows == 5
    assert beside(folder) == {"small"}


@pytest.mark.parametrize("step", ["write_lines", "write_parquet", "write_card", "describe_files", "put_in_place"])
def test_a_kill_between_files_leaves_no_manifest_and_the_next_run_cleans_up(
    rows: pl.DataFrame, folder: Path, step: str
) -> None:
    if step == "put_in_place":
        write_dataset(rows.head(2), folder, facts())
    pid = run_killed(step, rows, folder)
    assert beside(folder) - {"small"} == {f"small.tmp-{pid}"}
    if step == "put_in_place":
        assert verify_dataset(folder).rows == 2
    else:
        assert not list(folder.parent.rglob(MANIFEST))
        with pytest.raises(TerminalError, match="No complete data set"):
            read_manifest(folder)
    write_dataset(rows, folder, facts())
    assert verify_dataset(folder).rows == 5
    assert beside(folder) == {"small"}


def test_what_a_living_process_writes_beside_is_left_alone(rows: pl.DataFrame, folder: Path) -> None:
    others = [folder.with_name(f"small.tmp-{os.getppid()}"), folder.with_name("small.tmp-draft")]
    for other in others:
        other.mkdir(parents=True)
    write_dataset(rows, folder, facts())
    assert all(other.is_dir() for other in others)


def test_verify_names_every_damaged_file(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts())
    (folder / PARQUET).unlink()
    (folder / CARD).write_text("edited")
    with pytest.raises(TerminalError, match=r"(?s)README\.md is not as written.*parquet is missing.*Export it again"):
        verify_dataset(folder)


@pytest.mark.parametrize(
    ("text", "words"), [("{", "not a manifest of version 1"), ('{"format_version": 2}', "not a manifest of version 1")]
)
def test_a_manifest_that_can_not_be_read_is_named(folder: Path, text: str, words: str) -> None:
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(text)
    with pytest.raises(TerminalError, match=words):
        read_manifest(folder)


def test_card_tells_datasets_where_the_rows_are(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts())
    _, front, _ = (folder / CARD).read_text(encoding="utf-8").split("---\n", 2)
    header = yaml.safe_load(front)
    assert header["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}
    ]
    assert (header["license"], header["language"], header["size_categories"]) == ("other", ["en", "zh"], ["n<1K"])


def test_card_says_what_a_user_must_know(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts())
    card = (folder / CARD).read_text(encoding="utf-8")
    for words in (
        "Written by the embedded offline teacher, not by an LLM",
        "| multiple | 2 | 1 |",
        "| fruit | 1 |",
        "| check | duplicate | 1 |",
        "| generate_pair.v1 | 0123456789abcdef |",
        "| apis/weather\\|sea.yaml | openapi-3.1 | not known |",
        "| apis/fruit.json | openai-tools | CC0 |",
        "callmill synth --apis apis --samples 5",
        "Known limits",
    ):
        assert words in card, words
    for words in ("run-1", "2026-03-01", ".callmill"):
        assert words not in card, words


def test_card_of_a_real_teacher_does_not_speak_of_the_embedded_one(rows: pl.DataFrame, folder: Path) -> None:
    write_dataset(rows, folder, facts(is_offline=False, teacher_model="qwen-max", rejected=()))
    card = (folder / CARD).read_text(encoding="utf-8")
    assert "offline teacher" not in card
    assert "Teacher `qwen-max`" in card
    assert "Nothing." in card
