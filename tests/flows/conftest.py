"""A machine for tests of deployments."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.machine import Machine, free_port


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Up for the test, down after it."""
    machine = Machine(tmp_path / "home")
    report = json.loads(machine.callmill("up", "--port", str(free_port()), "--json"))
    machine.env["PREFECT_API_URL"] = report["api_url"]
    yield machine
    machine.callmill("down")
