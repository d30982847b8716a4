"""Every named query runs on an empty and on a filled warehouse, and says what the small job did."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas.errors import UsageError
from tasks.rounds_practice import PRACTICE
from tests.warehouse.small_factory import small_export
from tests.warehouse.small_job import RUN_ID, SmallJob, commit_small_job
from warehouse.store import Warehouse, query_names, query_text

NAMED = {
    "accepted_per_kind", "rejected_per_reason", "costs", "documents", "runs", "lineage", "samples"
}  # fmt: skip


def parameters_of(name: str, job: SmallJob | None = None) -> dict[str, Any]:
    """A value for each $name of a query."""
    values = {
        "job_id": job.job_id if job else "none",
        "run_id": RUN_ID,
        "beginning": RUN_ID[:3],
        "asked": "nothing",
        "sample_id": job.acceptances[3].sample_id if job else "none",
        "examples": 3,
    }
    (statement,) = duckdb.extract_statements(query_text(name))
    return {parameter: values[parameter] for parameter in statement.named_parameters}


def ask(tmp_path: Path, name: str) -> tuple[list[dict[str, Any]], SmallJob]:
    """Rows of a query on the small job."""
    warehouse, job = commit_small_job(tmp_path)
    return warehouse.read_named(name, parameters_of(name, job)).to_dicts(), job


def test_the_queries_people_rely_on_are_there() -> None:
    assert set(query_names()) >= NAMED


@pytest.mark.parametrize("name", query_names())
def test_query_runs_on_a_fresh_and_on_a_filled_warehouse(tmp_path: Path, name: str) -> None:
    assert query_text(name).startswith("-- One row")
    fresh = Warehouse(tmp_path / "fresh.duckdb")
    fresh.migrate()
    columns = fresh.read_named(name, parameters_of(name)).columns
    warehouse, job = commit_small_job(tmp_path)
    rows = warehouse.read_named(name, parameters_of(name, job))
    assert rows.columns == columns
    assert rows.height > 0


def test_accepted_per_kind_counts_candidates_and_what_became_of_them(tmp_path: Path) -> None:
    rows, job = ask(tmp_path, "accepted_per_kind")
    counts = {row["kind"]: (row["candidates"], row["accepted"], row["rejected"]) for row in rows}
    assert counts == {
        "irrelevance": (1, 1, 0),
        "multiple": (2, 1, 1),
        "parallel": (1, 1, 0),
        "parallel_multiple": (1, 1, 0),
        "simple": (3, 1, 2),
    }
    assert {row["job_id"] for row in rows} == {job.job_id}


def test_rejected_per_reason_counts_things_of_every_stage(tmp_path: Path) -> None:
    rows, _ = ask(tmp_path, "rejected_per_reason")
    assert {(row["stage"], row["reason"], row["things"]) for row in rows} == {
        ("ingest", "not_yaml", 1),
        ("clean", "too_large", 1),
        ("check", "missing_required", 1),
        ("generate", "pair_rejected", 1),
        ("check", "semantic:value_not_from_query", 1),
        ("check", "duplicate", 1),
    }


def test_costs_add_up_per_prompt_and_per_accepted_row(tmp_path: Path) -> None:
    rows, job = ask(tmp_path, "costs")
    assert sum(row["answers"] for row in rows) == len(job.answers)
    (judging,) = [row for row in rows if row["prompt"] == "judge_calls.v1"]
    assert judging["answers"] == len(job.votes) == 18
    assert (judging["prompt_tokens"], judging["completion_tokens"], judging["accepted"]) == (1800, 360, 5)
    assert judging["cost_usd"] == pytest.approx(0.018)
    assert judging["tokens_per_accepted"] == pytest.approx(2160 / 5)
    assert judging["cost_usd_per_accepted"] == pytest.approx(0.0036)
    assert judging["mean_latency_ms"] == pytest.approx(40)


def test_costs_without_prices_and_without_accepted_rows_are_unknown(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    free = job.answers[0].model_copy(update={"answer_id": "free", "cost_usd": None})
    warehouse.commit([free], "other-job", "run-2")
    (row,) = [row for row in warehouse.read_named("costs").to_dicts() if row["job_id"] == "other-job"]
    assert (row["answers"], row["cost_usd"], row["cost_usd_per_accepted"], row["tokens_per_accepted"]) == (
        1, None, None, None
    )  # fmt: skip


def test_documents_tell_what_became_of_each(tmp_path: Path) -> None:
    rows, _ = ask(tmp_path, "documents")
    columns = ("state", "reason", "functions_accepted", "functions_merged", "functions_rejected", "accepted_samples")
    assert {row["document_path"]: tuple(row[column] for column in columns) for row in rows} == {
        "apis/broken.yaml": ("rejected", "not_yaml", 0, 0, 0, 0),
        "apis/fruit.json": ("parsed", None, 1, 1, 0, 1),
        "apis/weather.yaml": ("parsed", None, 3, 0, 1, 4),
    }


def test_runs_tell_when_they_ended_and_how(tmp_path: Path) -> None:
    rows, job = ask(tmp_path, "runs")
    (row,) = rows
    assert (row["job_id"], row["last_event"], row["last_stage"], row["seconds"]) == (
        job.job_id,
        "ended",
        "generate",
        31,
    )
    assert str(row["ended_at"]) == "2026-03-01 02:00:31"


def test_a_killed_run_has_no_end(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    killed = job.run.model_copy(update={"run_id": "run-2", "started_at": "2026-03-01T03:00:00+00:00"})
    event = job.events[1].model_copy(update={"run_id": "run-2", "event_at": "2026-03-01T03:00:05+00:00"})
    warehouse.commit([killed, event], job.job_id, "run-2")
    row = warehouse.read_named("runs").to_dicts()[1]
    assert (row["run_id"], row["ended_at"], row["last_event"], row["seconds"]) == ("run-2", None, "stage_ended", 5)


def test_lineage_is_one_row_that_answers_where_a_sample_comes_from(tmp_path: Path) -> None:
    rows, job = ask(tmp_path, "lineage")
    (row,) = rows
    assert (row["sample_id"], row["kind"]) == (job.acceptances[3].sample_id, "parallel_multiple")
    assert row["document_path"] == "apis/weather.yaml"
    assert row["function_names"] == ["get_forecast", "create_order"]
    assert row["prompt_versions"] == ["combine_queries.v1", "generate_pair.v1", "judge_calls.v1"]
    assert len(row["raw_answers"]) == 6
    assert json.dumps({"content": row["query"]}) in row["raw_answers"]
    assert [vote["verdict"] for vote in json.loads(row["votes"])] == ["pass", "pass", "fail"]
    assert row["cost_usd"] == pytest.approx(0.006)


def test_samples_stand_in_the_order_of_the_data_set(tmp_path: Path) -> None:
    rows, job = ask(tmp_path, "samples")
    assert [(row["kind"], row["position"]) for row in rows] == sorted(
        (one.kind, one.position) for one in job.acceptances
    )


def test_trainings_tell_first_and_last_loss(tmp_path: Path) -> None:
    (row,), _ = ask(tmp_path, "trainings")
    assert (row["first_loss"], row["last_loss"], row["peak_memory_gib"]) == (3.5, 2.5, 1.0)
    assert (row["base_model"], row["method"]) == ("base", "sft-lora")


def test_practice_cases_of_rounds_are_never_the_newest_data_set(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    practice = job.job.model_copy(update={"occurrence": PRACTICE})
    later = {"export_id": "export-2", "export_path": "practice", "exported_at": "2026-03-02T00:00:00+00:00"}
    warehouse.commit([practice, small_export().model_copy(update=later)], practice.job_id, "run-2")
    (row,) = warehouse.read_named("newest_data_set").to_dicts()
    assert (row["export_path"], row["job_id"]) == ("datasets/synth-1", job.job_id)


def test_failures_name_what_was_asked_and_where_to_start(tmp_path: Path) -> None:
    (row,), _ = ask(tmp_path, "failures")
    assert (row["case_id"], row["step"]) == ("irrelevance_1", "called_anyway")
    assert json.loads(row["messages"])[0]["content"] == "Will it rain?"


def test_a_value_that_a_query_needs_and_was_not_given_is_named(tmp_path: Path) -> None:
    warehouse, _ = commit_small_job(tmp_path)
    with pytest.raises(UsageError, match="needs run_id; give --param"):
        warehouse.read_named("failures")
