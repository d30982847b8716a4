"""The local process worker: `python -m flows.local_worker --home DIR --pool cpu --parent PID`."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from flows.local_processes import end_with_parent, identify_process
from flows.local_state import ServerFolder, write_record


def main() -> None:
    """Work until SIGTERM comes or the keeper dies."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args()
    end_with_parent(options.parent, is_group=True)
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")  # Prefect's 10 s keep a person waiting
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(work(ServerFolder(options.home), options.pool))


async def work(folder: ServerFolder, pool: str) -> None:
    """Poll the pool; each run is a process of our own interpreter in this worker's process group."""
    from prefect.utilities.processutils import command_to_string
    from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

    class GuardedJob(ProcessJobConfiguration):
        """Names our command: it watches this worker, and Prefect then writes no copy of the environment to disk."""

        def prepare_for_flow_run(self, *args: Any, **kwargs: Any) -> None:
            command = [sys.executable, "-m", "flows.local_flow_run", str(os.getpid())]
            self.command = self.command or command_to_string(command)
            super().prepare_for_flow_run(*args, **kwargs)

    task = asyncio.current_task()
    if task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    worker = ProcessWorker(work_pool_name=pool, name=f"callmill-{pool}")
    worker.job_configuration = GuardedJob
    await worker.start(printer=lambda line: _report(folder, line))


def _report(folder: ServerFolder, line: str) -> None:
    print(line, flush=True)
    if line.endswith("started!"):
        write_record(folder.ready_file, identify_process(os.getpid()))


if __name__ == "__main__":
    main()
