"""The nightly deployment on a real Prefect server with a real worker."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SAMPLES = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Machine:
    """A home folder with `callmill up` running in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALLMILL_", "PREFECT_"))}
        self.env = {**kept, "CALLMILL_HOME": str(home), "CALLMILL_TEACHER_OFFLINE_MISTAKES": "0.1"}

    def run(self, *words: str, timeout: float = 180) -> str:
        done = subprocess.run(
            words, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def callmill(self, *words: str) -> str:
        return self.run(sys.executable, "-m", "cli", *words)

    def run_nightly(self, *words: str) -> str:
        """What the README tells a person to type."""
        deployment = ["deployment", "run", "synth/nightly", "--watch", "-p", f"samples={SAMPLES}", *words]
        return self.run(sys.executable, "-m", "prefect", *deployment)

    def count(self, table: str) -> int:
        rows = json.loads(self.callmill("sql", f"select count(*) as n from {table}", "--json"))
        return int(rows[0]["n"])


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "home")
    report = json.loads(machine.callmill("up", "--port", str(free_port()), "--json"))
    machine.env["PREFECT_API_URL"] = report["api_url"]
    yield machine
    machine.callmill("down")


@pytest.mark.slow
def test_nightly_runs_and_each_night_is_new_work(machine: Machine) -> None:
    machine.run_nightly()
    assert machine.count("out_training_set") == SAMPLES
    jobs = json.loads(machine.callmill("sql", "select occurrence from core_jobs", "--json"))
    assert jobs == [{"occurrence": datetime.now(UTC).date().isoformat()}], "the scheduled date makes the job"
    machine.run_nightly()
    assert machine.count("out_training_set") == SAMPLES, "the same occurrence again adds nothing"
    machine.run_nightly("-p", "occurrence=2031-01-02")
    assert machine.count("out_training_set") == 2 * SAMPLES, "the next night's occurrence is new work"
    assert machine.count("core_jobs") == 2
    assert machine.count("core_runs") == 3
