"""The local process worker: `python -m flows.local.worker --home DIR --pool cpu --parent PID [--own-server]`."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from flows.local.processes import end_with_parent, identify_process, list_group, read_start_time
from flows.local.state import ServerFolder, write_record

_RUNS_END_S = 3.0
_TELL_S = 0.5
_LOST = "Its process ended while no worker watched it; run it again."


def main() -> None:
    """Work until SIGTERM comes or the keeper dies."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--own-server", action="store_true", help="nobody else's runs are on it")
    options = parser.parse_args()
    end_with_parent(options.parent, is_group=True)
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")  # Prefect's 10 s keep a person waiting
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(work(ServerFolder(options.home), options.pool, options.own_server))


async def work(folder: ServerFolder, pool: str, is_own_server: bool) -> None:
    """Poll the pool; each run is a process of our own interpreter in this worker's process group."""
    from prefect.utilities.processutils import command_to_string
    from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

    class GuardedJob(ProcessJobConfiguration):
        """Names our command: it watches this worker, and Prefect then writes no copy of the environment to disk."""

        def prepare_for_flow_run(self, *args: Any, **kwargs: Any) -> None:
            command = [sys.executable, "-m", "flows.local.flow_run", str(os.getpid())]
            self.command = self.command or command_to_string(command)
            super().prepare_for_flow_run(*args, **kwargs)

    worker = ProcessWorker(work_pool_name=pool, name=f"callmill-{pool}")
    worker.job_configuration = GuardedJob
    if is_own_server:
        await _settle_dead_runs(pool)
    working = asyncio.create_task(worker.start(printer=lambda line: _report(folder, line)))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    await _end_runs()
    working.cancel()
    await working


async def _settle_dead_runs(pool: str) -> None:
    """Call crashed what an earlier worker left running here when it was killed: their processes are gone."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
        WorkPoolFilter,
        WorkPoolFilterName,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    running = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    async with get_client() as client:
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=running)),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        )
        for run in runs:
            if run.infrastructure_pid and _is_dead_here(run.infrastructure_pid):
                await client.set_flow_run_state(run.id, Crashed(message=_LOST), force=True)


def _is_dead_here(infrastructure_pid: str) -> bool:
    return infrastructure_pid.isdigit() and read_start_time(int(infrastructure_pid)) is None


async def _end_runs() -> None:
    """End the flow runs first, so that the worker can still tell the server that they crashed."""
    runs = _list_runs()
    for pid in runs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for _ in range(int(_RUNS_END_S / 0.1)):
        if not _list_runs():
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(_TELL_S if runs else 0)


def _list_runs() -> list[int]:
    return [pid for pid in list_group(os.getpgrp()) if pid != os.getpid()]


def _report(folder: ServerFolder, line: str) -> None:
    print(line, flush=True)
    if line.endswith("started!"):
        write_record(folder.ready_file, identify_process(os.getpid()))


if __name__ == "__main__":
    main()
