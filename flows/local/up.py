"""`callmill up`, `down` and `status`: the local server with pools, deployments and a worker, until told to stop."""

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import Any

from flows.local.automations import set_training_automation
from flows.local.deployments import create_pools, deploy_all, read_deployments
from flows.local.processes import PROJECT_ROOT, start_module, stop_group, stop_process
from flows.local.server import (
    ServerAddress,
    address_of,
    answers,
    child_environment,
    find_choice,
    start_own_server,
    use_chosen_server,
    wait_for_server,
)
from flows.local.state import ServerFolder, WorkerState, read_tail
from schemas.errors import TerminalError
from schemas.record import Record
from schemas.settings import Settings

DEFAULT_PORT = 4200
WORKER_POOL = "cpu"
_WORKER_START_S = 60.0
_KEEPER_STOP_S = 9.0
_SERVER_STOP_S = 4.0


class UpReport(Record):
    """What `callmill up` left running."""

    api_url: str
    ui_url: str
    is_ours: bool
    pool: str
    deployments: tuple[str, ...]
    """As `prefect deployment run` names them, such as synth/nightly."""
    worker_pid: int
    notes: tuple[str, ...]
    """What is otherwise than asked for, and why."""


class DownReport(Record):
    """What `callmill down` ended."""

    stopped: tuple[str, ...]
    """server, worker, or both; empty where nothing ran."""
    interrupted_pids: tuple[int, ...]
    """Other commands that were using the server."""
    seconds: float


class StatusReport(Record):
    """What runs on this machine."""

    home: str
    warehouse: str
    api_url: str | None
    """Of our server; none where it does not run."""
    ui_url: str | None
    is_healthy: bool
    server_pid: int | None
    worker_pid: int | None
    is_worker_ready: bool
    worker_starts: int
    """More than 1: the worker crashed and was started again."""
    leases: tuple[int, ...]
    """Processes that keep the server running."""
    logs: str


def up(settings: Settings, port: int = DEFAULT_PORT, project: Path = PROJECT_ROOT) -> UpReport:
    """Start what is missing: server, pools, worker; and deploy everything in the project's prefect.yaml.

    Raises:
        TerminalError: the port is taken, the worker does not start, or a deployment fails.
        UsageError: CALLMILL_TRAIN_AFTER_SYNTH names no deployment.
        TransientError: the server chosen by the user does not answer.
    """
    deployments = read_deployments(project / "prefect.yaml")
    folder = ServerFolder.of(settings)
    address, notes = _start_server(settings, folder, port)
    wait_for_server(settings, address)
    asyncio.run(create_pools({WORKER_POOL, *(entry["work_pool"]["name"] for entry in deployments)}))
    if folder.read_worker() is None:
        _start_keeper(settings, folder, address)
    else:
        notes.append("The worker ran already and keeps the environment of its start; renew it by `callmill down`.")
    deploy_all(project)
    asyncio.run(set_training_automation(settings.train_after_synth))
    notes += _unworked_pools(deployments)
    worker = _wait_for_worker(folder)
    return UpReport(
        api_url=address.api_url,
        ui_url=address.ui_url,
        is_ours=address.is_ours,
        pool=worker.pool,
        deployments=tuple(_name_deployment(entry) for entry in deployments),
        worker_pid=worker.worker.pid,
        notes=tuple(notes),
    )


def down(settings: Settings, force: bool = False) -> DownReport:
    """Stop worker, flow runs and server; what does not end by SIGTERM in seconds is killed.

    Raises:
        TerminalError: other commands are using the server, and it is not forced.
    """
    folder, started = ServerFolder.of(settings), time.monotonic()
    server, worker = folder.read_server(), folder.read_worker()
    own = {os.getpid(), worker.keeper.pid if worker else 0}
    interrupted = tuple(sorted(holder.pid for holder in folder.read_leases() if holder.pid not in own))
    if interrupted and not force:
        raise TerminalError(
            f"The server is in use by process {', '.join(map(str, interrupted))}, which would fail; "
            "end that first, or use `callmill down --force`."
        )
    stopped = []
    if worker and stop_process(worker.keeper, _KEEPER_STOP_S):
        stop_group(worker.worker.pid, 0.5)  # does nothing unless the keeper had to be killed
        stopped.append("worker")
    if server and stop_process(server.process, _SERVER_STOP_S):
        stopped.append("server")
    for left in (folder.worker_file, folder.ready_file, folder.server_file):
        left.unlink(missing_ok=True)
    return DownReport(stopped=tuple(stopped), interrupted_pids=interrupted, seconds=time.monotonic() - started)


def status(settings: Settings) -> StatusReport:
    """Look at what runs; starts nothing."""
    folder = ServerFolder.of(settings)
    server, worker = folder.read_server(), folder.read_worker()
    address = address_of(server.api_url, is_ours=True) if server else None
    return StatusReport(
        home=str(folder.home),
        warehouse=settings.warehouse or str(settings.warehouse_path.resolve()),
        api_url=address.api_url if address else None,
        ui_url=address.ui_url if address else None,
        is_healthy=address is not None and answers(address.api_url, timeout_s=5),
        server_pid=server.process.pid if server else None,
        worker_pid=worker.worker.pid if worker else None,
        is_worker_ready=folder.is_worker_ready(),
        worker_starts=worker.starts if worker else 0,
        leases=tuple(sorted(holder.pid for holder in folder.read_leases())),
        logs=str(folder.root),
    )


def _start_server(settings: Settings, folder: ServerFolder, port: int) -> tuple[ServerAddress, list[str]]:
    chosen = find_choice(settings)
    # What an earlier `callmill up` printed may still be exported in this shell.
    is_left_over = chosen == f"http://127.0.0.1:{port}/api" and not answers(chosen, timeout_s=5)
    if chosen and not is_left_over:
        return use_chosen_server(chosen), ["PREFECT_API_URL or your Prefect profile names this server, so it is used."]
    notes = _make_room(settings, folder, port)
    return start_own_server(settings, port), notes


def _make_room(settings: Settings, folder: ServerFolder, port: int) -> list[str]:
    """Free the port of our own idle server on another one; a server in use stays, and is used."""
    server = folder.read_server()
    if server is None:
        _refuse_taken_port(port)
        return []
    if server.port == port:
        return []
    if users := [holder.pid for holder in folder.read_leases() if holder.pid != os.getpid()]:
        words = ", ".join(map(str, users))
        return [f"Our server runs on port {server.port} already and is in use (pid {words}), so it stays there."]
    down(settings)
    _refuse_taken_port(port)
    return [f"Our idle server on port {server.port} was restarted on port {port}."]


def _refuse_taken_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)):
            return
    raise TerminalError(
        f"Port {port} is taken by another program; stop it, choose another with `callmill up --port`, "
        f"or use the Prefect server there: export PREFECT_API_URL=http://127.0.0.1:{port}/api"
    )


def _start_keeper(settings: Settings, folder: ServerFolder, address: ServerAddress) -> None:
    server = folder.read_server() if address.is_ours else None
    words = ["--home", str(folder.home), "--pool", WORKER_POOL, "--api-url", address.api_url]
    words += ["--server-pid", str(server.process.pid)] if server else []
    folder.ready_file.unlink(missing_ok=True)
    environment = {**child_environment(settings), "PREFECT_API_URL": address.api_url}
    start_module("flows.local.keeper", words, folder.worker_log, environment)


def _wait_for_worker(folder: ServerFolder) -> WorkerState:
    deadline = time.monotonic() + _WORKER_START_S
    while time.monotonic() < deadline:
        state = folder.read_worker()
        if state and folder.is_worker_ready():
            return state
        time.sleep(0.05)
    raise TerminalError(
        f"The worker did not start within {_WORKER_START_S:.0f} s; {folder.worker_log} ends:\n"
        f"{read_tail(folder.worker_log)}"
    )


def _unworked_pools(deployments: list[dict[str, Any]]) -> list[str]:
    pools = {entry["work_pool"]["name"] for entry in deployments} - {WORKER_POOL}
    return [
        f"Runs of pool {pool} wait for a worker: `prefect worker start --pool {pool}` where the GPUs are."
        for pool in sorted(pools)
    ]


def _name_deployment(entry: dict[str, str]) -> str:
    return f"{Path(entry['entrypoint'].rpartition(':')[0]).stem}/{entry['name']}"
