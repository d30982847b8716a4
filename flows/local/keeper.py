"""Keeps one local worker running: `python -m flows.local.keeper --home DIR --pool cpu --server-pid PID --api-url URL`.

It holds a lease on the server, so `callmill up` lasts until `callmill down`; it ends when the server does.
"""

import argparse
import os
import signal
import threading
import time
from pathlib import Path

from flows.local.processes import ProcessIdentity, identify_process, start_module, stop_group, stop_process
from flows.local.state import ServerFolder, WorkerState, write_record

_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 1.0, 30.0
_HEALTHY_S = 60.0
"""A worker that lived this long is restarted at once again."""
_STOP_S = 6.0


def main() -> None:
    """Keep a worker until SIGTERM comes or the server ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--api-url", required=True)
    parser.add_argument("--server-pid", type=int, default=None, help="none: a server that is not ours")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder = ServerFolder(options.home)
    server = identify_process(options.server_pid) if options.server_pid else None
    lease = folder.take_lease()
    try:
        keep_worker(folder, options.pool, options.api_url, server, stop)
    finally:
        folder.worker_file.unlink(missing_ok=True)
        lease.unlink(missing_ok=True)


def keep_worker(
    folder: ServerFolder, pool: str, api_url: str, server: ProcessIdentity | None, stop: threading.Event
) -> None:
    """Start the worker, and start it again after a crash, later each time."""
    starts, backoff_s = 0, _FIRST_BACKOFF_S
    while not _is_over(server, stop):
        starts += 1
        started = time.monotonic()
        _run_worker(folder, pool, api_url, server, stop, starts)
        backoff_s = _FIRST_BACKOFF_S if time.monotonic() - started > _HEALTHY_S else backoff_s
        stop.wait(backoff_s)
        backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)


def _run_worker(
    folder: ServerFolder, pool: str, api_url: str, server: ProcessIdentity | None, stop: threading.Event, starts: int
) -> None:
    words = ["--home", str(folder.home), "--pool", pool, "--parent", str(os.getpid())]
    words += ["--own-server"] if server else []
    process = start_module("flows.local.worker", words, folder.worker_log, os.environ)
    keeper, worker = identify_process(os.getpid()), identify_process(process.pid)
    state = WorkerState(keeper=keeper, worker=worker, pool=pool, api_url=api_url, starts=starts)
    write_record(folder.worker_file, state)
    try:
        while process.poll() is None and not _is_over(server, stop):
            stop.wait(0.5)
    finally:
        stop_process(worker, _STOP_S)
        # Its flow runs are in its process group, and stay there when it crashes.
        stop_group(process.pid, 0.5)


def _is_over(server: ProcessIdentity | None, stop: threading.Event) -> bool:
    return stop.is_set() or (server is not None and not server.is_alive)


if __name__ == "__main__":
    main()
