"""The whole line through its command: exactly N, every row traceable, the same again changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.home import Home

SAMPLES = 40


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home"))
    yield home
    home.callmill("down")


@pytest.fixture(scope="module")
def report(home: Home) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        home.callmill("synth", "--apis", "examples", "--samples", str(SAMPLES), "--json")
    )
    return loaded


def test_exactly_n_in_the_mix_asked_for(home: Home, report: dict[str, Any]) -> None:
    wanted = {"simple": 10, "multiple": 10, "parallel": 6, "parallel_multiple": 8, "irrelevance": 6}
    assert report["accepted"] == wanted
    rows = home.sql("select kind, count(*) as n, count(distinct sample_id) as ids from out_training_set group by kind")
    assert {row["kind"]: row["n"] for row in rows} == wanted
    assert all(row["n"] == row["ids"] for row in rows)


def test_the_data_set_holds_the_accepted_rows(report: dict[str, Any]) -> None:
    folder = Path(report["dataset_path"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["rows"] == SAMPLES
    lines = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    assert len(lines) == SAMPLES
    for line in lines:
        offered = {tool["function"]["name"] for tool in line["tools"]}
        calls = line["messages"][-1].get("tool_calls", [])
        assert {call["function"]["name"] for call in calls} <= offered
        assert bool(calls) == (line["kind"] != "irrelevance")


def test_every_sample_can_be_traced_in_one_query(home: Home, report: dict[str, Any]) -> None:
    rows = home.sql("select * from out_lineage")
    assert len(rows) == SAMPLES
    for row in rows:
        assert row["document_path"].startswith("examples/")
        assert len(row["answer_ids"]) == len(row["raw_answers"]) >= 4
        votes = json.loads(row["votes"])
        assert len(votes) == 3
        assert sum(vote["verdict"] == "pass" for vote in votes) >= 2
        assert row["cost_usd"] == 0
        assert any(prompt.startswith("judge_") for prompt in row["prompt_versions"])
    one = home.sql("lineage", "--param", f"sample_id={rows[0]['sample_id']}")
    assert one[0]["document_path"] == rows[0]["document_path"]


def test_rejects_stay_with_their_reason(home: Home, report: dict[str, Any]) -> None:
    assert all(row["reason"] for row in report["rejected"])
    tried = sum(report["candidates"].values())
    candidates = sum(row["things"] for row in report["rejected"] if row["thing"] == "candidate")
    assert candidates == tried - sum(report["passed"].values()) > 0, "planted mistakes are found, and all are counted"
    rows = home.sql("select count(*) as n from core_samples")
    assert rows[0]["n"] == tried


def test_the_same_command_again_is_the_same_work(home: Home, report: dict[str, Any]) -> None:
    before = home.sql("select sample_id, position, accepted_at from core_acceptances order by 1")
    again = json.loads(home.callmill("synth", "--apis", "examples", "--samples", str(SAMPLES), "--json"))
    assert (again["job_id"], again["answers_new"], again["requests_sent"]) == (report["job_id"], 0, 0)
    assert again["run_id"] != report["run_id"]
    assert home.sql("select sample_id, position, accepted_at from core_acceptances order by 1") == before
    assert home.sql("select count(*) as n from core_runs where flow = 'synth'")[0]["n"] == 2


def test_what_cannot_be_reached_is_said_with_exit_code_3(home: Home, tmp_path: Path) -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "get_rain",
            "description": "Get the rain in a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    for number in range(9):  # the split is by hash of name and shape: one of these is in train
        tool["function"]["name"] = f"get_rain_of_{chr(97 + number)}"  # type: ignore[index]
        (tmp_path / f"api{number}.json").write_text(json.dumps([tool]))
        functions = json.loads(home.callmill("ingest", str(tmp_path / f"api{number}.json"), "--json"))
        if functions["splits"]["train"] == 1:
            break
    words = ["synth", "--apis", str(tmp_path / f"api{number}.json"), "--samples", "4", "--mix", "simple=1,multiple=1"]
    report = json.loads(home.callmill(*words, "--json", expect=3))
    assert report["accepted"] == {"simple": 2, "multiple": 0}
    assert "multiple: 0 of 2 accepted (needs at least two functions" in report["shortfalls"][0]
    assert json.loads((Path(report["dataset_path"]) / "manifest.json").read_text())["rows"] == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["synth", "--apis", "examples", "--mix", "paralel=1"], "Unknown kind 'paralel' in --mix; expected simple"),
        (["synth", "--apis", "examples", "--samples", "0"], "ask for 1 or more"),
        (["synth", "--apis", "no/such/file.json"], "no/such/file.json"),
        (["ingest", "no/such/folder"], "no/such/folder"),
        (["sql", "no_such_query"], "there are accepted_per_kind"),
        (["sql", "select nothing from nowhere"], "nowhere"),
        (["sql", "drop table core_samples"], "expected one statement that reads"),
    ],
)
def test_bad_words_get_one_clear_line(home: Home, report: dict[str, Any], words: list[str], message: str) -> None:
    error = home.callmill(*words, expect=2)
    assert message in error
    assert "Traceback" not in error


def test_an_endpoint_without_a_model_name_is_refused(home: Home) -> None:
    error = home.callmill("synth", "--apis", "examples", expect=2, CALLMILL_TEACHER_BASE_URL="http://127.0.0.1:9/v1")
    assert "CALLMILL_TEACHER_MODEL" in error


def test_a_dry_run_forecasts_and_accepts_nothing(home: Home, report: dict[str, Any]) -> None:
    dry = json.loads(home.callmill("synth", "--apis", "examples", "--samples", "900", "--dry-run", "--json"))
    assert sum(dry["candidates"].values()) == 20
    assert dry["dataset_path"] is None
    assert dry["forecast"]["answers"] > 900 * 3
    assert home.sql(f"select count(*) as n from core_acceptances where job_id = '{dry['job_id']}'")[0]["n"] == 0
