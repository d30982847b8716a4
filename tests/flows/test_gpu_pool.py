"""Training deployments on a real Prefect server, with a process worker on pool gpu as the README starts it."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.machine import ROOT, Machine, free_port
from training.tiny_model import make_tiny_model

START_S = 60.0


@contextlib.contextmanager
def gpu_worker(machine: Machine) -> Iterator[None]:
    """`prefect worker start --pool gpu`, until the block ends."""
    words = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "gpu", "--type", "process"]
    with (machine.home / "gpu.log").open("wb") as log:
        worker = subprocess.Popen(words, cwd=ROOT, env=machine.env, stdout=log, stderr=log)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(30)


@pytest.mark.slow
def test_a_deployment_trains_and_its_evaluation_follows(machine: Machine, tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base")
    machine.callmill("synth", "--apis", "examples", "--samples", "30")
    changes = json.dumps([f"base_model={base}", f"output={tmp_path / 'tuned'}", "steps=3", "threads=1"])
    with gpu_worker(machine):
        machine.run_deployment("train/lora", "-p", f"changes={changes}", "-p", "samples=15")
    assert machine.count("core_trainings") == 1
    scored = json.loads(machine.callmill("sql", "select distinct model from out_scores order by model", "--json"))
    assert [each["model"] for each in scored] == ["base", "tuned"]


@pytest.mark.slow
def test_a_finished_data_set_starts_a_training_by_itself(tmp_path: Path) -> None:
    """By Prefect's automation, which `callmill up` makes of the setting."""
    machine = Machine(tmp_path / "home")
    machine.env["CALLMILL_TRAIN_AFTER_SYNTH"] = "train/full"
    report = json.loads(machine.callmill("up", "--port", str(free_port()), "--json"))
    machine.env["PREFECT_API_URL"] = report["api_url"]
    try:
        machine.run_deployment("synth/nightly", "-p", "samples=20")
        # No worker serves pool gpu here: that the run was asked for, with the data set's folder, is what counts.
        run = wait_for_run(machine, "train")
        (path,) = json.loads(machine.callmill("sql", "select export_path from core_exports", "--json"))
        assert run["parameters"]["data"] == path["export_path"]
    finally:
        machine.callmill("down")


def wait_for_run(machine: Machine, flow: str) -> dict[str, dict[str, str]]:
    """The newest flow run of a flow, once there is one."""
    code = (
        "import json, sys; from prefect.client.orchestration import get_client;\n"
        "from prefect.client.schemas.filters import FlowFilter, FlowFilterName\n"
        "with get_client(sync_client=True) as client:\n"
        "    named = FlowFilter(name=FlowFilterName(any_=[sys.argv[1]]))\n"
        "    runs = client.read_flow_runs(flow_filter=named)\n"
        "print(json.dumps([{'parameters': run.parameters} for run in runs]))"
    )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        runs = json.loads(machine.run(sys.executable, "-c", code, flow).strip().splitlines()[-1])
        if runs:
            found: dict[str, dict[str, str]] = runs[0]
            return found
        time.sleep(2)
    raise AssertionError(f"no run of {flow} came within {START_S:.0f} s")
