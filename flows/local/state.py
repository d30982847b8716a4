"""What is known of the local server: files under `<home>/server`, and the leases of the processes that use it.

A lease is a file named `<pid>` that holds the holder's identity; the server ends when no holder is alive.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from flows.local.processes import ProcessIdentity, identify_process
from schemas.record import Record
from schemas.settings import Settings

_ROTATE_BYTES = 5_000_000


class ServerState(Record):
    """server.json: the process that runs the server; written before it answers."""

    process: ProcessIdentity
    port: int

    @property
    def api_url(self) -> str:
        """What PREFECT_API_URL is set to."""
        return f"http://127.0.0.1:{self.port}/api"


class WorkerState(Record):
    """worker.json: the process that keeps a worker running, and the worker."""

    keeper: ProcessIdentity
    worker: ProcessIdentity
    pool: str
    api_url: str
    starts: int
    """1, and one more after each crash of the worker."""


StateT = TypeVar("StateT", bound=Record)


class ServerFolder:
    """`<home>/server`."""

    def __init__(self, home: Path) -> None:
        """Make the folder; only its owner may read it."""
        self.home = home.resolve()
        self.root = self.home / "server"
        self.leases = self.root / "leases"
        self.leases.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        self.server_file = self.root / "server.json"
        self.worker_file = self.root / "worker.json"
        self.ready_file = self.root / "worker.ready"
        self.server_log = self.root / "server.log"
        self.worker_log = self.root / "worker.log"
        self.database = self.root / "prefect.db"

    @classmethod
    def of(cls, settings: Settings) -> "ServerFolder":
        """The folder of these settings."""
        return cls(settings.home)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder: one process at a time starts or ends what runs in it."""
        with self._open_lock() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def locked_if_free(self) -> Iterator[bool]:
        """Hold the folder if nobody does; says whether it is held."""
        with self._open_lock() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def read_server(self) -> ServerState | None:
        """The running server; none where the file is missing, torn, or of a process that has ended."""
        state = _read(self.server_file, ServerState)
        return state if state and state.process.is_alive else None

    def read_worker(self) -> WorkerState | None:
        """The running keeper and its worker; none where the keeper has ended."""
        state = _read(self.worker_file, WorkerState)
        return state if state and state.keeper.is_alive else None

    def is_worker_ready(self) -> bool:
        """Whether the worker polls for runs."""
        state, ready = self.read_worker(), _read(self.ready_file, ProcessIdentity)
        return state is not None and state.worker == ready and ready.is_alive

    def take_lease(self) -> Path:
        """Say that this process uses the server; the caller removes the file when it ends in good order."""
        lease = self.leases / str(os.getpid())
        write_record(lease, identify_process(os.getpid()))
        return lease

    def read_leases(self) -> list[ProcessIdentity]:
        """Living users of the server; the leases of dead ones are removed."""
        holders = []
        for path in self.leases.glob("[0-9]*"):
            holder = _read(path, ProcessIdentity)
            if holder and holder.is_alive:
                holders.append(holder)
            elif not path.name.endswith(".tmp"):
                path.unlink(missing_ok=True)
        return holders

    def rotate_logs(self) -> None:
        """Keep one old log of each kind, so that years of `callmill up` do not fill the disk."""
        for log in (self.server_log, self.worker_log):
            if log.exists() and log.stat().st_size > _ROTATE_BYTES:
                log.replace(log.with_suffix(".old.log"))

    def _open_lock(self) -> "contextlib.AbstractContextManager[int]":
        return _open_file(self.root / "lock")


def write_record(path: Path, record: Record) -> None:
    """Write a record so that a reader sees all of it or nothing."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(record.model_dump_json())
    temporary.replace(path)


def read_tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _read(path: Path, kind: type[StateT]) -> StateT | None:
    try:
        return kind.model_validate_json(path.read_text())
    except (FileNotFoundError, ValidationError):
        return None


@contextlib.contextmanager
def _open_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
