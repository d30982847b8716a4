"""The nightly deployment on a real Prefect server with a real worker."""

import json
from datetime import UTC, datetime

import pytest

from tests.flows.machine import Machine

SAMPLES = 20


def run_nightly(machine: Machine, *words: str) -> None:
    machine.run_deployment("synth/nightly", "-p", f"samples={SAMPLES}", *words)


@pytest.mark.slow
def test_nightly_runs_and_each_night_is_new_work(machine: Machine) -> None:
    run_nightly(machine)
    assert machine.count("out_training_set") == SAMPLES
    jobs = json.loads(machine.callmill("sql", "select occurrence from core_jobs", "--json"))
    assert jobs == [{"occurrence": datetime.now(UTC).date().isoformat()}], "the scheduled date makes the job"
    run_nightly(machine)
    assert machine.count("out_training_set") == SAMPLES, "the same occurrence again adds nothing"
    run_nightly(machine, "-p", "occurrence=2031-01-02")
    assert machine.count("out_training_set") == 2 * SAMPLES, "the next night's occurrence is new work"
    assert machine.count("core_jobs") == 2
    assert machine.count("core_runs") == 3
