"""The views that other programs rely on: their columns and types may grow, never change."""

import json
from pathlib import Path

import pytest

from schemas.dataset import Acceptance
from tests.warehouse.small_job import RUN_ID, commit_small_job
from warehouse.store import Warehouse

VIEWS = {
    "out_training_set": {
        "sample_id": "VARCHAR",
        "job_id": "VARCHAR",
        "run_id": "VARCHAR",
        "kind": "VARCHAR",
        "language": "VARCHAR",
        "domain": "VARCHAR",
        "tools": "VARCHAR",
        "messages": "VARCHAR",
        "calls": "VARCHAR",
        "split": "VARCHAR",
        "accepted_at": "TIMESTAMP",
    },
    "out_rejects": {"stage": "VARCHAR", "reason": "VARCHAR", "thing_id": "VARCHAR", "job_id": "VARCHAR"},
    "out_lineage": {
        "sample_id": "VARCHAR",
        "document_path": "VARCHAR",
        "function_ids": "VARCHAR[]",
        "prompt_versions": "VARCHAR[]",
        "answer_ids": "VARCHAR[]",
        "raw_answers": "VARCHAR[]",
        "votes": "VARCHAR",
        "cost_usd": "DOUBLE",
    },
    "out_functions": {
        "function_id": "VARCHAR",
        "document_path": "VARCHAR",
        "format": "VARCHAR",
        "state": "VARCHAR",
        "reason": "VARCHAR",
        "merged_into": "VARCHAR",
        "domain": "VARCHAR",
        "language": "VARCHAR",
        "split": "VARCHAR",
        "tool": "VARCHAR",
    },
    "out_scores": {
        "case_id": "VARCHAR",
        "suite": "VARCHAR",
        "category": "VARCHAR",
        "model": "VARCHAR",
        "run_id": "VARCHAR",
        "valid": "BOOLEAN",
        "error_type": "VARCHAR",
        "reason": "VARCHAR",
        "latency_ms": "DOUBLE",
    },
}


@pytest.mark.parametrize("view", VIEWS)
def test_columns_and_types_are_as_promised(tmp_path: Path, view: str) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.migrate()
    described = warehouse.read(f"describe {view}")
    found = dict(zip(described["column_name"], described["column_type"], strict=True))
    assert list(found.items()) == list(VIEWS[view].items())
    assert warehouse.read(f"from {view}").is_empty()


def test_no_view_is_left_out() -> None:
    migrations = Path(__file__).parents[2] / "warehouse" / "migrations"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(migrations.glob("*.sql")))
    assert {line.split()[2] for line in text.splitlines() if line.startswith("create view out_")} == set(VIEWS)


def test_training_set_holds_the_accepted_samples(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    rows = warehouse.read("from out_training_set").to_dicts()
    accepted = {sample.sample_id: sample for sample in job.samples if sample.sample_id in ids_of(job.acceptances)}
    assert len(rows) == 5
    for row in rows:
        sample = accepted[row["sample_id"]]
        assert json.loads(row["tools"]) == list(sample.tools)
        assert json.loads(row["messages"])[-1]["role"] == "assistant"
        assert json.loads(row["calls"]) == [call.model_dump() for call in sample.calls]
        assert (row["job_id"], row["run_id"], row["split"]) == (job.job_id, RUN_ID, "train")


def test_rejects_hold_every_rejected_thing_once(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    rows = {(row["stage"], row["reason"]): row["thing_id"] for row in warehouse.read("from out_rejects").to_dicts()}
    dropped = {sample.reason: sample.sample_id for sample in job.samples if sample.state == "rejected"}
    failed = {check.reason: check.sample_id for check in job.checks if check.state == "failed"}
    (pair_id,) = [pair.pair_id for pair in job.pairs if pair.state == "rejected"]
    assert rows == {
        ("ingest", "not_yaml"): job.documents[2].document_id,
        ("clean", "too_large"): job.functions[4].function_id,
        ("check", "missing_required"): pair_id,
        ("generate", "pair_rejected"): dropped["pair_rejected"],
        ("check", "semantic:value_not_from_query"): failed["semantic:value_not_from_query"],
        ("check", "duplicate"): failed["duplicate"],
    }


def test_lineage_walks_back_from_every_accepted_sample(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    rows = {row["sample_id"]: row for row in warehouse.read("from out_lineage").to_dicts()}
    assert set(rows) == ids_of(job.acceptances)
    stored = {answer.answer_id: answer for answer in job.answers}
    for sample in job.samples:
        if sample.sample_id not in rows:
            continue
        row = rows[sample.sample_id]
        votes = [vote for vote in job.votes if vote.sample_id == sample.sample_id]
        used = {*sample.answer_ids, *(answer_id for vote in votes for answer_id in vote.answer_ids)}
        assert set(row["answer_ids"]) == used
        assert row["raw_answers"] == [stored[answer_id].raw for answer_id in row["answer_ids"]]
        assert row["prompt_versions"] == sorted({stored[answer_id].prompt for answer_id in used})
        assert row["cost_usd"] == pytest.approx(0.001 * len(used))
        assert [vote["verdict"] for vote in json.loads(row["votes"])] == ["pass", "pass", "fail"]
        assert json.loads(row["votes"])[2]["reasons"] == ["semantic:request_not_solved"]


def test_functions_show_what_was_merged_and_rejected(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    rows = {row["function_id"]: row for row in warehouse.read("from out_functions").to_dicts()}
    assert {(row["state"], row["reason"]) for row in rows.values()} == {
        ("accepted", None), ("merged", None), ("rejected", "too_large")
    }  # fmt: skip
    (merged,) = [row for row in rows.values() if row["state"] == "merged"]
    assert json.loads(rows[merged["merged_into"]]["tool"])["function"]["name"] == "create_order"
    assert len(rows) == len(job.functions)


def ids_of(acceptances: list[Acceptance]) -> set[str]:
    """Samples accepted."""
    return {acceptance.sample_id for acceptance in acceptances}
