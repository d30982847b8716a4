"""Processes by identity (pid and start time, since pids come again), and how they end with their parent."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from schemas.record import Record

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
_POLL_S = 0.1


class ProcessIdentity(Record):
    """One process, never mistaken for a later one with the same pid."""

    pid: int
    started: str
    """Start time as the system words it: clock ticks since boot on Linux, a date elsewhere."""

    @property
    def is_alive(self) -> bool:
        """Whether this very process runs; a zombie does not."""
        return read_start_time(self.pid) == self.started


def identify_process(pid: int) -> ProcessIdentity:
    """Identify a running process.

    Raises:
        ProcessLookupError: there is none of this pid.
    """
    started = read_start_time(pid)
    if started is None:
        raise ProcessLookupError(f"No process {pid} is running.")
    return ProcessIdentity(pid=pid, started=started)


def read_start_time(pid: int) -> str | None:
    """Start time of a process; none where it does not run or is a zombie."""
    if sys.platform == "linux":
        return _read_start_time_from_proc(pid)
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = listed.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def _read_start_time_from_proc(pid: int) -> str | None:
    fields = _read_stat(pid)
    return None if fields is None or fields[0] in "ZX" else fields[19]


def _read_stat(pid: int) -> list[str] | None:
    """State, parent, group, …, start time at 19; see proc(5). The name before them, in brackets, may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def start_module(
    module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start one of our modules as a process group of its own that outlives this command; its words go to `log`."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), environment.get("PYTHONPATH", "")]))
    with log.open("ab") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=PROJECT_ROOT,
            env={**environment, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    # Reaps it should it end before us, so that it never stays a zombie of a long command.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def stop_process(process: ProcessIdentity, patience_s: float) -> bool:
    """End a process: SIGTERM, then SIGKILL after `patience_s`. False where it had already ended."""
    if not process.is_alive:
        return False
    for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        if _wait_until_gone(lambda: not process.is_alive, wait_s):
            break
    return True


def stop_group(group: int, patience_s: float) -> None:
    """End every process of a group: SIGTERM, then SIGKILL after `patience_s`."""
    for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 2.0)):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        if _wait_until_gone(lambda: not list_group(group), wait_s):
            return


def list_group(group: int) -> list[int]:
    """Pids of a process group; its zombies are left out."""
    if sys.platform == "linux":
        pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
        stats = {pid: _read_stat(pid) for pid in pids}
        return [pid for pid, stat in stats.items() if stat and stat[0] not in "ZX" and int(stat[2]) == group]
    listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return [int(pid) for pid, of_group, state in rows if int(of_group) == group and not state.startswith("Z")]


def end_with_parent(parent: int, is_group: bool = False) -> None:
    """End this process, or all of its group, within seconds of the process that started it, however that one ends."""
    threading.Thread(target=_watch_parent, args=(parent, is_group), daemon=True, name="end-with-parent").start()


def _watch_parent(parent: int, is_group: bool) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    if is_group:
        stop_group(os.getpgrp(), 3)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_until_gone(is_gone: Callable[[], bool], wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while not is_gone():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
