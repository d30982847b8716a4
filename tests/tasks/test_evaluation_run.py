"""Which evaluation is the same work again, and which is not."""

from pathlib import Path

import pytest

from schemas.evaluation_options import EvaluationOptions, Target
from schemas.job import Job, RunEvent
from tasks.evaluation_run import SuiteName, describe_job
from tasks.targets import KnownTarget
from warehouse.store import Warehouse

SUITE = SuiteName(version="tiers-1", hash="h1")
ADDRESS = KnownTarget(label="m", place="http://h/v1", url="http://h/v1", model="m", fingerprint=None)
FOLDER = KnownTarget(label="f", place="models/f", url=None, model="f", fingerprint="c1")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.migrate()
    return warehouse


def job_of(target: KnownTarget, warehouse: Warehouse, occurrence: str | None = None) -> Job:
    options = EvaluationOptions(targets=(Target(address=target.place),))
    return describe_job(options, [target], SUITE, occurrence, warehouse)


def store(warehouse: Warehouse, job: Job, event: str) -> None:
    """A run of this job, and how it went."""
    happened = RunEvent(
        run_id="r", job_id=job.job_id, event_at="2026-03-01T00:00:00+00:00", event=event, stage=None, detail={}
    )
    warehouse.commit([job, happened], job.job_id, "r")


@pytest.mark.parametrize("occurrence", [None, "2026-03-01"])
def test_an_address_is_asked_again_once_its_evaluation_has_ended(warehouse: Warehouse, occurrence: str | None) -> None:
    """What answers there may have changed; an evaluation that was interrupted goes on instead."""
    first = job_of(ADDRESS, warehouse, occurrence)
    store(warehouse, first, "failed")
    assert job_of(ADDRESS, warehouse, occurrence) == first
    store(warehouse, first, "ended")
    second = job_of(ADDRESS, warehouse, occurrence)
    assert second.job_id != first.job_id
    assert job_of(ADDRESS, warehouse, occurrence) == second


def test_a_folder_gives_the_same_job_until_it_changes(warehouse: Warehouse) -> None:
    first = job_of(FOLDER, warehouse)
    store(warehouse, first, "ended")
    assert job_of(FOLDER, warehouse) == first
    assert job_of(FOLDER.model_copy(update={"fingerprint": "c2"}), warehouse) != first


def test_a_server_that_has_loaded_a_model_anew_is_another_one(warehouse: Warehouse) -> None:
    server = ADDRESS.model_copy(update={"key_from": "serve", "loaded": "17 since noon"})
    later = server.model_copy(update={"loaded": "17 since one"})
    assert job_of(server, warehouse) != job_of(later, warehouse)
