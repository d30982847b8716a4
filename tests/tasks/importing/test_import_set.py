"""An imported set ends as our own rows do: every row accepted or rejected with a reason, all of them stored."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from commands.importing import import_set
from schemas.errors import FellShortError, UsageError
from schemas.imported import ImportReport
from tasks.export import verify_dataset
from tasks.importing.import_set import import_data_set
from tests.tasks.importing.small_sets import (
    FERRY,
    GLAIVE_CHAT,
    TIDE,
    glaive_row,
    hermes_row,
    toolace_row,
    write_lines,
    xlam_row,
)
from training.rows import read_conversations
from warehouse.store import Warehouse

OSLO = '[Find Ferries v1.0(origin="Oslo", cars=2)]'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def reasons(report: ImportReport) -> dict[str, int]:
    return {one.reason: one.things for one in report.rejected if one.thing == "row"}


def read_written(report: ImportReport) -> list[dict[str, Any]]:
    assert report.dataset_path
    files = sorted(Path(report.dataset_path).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_every_row_ends_accepted_or_with_a_reason_and_is_stored(tmp_path: Path) -> None:
    rows = [
        toolace_row(OSLO),
        toolace_row(OSLO, question=" ferries FROM oslo?"),  # the same words
        toolace_row("Sorry, no ferry does that.", question="Cook dinner."),
        toolace_row('[Find Ferries v1.0(cars="two", origin="Oslo")]'),
        toolace_row("[Find Ferries v1.0(cars=2)]"),
        toolace_row('[Find Ferries v1.0(origin="Oslo", deck=1)]'),
        toolace_row('[Find Trains(origin="Oslo")]'),
        toolace_row(OSLO, tools=[]),
        toolace_row(OSLO, tools=[FERRY, {**FERRY, "description": "Another."}]),
        toolace_row(f"{OSLO[:-1]}, {OSLO[1:]}"),
        toolace_row(OSLO, question=" "),
        "{broken",
    ]
    report = import_data_set(write_lines(tmp_path / "set.jsonl", rows), None, tmp_path / "out")
    assert report.source.form == "toolace"
    assert (report.source.rows, report.rows_accepted) == (12, 2)
    assert {kind: count for kind, count in report.accepted.items() if count} == {"simple": 1, "irrelevance": 1}
    assert reasons(report) == {
        "duplicate": 1, "type_error:simple": 1, "missing_required": 1, "unexpected_param": 1, "wrong_func_name": 1,
        "no_functions": 1, "same_name_twice": 1, "same_call_twice": 1, "no_request": 1, "not_json": 1,
    }  # fmt: skip
    warehouse = Warehouse(Path(report.warehouse_path))
    stored = warehouse.read("select text, sample_id from raw_imported_rows order by position").to_dicts()
    assert [row["text"] for row in stored] == [row if isinstance(row, str) else json.dumps(row) for row in rows]
    assert warehouse.read("select count(*) as n from core_samples")["n"][0] == 12
    (seen,) = warehouse.read_named("imports").to_dicts()
    assert (seen["rows"], seen["rows_accepted"], seen["licence"]) == (12, 2, "not known")


def test_the_data_set_has_clean_names_and_says_who_wrote_it(tmp_path: Path) -> None:
    rows = [toolace_row(OSLO), toolace_row('[tides/next(harbour="Bergen")]', [TIDE])]
    report = import_data_set(write_lines(tmp_path / "set.jsonl", rows), "toolace", tmp_path / "out")
    manifest = verify_dataset(tmp_path / "out")
    assert (manifest.rows, manifest.teacher_model, manifest.judge_model) == (2, "import:set.jsonl", "none")
    calls = [row["messages"][-1]["tool_calls"][0]["function"] for row in read_written(report)]
    assert sorted(call["name"] for call in calls) == ["Find_Ferries_v1_0", "tides_next"]
    written = {row["tools"][0]["function"]["name"]: row["tools"][0]["function"] for row in read_written(report)}
    assert written["Find_Ferries_v1_0"]["parameters"]["properties"]["cars"]["type"] == "integer"
    assert "no judge has read" in " ".join((tmp_path / "out" / "README.md").read_text().lower().split())
    sources = Warehouse(Path(report.warehouse_path)).read("select distinct source from core_samples")
    assert sources["source"].to_list() == ["import:set.jsonl"]


def test_a_sample_ends_with_the_first_call_and_keeps_what_was_said_before(tmp_path: Path) -> None:
    report = import_data_set(write_lines(tmp_path / "set.jsonl", [glaive_row(GLAIVE_CHAT)]), None, None)
    (row,) = read_written(report)
    assert [message["role"] for message in row["messages"]] == ["user", "assistant", "user", "assistant"]
    assert json.loads(row["messages"][-1]["tool_calls"][0]["function"]["arguments"])["person"] == "Ann O'Hara"
    assert row["kind"] == "simple"  # the same function listed twice is one
    assert report.turns_left_out == 2
    (conversation,) = read_conversations([*Path(str(report.dataset_path)).glob("data/*.parquet")])
    assert len(conversation.messages) == 4  # the trainer reads it as it reads ours


def test_another_splits_function_is_never_offered(tmp_path: Path) -> None:
    """Whichever splits the names fall into, a row offers only those of its own."""
    others = [{**TIDE, "name": f"tide_table_{letter * 3}"} for letter in "abcdefghijkl"]
    report = import_data_set(write_lines(tmp_path / "set.jsonl", [toolace_row(OSLO, [FERRY, *others])]), None, None)
    warehouse = Warehouse(Path(report.warehouse_path))
    (splits,) = warehouse.read(
        "select distinct f.split, s.split as own from core_samples s, core_functions f where s.state = 'composed'"
        " and list_contains(s.offered_ids, f.function_id)"
    ).to_dicts()
    assert splits["split"] == splits["own"]
    found = warehouse.read("select count(distinct split) as n from core_functions")["n"][0]
    assert (report.functions_left_out > 0) == (found > 1)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([toolace_row(OSLO)]),
        json.dumps({"data": [toolace_row(OSLO)]}, indent=2),
        json.dumps(toolace_row(OSLO), indent=2),
        json.dumps(toolace_row(OSLO)) + "\n",
    ],
)
def test_a_json_file_is_a_list_or_an_object_around_one_or_a_row(tmp_path: Path, text: str) -> None:
    (tmp_path / "set.json").write_text(text, encoding="utf-8-sig")
    report = import_data_set(tmp_path / "set.json", None, None)
    assert (report.source.rows, report.rows_accepted) == (1, 1)


def test_json_lines_may_be_called_json_and_a_broken_list_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.json", [toolace_row(OSLO), toolace_row(OSLO, question="Again?"), "{broken"])
    report = import_data_set(path, None, None)
    assert (report.source.rows, report.rows_accepted) == (3, 2)
    path.write_text(json.dumps([toolace_row(OSLO)])[:-1])
    with pytest.raises(UsageError, match="give a whole, undamaged file"):
        import_data_set(path, None, None)


def test_a_folder_of_parquet_is_one_set_and_its_card_names_the_licence(tmp_path: Path) -> None:
    folder = tmp_path / "xlam"
    folder.mkdir()
    rows = [xlam_row({"court": 3}), xlam_row({"court": 4, "players": ["Ann"]}, query="Court 4 with Ann.")]
    for number, row in enumerate(rows):
        pq.write_table(pa.Table.from_pylist([row]), folder / f"part-{number}.parquet")
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# A set\n", encoding="utf-8")
    report = import_data_set(folder, None, tmp_path / "out")
    assert report.rows_accepted == 2
    assert report.source.licence == "cc-by-4.0"
    assert "cc-by-4.0" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_set_for_evaluation_only_is_refused(tmp_path: Path) -> None:
    by_name = write_lines(tmp_path / "cases_EVAL_ONLY" / "set.jsonl", [xlam_row({"court": 3})])
    tagged = write_lines(tmp_path / "tagged" / "set.jsonl", [xlam_row({"court": 3})])
    (tagged.parent / "README.md").write_text("---\ntags: [tools, evaluation-only]\n---\n", encoding="utf-8")
    for path in (by_name, tagged):
        with pytest.raises(UsageError, match="for evaluation only"):
            import_data_set(path, None, None)


def test_the_same_import_again_is_the_same_job_and_the_same_bytes(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "set.jsonl", [hermes_row("<tool_call>{'name': 'water_plants', 'arguments': {'room': 'hall'}}")]
    )
    first = import_data_set(path, None, tmp_path / "out")
    sha256 = verify_dataset(tmp_path / "out").content_sha256
    again = import_data_set(path, None, tmp_path / "out")
    assert (again.job_id, again.accepted) == (first.job_id, first.accepted)
    assert verify_dataset(tmp_path / "out").content_sha256 == sha256
    counted = Warehouse(Path(first.warehouse_path)).read("select count(*) as n from core_samples")["n"][0]
    assert counted == 1


def test_nothing_accepted_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.jsonl", [xlam_row({})])
    with pytest.raises(FellShortError, match="None of the 1 rows"):
        import_data_set(path, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_prints_one_json_document(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.jsonl", [xlam_row({"court": 3})])
    done = CliRunner().invoke(import_set, [str(path), "--json", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["accepted"]["simple"] == 1
    shown = CliRunner().invoke(import_set, [str(path), "--out", str(tmp_path / "out")])
    assert "1 read, 1 accepted (100%)" in shown.stdout


def test_a_set_of_no_known_form_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--form"):
        import_data_set(write_lines(tmp_path / "set.jsonl", [{"odd": 1}]), None, None)
    with pytest.raises(UsageError, match="No data set at"):
        import_data_set(tmp_path / "absent.jsonl", None, None)
