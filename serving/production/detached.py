"""Puts a model behind a named server, detached: starts the server, or has the running one swap."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import TerminalError
from schemas.serve import ServeOptions, ServeReport
from serving.production.gateway import LOG_DATES, read_limits
from serving.production.orders import order_swap
from serving.production.state import ServeFolder
from serving.vllm.launch import PROJECT_ROOT

_START_S = 3600.0
_POLL_S = 0.1
_TAIL_LINES = 15


@dataclass(frozen=True)
class Detached:
    """A server that was just started."""

    process: "subprocess.Popen[bytes]"
    began: int
    """Where its part of the log begins."""

    @property
    def is_alive(self) -> bool:
        """Whether the process lives; it may not answer."""
        return self.process.poll() is None


def put_in_place(home: Path, name: str, options: ServeOptions, host: str, port: int) -> ServeReport:
    """Have a model answer behind the server of this name; waits for its smoke test.

    A server that runs stays where it is: host and port are a new one's.

    Raises:
        TerminalError: it did not take over; a model that answered before still does.
    """
    if Path(options.model).exists():  # the server works in another folder
        options = options.model_copy(update={"model": str(Path(options.model).resolve())})
    folder = ServeFolder(home)
    state = folder.read(name)
    if state is not None and state.admin_url:
        return order_swap(state, options, read_limits())
    return wait_for_report(folder, name, start_detached(home, name, options, host, port), _START_S)


def start_detached(home: Path, name: str, options: ServeOptions, host: str, port: int) -> Detached:
    """Start a server that outlives this process; its words go to its log."""
    log = ServeFolder(home).log_file(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "serving.production.gateway", "--home", str(home.resolve()), "--name", name]
    command += ["--host", host, "--port", str(port), "--options", options.model_dump_json()]
    with log.open("ab") as words:
        began = words.seek(0, os.SEEK_END)
        words.write(f"{time.strftime(LOG_DATES)} callmill: a server named {name} for {options.model}\n".encode())
        words.flush()
        process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    return Detached(process, began)


def wait_for_report(folder: ServeFolder, name: str, server: Detached, longest_s: float) -> ServeReport:
    """Wait until a server that was just started answers.

    Raises:
        TerminalError: it ended or did not in time, with the end of its log; or another of its name runs.
    """
    deadline = time.monotonic() + longest_s
    is_alive = True
    while is_alive and time.monotonic() < deadline:
        is_alive = server.is_alive  # before the state: one that ended wrote nothing since
        state = folder.read(name)
        if state is not None and state.pid == server.process.pid and state.report is not None:
            return state.report
        time.sleep(_POLL_S)
    state = folder.read(name)
    if state is not None and state.pid != server.process.pid:
        raise TerminalError(
            f"A server named {name} was started at the same time (process {state.pid}) and serves "
            f"{state.options.model}; {name} was to be started once. Give the order again to swap its model, or choose "
            "another --name."
        )
    log = folder.log_file(name)
    raise TerminalError(f"The server {name} did not come up; {log} ends:\n{_tail(log, server.began)}")


def _tail(path: Path, began: int) -> str:
    """The last lines of this start; the log holds earlier ones too."""
    words = path.read_bytes()[began:] if path.is_file() else b""
    return "\n".join(words.decode(errors="replace").splitlines()[-_TAIL_LINES:])
