"""`callmill up` on a real server: deploys, runs, restarts a killed worker, and leaves nothing behind."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from flows.local.processes import PROJECT_ROOT, list_group
from flows.local.state import ServerFolder
from flows.local.up import UpReport, down, status, up
from schemas.settings import Settings

SECRET = "sk-never-on-disk"
_LAST_RUN = "select state_name from flow_run where not auto_scheduled order by created desc limit 1"
FLOW = """
import os, time
from pathlib import Path
from prefect import flow

@flow(name="napping")
async def napping(seconds: float = 0) -> None:
    Path("ran.txt").write_text(os.environ["CALLMILL_TEACHER_API_KEY"][:3] + os.environ["CALLMILL_HOME"])
    time.sleep(seconds)
"""


def test_prefect_yaml_schedules_synth_nightly_in_utc_and_holds_no_key() -> None:
    text = (PROJECT_ROOT / "prefect.yaml").read_text()
    (nightly,) = [entry for entry in yaml.safe_load(text)["deployments"] if entry["name"] == "nightly"]
    assert nightly["schedules"] == [{"cron": "0 2 * * *", "timezone": "UTC"}]
    assert nightly["work_pool"] == {"name": "cpu"}
    path, _, function = nightly["entrypoint"].partition(":")
    assert f"async def {function}(" in (PROJECT_ROOT / path).read_text()
    assert "key" not in str(nightly).lower()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with one flow, deployed as ours are."""
    project = tmp_path / "clone"
    (project / "flows").mkdir(parents=True)
    (project / "flows" / "napping.py").write_text(FLOW)
    text = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text())
    nightly = text["deployments"][0]
    text["deployments"] = [{"name": "now", "entrypoint": "flows/napping.py:napping", "work_pool": {"name": "cpu"}}]
    text["deployments"][0]["schedules"] = nightly["schedules"]
    (project / "prefect.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    return project


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A home of its own, and an environment with a key."""
    for name in [name for name in os.environ if name.startswith("PREFECT_") or name == "CALLMILL_LOCAL_API_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect-home"))
    monkeypatch.setenv("CALLMILL_TEACHER_API_KEY", SECRET)
    settings = Settings(home=tmp_path / "home", server_idle_s=1)
    yield settings
    down(settings)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(is_so: Callable[[], bool], limit_s: float = 60) -> bool:
    deadline = time.monotonic() + limit_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_so()


def run_deployment(report: UpReport, *words: str) -> str:
    environment = {**os.environ, "PREFECT_API_URL": report.api_url}
    command = [sys.executable, "-m", "prefect", "deployment", "run", *report.deployments, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def last_run_state(settings: Settings) -> str:
    with sqlite3.connect(ServerFolder.of(settings).database) as database:
        rows = database.execute(_LAST_RUN).fetchall()
    return str(rows[0][0])


def count_scheduled_runs(settings: Settings) -> int:
    with sqlite3.connect(ServerFolder.of(settings).database) as database:
        return int(database.execute("select count(*) from flow_run where auto_scheduled").fetchone()[0])


def start_long_run(settings: Settings, report: UpReport) -> None:
    run_deployment(report, "--param", "seconds=300")
    assert wait_for(lambda: last_run_state(settings) == "Running")


@pytest.mark.slow
def test_up_deploys_and_runs_restarts_its_worker_and_down_ends_a_running_flow(
    settings: Settings, project: Path
) -> None:
    port = free_port()
    report = up(settings, port, project)
    assert report.api_url == f"http://127.0.0.1:{port}/api"
    assert report.deployments == ("napping/now",)
    assert "Completed" in run_deployment(report, "--watch")
    assert (project / "ran.txt").read_text() == f"sk-{settings.home}"

    # Prefect's scheduler fails on SQLAlchemy 2.1, and says so only in the server's log.
    assert wait_for(lambda: count_scheduled_runs(settings) > 0)

    assert up(settings, port, project).worker_pid == report.worker_pid
    os.kill(report.worker_pid, signal.SIGKILL)
    assert wait_for(lambda: status(settings).worker_starts == 2 and status(settings).is_worker_ready)

    start_long_run(settings, report)
    worker, server = status(settings).worker_pid, status(settings).server_pid
    ended = down(settings)
    assert worker is not None
    assert server is not None
    assert ended.stopped == ("worker", "server")
    assert ended.seconds < 15
    assert last_run_state(settings) == "Crashed"
    assert list_group(worker) + list_group(server) == []
    holders = [path for path in settings.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert holders == []


@pytest.mark.slow
def test_a_killed_server_takes_worker_and_flow_run_with_it(
    settings: Settings, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = up(settings, free_port(), project)
    start_long_run(settings, report)
    folder = ServerFolder.of(settings)
    server, worker = folder.read_server(), folder.read_worker()
    assert server is not None
    assert worker is not None
    os.kill(server.process.pid, signal.SIGKILL)
    assert wait_for(lambda: not worker.keeper.is_alive and list_group(worker.worker.pid) == [], limit_s=55)
    monkeypatch.setenv("PREFECT_API_URL", report.api_url)  # as a person's shell would still have it
    again = up(settings, server.port, project)
    assert again.is_ours
    assert again.api_url == report.api_url
    assert wait_for(lambda: last_run_state(settings) == "Crashed", limit_s=10)
