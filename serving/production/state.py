"""State files of named servers, `<home>/serve/<name>.json`: who serves what and where, and how to give it orders.

`{"name": "production", "pid": 812, "phase": "ready", "url": "http://127.0.0.1:8000/v1", "options": {"model": …}, …}`
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from schemas.errors import TerminalError, UsageError
from schemas.serve import ServerState


class ServeFolder:
    """The servers of one home folder."""

    def __init__(self, home: Path) -> None:
        self.root = (home / "serve").resolve()

    def state_file(self, name: str) -> Path:
        """Of a server.

        Raises:
            UsageError: the name is no file name.
        """
        if not name or not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"A server can't be named '{name}'; use letters, digits, - and _.")
        return self.root / f"{name}.json"

    def log_file(self, name: str) -> Path:
        """Where a server and its model write."""
        return self.state_file(name).with_suffix(".log")

    def read(self, name: str) -> ServerState | None:
        """A server that runs; none where its process is gone."""
        try:
            state = ServerState.model_validate_json(self.state_file(name).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return state if read_start_time(state.pid) == state.started else None

    def list(self) -> list[ServerState]:
        """All that run."""
        found = [self.read(path.stem) for path in sorted(self.root.glob("*.json"))]
        return [state for state in found if state is not None]

    def write(self, state: ServerState) -> None:
        """Replace a server's file; only its owner can read it, for the token in it."""
        path = self.state_file(state.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.touch(mode=0o600)
        draft.write_text(state.model_dump_json(indent=1))
        draft.replace(path)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Be the only server of this name, until the end of the process at the latest.

        Raises:
            TerminalError: another process is.
        """
        path = self.state_file(name).with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise TerminalError(
                    f"A server named {name} runs already; `callmill down` stops it, or choose another --name."
                ) from None
            try:
                yield
            finally:
                self.state_file(name).unlink(missing_ok=True)


def read_start_time(pid: int) -> str | None:
    """Start time of a process, since pids come again; none where it does not run or is a zombie."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # see proc(5)
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = listed.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
