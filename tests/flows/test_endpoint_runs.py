"""Runs against an endpoint in another process: faults lose nothing, readers are let in, the key shows nowhere."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.home import Home
from tests.mock_endpoint import running_endpoint

KEY = "sk-must-not-be-seen-anywhere"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.env |= {"CALLMILL_TEACHER_MODEL": "mock", "CALLMILL_TEACHER_API_KEY": KEY}
    yield home
    home.callmill("down")


@pytest.mark.slow
def test_thirty_percent_faults_still_end_with_exactly_n(home: Home) -> None:
    with running_endpoint(content="offline", faults=0.3, hang=3.0, retry_after=0.3) as base_url:
        home.env |= {"CALLMILL_TEACHER_BASE_URL": base_url, "CALLMILL_TEACHER_TIMEOUT_S": "2"}
        report = json.loads(home.callmill("synth", "--apis", "examples", "--samples", "60", "--json"))
    assert sum(report["accepted"].values()) == 60
    assert report["requests_sent"] > report["answers_new"], "there were faults, so there were retries"
    tried = sum(report["candidates"].values())
    decided = home.sql(
        "select count(distinct sample_id) as n from (select sample_id from core_samples where state = 'rejected'"
        " union all select sample_id from core_checks)"
    )
    assert decided[0]["n"] == tried, "every candidate ends somewhere"
    stored = home.sql("select count(*) as n from raw_answers")
    assert stored[0]["n"] == report["answers_new"], "every answer that was paid for is stored"


@pytest.mark.slow
def test_others_can_query_while_a_run_is_going_on(home: Home) -> None:
    with running_endpoint(content="offline", latency=0.15) as base_url:
        home.env |= {"CALLMILL_TEACHER_BASE_URL": base_url, "CALLMILL_TEACHER_CONCURRENCY": "16"}
        process = home.start("synth", "--apis", "examples", "--samples", "120", "--json", CALLMILL_BATCH_SIZE="32")
        counts = []
        while process.poll() is None:
            if (home.path / "warehouse.duckdb").exists():
                counts.append(home.sql("select count(*) as n from raw_answers")[0]["n"])
            time.sleep(0.2)
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert sum(json.loads(out)["accepted"].values()) == 120
    growing = sorted(set(counts))
    assert counts == sorted(counts)
    assert len(growing) >= 3, f"the run was seen from outside while it grew: {growing}"


@pytest.mark.slow
def test_the_key_is_in_no_log_row_or_parameter(home: Home) -> None:
    with running_endpoint(content="offline") as base_url:
        home.env |= {"CALLMILL_TEACHER_BASE_URL": base_url}
        process = home.start("synth", "--apis", "examples", "--samples", "10", PREFECT_LOGGING_LEVEL="DEBUG")
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert KEY not in out + err
    files = [path for path in home.path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files), "Prefect's own database is among them"
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
