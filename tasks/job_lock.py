"""One attempt at a job at a time: two at once would pay twice and could accept different rows."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from schemas.errors import TerminalError


@contextlib.contextmanager
def hold_job(folder: Path, job_id: str) -> Iterator[None]:
    """Hold a job as long as this process lives; the lock of a killed process is free at once.

    Raises:
        TerminalError: another process is at the same job.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"job-{job_id}.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise TerminalError(
                f"Process {file.read().strip() or 'unknown'} is at this very job ({job_id}) already; wait for it, or "
                "ask for other work, such as another --seed."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
