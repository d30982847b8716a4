"""The weekly evaluation of the model in production, on a real Prefect server with a real worker."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.flows.machine import Machine
from training.tiny_model import make_tiny_model


@pytest.mark.slow
def test_weekly_scores_production_and_shows_its_tables(machine: Machine, tmp_path: Path) -> None:
    """Rows in the warehouse, tables in the UI; the next week is new work."""
    folder = make_tiny_model(tmp_path / "tiny")
    machine.callmill("serve", str(folder), "--detach", "--port", "0")
    few = ("-p", "origin=own", "-p", "own_samples=24", "-p", "limit=4")
    machine.run_deployment("evaluate/weekly", *few)
    scores = json.loads(machine.callmill("sql", "select * from out_scores", "--json"))
    assert {row["category"] for row in scores} >= {"simple", "medium"}
    assert {row["model"] for row in scores} == {"tiny"}
    assert all(row["valid"] is not None for row in scores)
    assert machine.count("core_runs") == 2, "one made the cases, one scored"
    keys = asyncio.run(read_artifacts(machine.env["PREFECT_API_URL"]))
    assert {"evaluate-scores", "evaluate-report"} <= keys
    machine.run_deployment("evaluate/weekly", *few, "-p", "occurrence=2031-01-02")
    assert machine.count("out_scores") == 2 * len(scores)


async def read_artifacts(api_url: str) -> set[str]:
    """Keys of all artifacts that the server has."""
    import httpx

    async with httpx.AsyncClient(base_url=f"{api_url}/", timeout=30) as client:
        found = (await client.post("artifacts/filter", json={})).json()
    return {artifact["key"] for artifact in found}
