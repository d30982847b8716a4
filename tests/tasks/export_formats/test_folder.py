"""An export is a whole folder or none, names what it leaves out, and is the same from a folder and from its job."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from commands.export import export
from schemas.errors import TerminalError, UsageError
from schemas.export import EXPORT_FORMATS, ExportFormat, FormatManifest
from tasks.data_card import write_card
from tasks.export import CARD, MANIFEST, write_dataset
from tasks.export_command import describe_export
from tasks.export_formats import folder as writing
from tasks.export_formats.folder import write_format
from tasks.export_formats.source import SourceRows, read_source
from tasks.whole_folder import find_damage
from tests.tasks.export_formats.dialogues import DIALOGUES, MASKED, Messages, Tools, read_lines, source
from tests.tasks.export_formats.loading import LOADERS
from tests.tasks.test_export import facts
from tests.tasks.test_recovery_rows import write_recovery
from tests.warehouse.small_job import SmallJob, commit_small_job
from warehouse.store import Warehouse

BROKEN: tuple[Messages, Tools] = ([{"role": "narrator", "content": "…"}], [])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Warehouse, SmallJob]:
    """The small job in the warehouse that commands open."""
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return commit_small_job(tmp_path / "home")


def bytes_of(folder: Path) -> dict[str, bytes]:
    """A folder's files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("export_format", EXPORT_FORMATS)
def test_the_manifest_describes_every_other_file(export_format: ExportFormat, tmp_path: Path) -> None:
    report = write_format(source([*DIALOGUES.values(), MASKED, BROKEN]), export_format, tmp_path / "out")
    manifest = FormatManifest.model_validate_json((tmp_path / "out" / MANIFEST).read_bytes())
    assert manifest == report.manifest
    assert not find_damage(tmp_path / "out", manifest.files)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {MANIFEST, *(file.path for file in manifest.files)}
    left_out = {one.reason: one.sample_ids for one in manifest.left_out}
    masked = {"masked_answer": ("train-5",)} if export_format in ("hermes", "llamafactory") else {}
    assert left_out == {**masked, "unreadable": ("train-6",)}
    assert manifest.rows + sum(one.rows for one in manifest.left_out) == 7
    assert manifest.splits == {"train": len(read_lines(tmp_path / "out" / "train.jsonl"))}
    card = (tmp_path / "out" / CARD).read_text(encoding="utf-8")
    assert "- unreadable: 1" in card
    assert "left out: 1 unreadable" in describe_export(report)


def test_side_files_name_the_splits_that_are_there(tmp_path: Path) -> None:
    rows = [*DIALOGUES.values()]
    parts = [source(rows[:2]), source(rows[2:3], "validation"), source(rows[3:4], "test")]
    whole = SourceRows(parts[0].source, pl.concat([part.rows for part in parts]))
    for export_format in ("llamafactory", "axolotl"):
        write_format(whole, export_format, tmp_path / export_format)
    info = json.loads((tmp_path / "llamafactory" / "dataset_info.json").read_text())
    assert {name: entry["file_name"] for name, entry in info.items()} == {
        "callmill_train": "train.jsonl", "callmill_validation": "validation.jsonl", "callmill_test": "test.jsonl"
    }  # fmt: skip
    (line,) = read_lines(tmp_path / "llamafactory" / "test.jsonl")
    assert set(info["callmill_test"]["columns"].values()) <= set(line)
    config = yaml.safe_load((tmp_path / "axolotl" / "axolotl.yaml").read_text())
    assert [one["path"] for name in ("datasets", "test_datasets") for one in config[name]] == [
        "./train.jsonl", "./validation.jsonl"
    ]  # fmt: skip
    assert {one["type"] for one in config["datasets"]} == {"chat_template"}


def test_an_error_on_the_way_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = source([*DIALOGUES.values()])
    write_format(rows, "axolotl", tmp_path / "out")
    before = bytes_of(tmp_path / "out")

    def fail(*_: Any) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(writing, "write_format_card", fail)
    with pytest.raises(OSError, match="disk full"):
        write_format(rows, "hermes", tmp_path / "out")
    assert bytes_of(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    monkeypatch.undo()
    write_format(rows, "hermes", tmp_path / "out")
    assert "axolotl.yaml" not in bytes_of(tmp_path / "out")


def test_no_row_that_fits_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="No row of small can be written as hermes: 1 because an answer is shown"):
        write_format(source([MASKED]), "hermes", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["notes.txt", CARD, "train.jsonl", "data/train-00000-of-00001.parquet"])
def test_a_folder_with_other_things_is_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / "out" / name).parent.mkdir(parents=True)
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(UsageError, match="no part of an export; choose another folder"):
        write_format(source([*DIALOGUES.values()]), "openai", tmp_path / "out")
    assert (tmp_path / "out" / name).read_text() == "mine"


def test_a_data_set_is_not_taken_for_an_export_of_it(home: tuple[Warehouse, SmallJob], tmp_path: Path) -> None:
    warehouse, job = home
    write_dataset(warehouse.read_named("samples", {"job_id": job.job_id}), tmp_path / "set", facts())
    done = CliRunner().invoke(export, [str(tmp_path / "set"), "--format", "openai", "--out", str(tmp_path / "set")])
    assert isinstance(done.exception, UsageError)
    assert (tmp_path / "set" / CARD).read_text() == write_card(facts(), _counts(tmp_path / "set"))


def _counts(folder: Path) -> dict[str, dict[str, int]]:
    manifest = json.loads((folder / MANIFEST).read_text())
    return {name: manifest[f"{name}s"] for name in ("kind", "language", "domain", "split")}


@pytest.mark.parametrize("export_format", EXPORT_FORMATS)
def test_a_job_and_its_folder_give_the_same_bytes(
    home: tuple[Warehouse, SmallJob], tmp_path: Path, export_format: ExportFormat
) -> None:
    warehouse, job = home
    rows = warehouse.read_named("samples", {"job_id": job.job_id})
    told = facts(job_id=job.job_id, name=f"callmill synth {job.job_id[:8]}", teacher_model="tester")
    write_dataset(rows, tmp_path / "set", told)
    for given, out in ((str(tmp_path / "set"), "a"), (job.job_id[:6], "b")):
        words = [given, "--format", export_format, "--out", str(tmp_path / out), "--json"]
        done = CliRunner().invoke(export, words, catch_exceptions=False)
        report = json.loads(done.stdout)
        assert (report["manifest"]["rows"], report["manifest"]["left_out"]) == (5, [])
    of_folder, of_job = (bytes_of(tmp_path / out) for out in ("a", "b"))
    told_by = [json.loads(files.pop(MANIFEST))["source"] for files in (of_folder, of_job)]
    assert of_folder == of_job
    assert told_by[0] | {"written_by": None} == told_by[1] | {"written_by": None}
    for line, row in zip(read_lines(tmp_path / "a" / "train.jsonl"), rows.to_dicts(), strict=True):
        (*_, answer) = LOADERS[export_format](line).said
        assert [{"name": name, "arguments": given} for name, given in answer.calls] == json.loads(row["calls"])
        assert (line["sample_id"], line["language"]) == (row["sample_id"], row["language"])


def test_rows_of_the_offline_teacher_say_so(home: tuple[Warehouse, SmallJob], tmp_path: Path) -> None:
    warehouse, job = home
    write_dataset(warehouse.read_named("samples", {"job_id": job.job_id}), tmp_path / "set", facts())
    report = write_format(read_source(str(tmp_path / "set"), warehouse), "llamafactory", tmp_path / "out")
    assert report.manifest.source.is_offline
    assert "embedded offline teacher, not by an LLM" in (tmp_path / "out" / CARD).read_text()


def test_what_is_no_source_is_named(home: tuple[Warehouse, SmallJob], tmp_path: Path) -> None:
    warehouse, job = home
    with pytest.raises(UsageError, match="neither a folder nor a job"):
        read_source("nowhere", warehouse)
    with pytest.raises(UsageError, match="neither a folder nor a job"):
        read_source("nowhere", Warehouse(tmp_path / "none.duckdb"))
    (tmp_path / "set").mkdir()
    with pytest.raises(UsageError, match="is no complete data set"):
        read_source(str(tmp_path / "set"), warehouse)
    write_dataset(warehouse.read_named("samples", {"job_id": job.job_id}), tmp_path / "set", facts())
    (tmp_path / "set" / "train.jsonl").write_text("{}\n")
    with pytest.raises(TerminalError, match="is damaged"):
        read_source(str(tmp_path / "set"), warehouse)


def test_a_prefix_of_several_jobs_is_refused(home: tuple[Warehouse, SmallJob]) -> None:
    warehouse, job = home
    others = (job.job.model_copy(update={"seed": seed}) for seed in range(100, 1000))
    twin = next(other for other in others if other.job_id[0] == job.job_id[0])
    warehouse.commit([twin], twin.job_id, "run-1")
    with pytest.raises(UsageError, match="2 jobs begin with"):
        read_source(job.job_id[0], warehouse)
    assert read_source(job.job_id, warehouse).source.job_id == job.job_id


def test_a_folder_of_recovery_rows_is_a_source_by_the_folders_name(
    home: tuple[Warehouse, SmallJob], tmp_path: Path
) -> None:
    folder = write_recovery(tmp_path / "recovery")
    report = write_format(read_source(str(folder), home[0]), "openai", tmp_path / "out")
    assert (report.manifest.source.name, report.manifest.rows) == ("recovery", 1)


@pytest.mark.parametrize("flow", ["chat-data", "long-rows", "preferences", "synth-chat", "evaluate"])
def test_a_job_whose_rows_are_in_its_folder_alone_says_so(home: tuple[Warehouse, SmallJob], flow: str) -> None:
    warehouse, job = home
    other = job.job.model_copy(update={"flow": flow})
    warehouse.commit([other], other.job_id, "run-1")
    with pytest.raises(UsageError, match=f"is of flow {flow}; .* name its folder"):
        read_source(other.job_id, warehouse)
