"""Answers that are paid for and not yet in the warehouse: append-only segments of JSON lines, one owner each.

One line: {"job_id": "5f…", "run_id": "a1…", "answer": {"answer_id": "0c…", "text": "{\"query\": …}", …}}
An open segment is held with flock; when its owner dies, however it dies, the lock is free and the segment recoverable.
"""

import contextlib
import fcntl
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from schemas.answer import Answer
from schemas.errors import TerminalError
from schemas.record import Record

SYNC_SECONDS = 1.0
SEGMENT_BYTES = 8 * 1024 * 1024
_SUFFIX = ".answers.jsonl"

log = logging.getLogger("callmill")


class JournalLine(Record):
    """One answer and who paid for it."""

    job_id: str
    run_id: str
    answer: Answer


@dataclass
class _OpenSegment:
    """A file of ours that is being written, or waits until all of its answers are in the warehouse."""

    path: Path
    descriptor: int
    size: int = 0
    unloaded: set[str] = field(default_factory=set)


class Journal:
    """This process's part of the journal; safe to use from several threads."""

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open a new segment.

        Args:
            directory: made if it is not there.
            segment_bytes: size after which the next answer goes to a new segment.
        """
        self.directory = directory
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._is_dirty = False
        self._sync_error: OSError | None = None
        self._closing = threading.Event()
        directory.mkdir(parents=True, exist_ok=True)
        self._current = _create_segment(directory)
        self._full: list[_OpenSegment] = []
        self._syncer = threading.Thread(target=self._sync_now_and_then, name="answer journal", daemon=True)
        self._syncer.start()

    def append(self, answer: Answer, job_id: str, run_id: str) -> None:
        """Hand one answer to the operating system; on disk within a second.

        Raises:
            TerminalError: the disk is full or gone.
        """
        line = JournalLine.model_construct(job_id=job_id, run_id=run_id, answer=answer).model_dump_json()
        with self._lock:
            if self._sync_error is not None:
                raise self._not_writable(self._sync_error)
            if self._current.size >= self._segment_bytes:
                self._full.append(self._current)
                self._current = _create_segment(self.directory)
            try:
                _write_line(self._current, line.encode() + b"\n")
            except OSError as error:
                raise self._not_writable(error) from error
            self._current.unloaded.add(answer.answer_id)
            self._is_dirty = True

    def mark_loaded(self, answers: Iterable[Answer]) -> None:
        """Forget answers that are safely in the warehouse; segments that hold no others are emptied or deleted."""
        ids = {answer.answer_id for answer in answers}
        with self._lock:
            self._current.unloaded -= ids
            if not self._current.unloaded and self._current.size:
                os.ftruncate(self._current.descriptor, 0)
                self._current.size = 0
            for segment in self._full:
                segment.unloaded -= ids
                if not segment.unloaded:
                    _end_segment(segment)
            self._full = [segment for segment in self._full if segment.unloaded]

    def close(self) -> None:
        """Let go: segments with answers stay for `recover`, empty ones are deleted."""
        self._closing.set()
        self._syncer.join()
        with self._lock:
            for segment in [*self._full, self._current]:
                _end_segment(segment)
            self._full = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sync_now_and_then(self) -> None:
        while not self._closing.wait(SYNC_SECONDS):
            with self._lock:
                descriptors = [os.dup(s.descriptor) for s in (*self._full, self._current)] if self._is_dirty else []
                self._is_dirty = False
            for descriptor in descriptors:  # outside the lock: a slow disk must not hold up answers
                try:
                    os.fsync(descriptor)
                except OSError as error:
                    self._sync_error = error
                finally:
                    os.close(descriptor)

    def _not_writable(self, error: OSError) -> TerminalError:
        return TerminalError(
            f"An answer could not be written to the journal in {self.directory} ({error.strerror or error}); "
            "free some space or set CALLMILL_HOME to another disk, then run the same command again."
        )


class Segment:
    """Answers that a process left behind; locked against other readers until closed."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Read every whole line of a file that `descriptor` holds the lock of."""
        self.path = path
        self.skipped = 0
        """Lines that could not be read."""
        self._descriptor = descriptor
        self.lines = self._read_lines()

    @property
    def answers(self) -> list[Answer]:
        """What was paid for, in the order of arrival."""
        return [line.answer for line in self.lines]

    def discard(self) -> None:
        """Delete it; call only after its answers are in the warehouse."""
        self.path.unlink(missing_ok=True)

    def set_aside(self) -> Path:
        """Keep it where no run looks again, for a person to look at."""
        return self.path.rename(self.path.with_suffix(".set-aside"))

    def close(self) -> None:
        """Let others read it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_lines(self) -> list[JournalLine]:
        *whole, torn = self.path.read_bytes().split(b"\n")
        lines = []
        for text in whole:
            try:
                lines.append(JournalLine.model_validate_json(text))
            except ValidationError:
                self.skipped += 1
        if torn:
            self.skipped += 1
        if self.skipped:
            log.warning(
                "%d of %d lines of %s could not be read (cut off by a kill, or damaged); those are asked again.",
                self.skipped, len(whole) + bool(torn), self.path,
            )  # fmt: skip
        return lines


def recover(directory: Path) -> list[Segment]:
    """Segments whose owner is gone, oldest first; use each in a `with`, and discard it once its answers are safe."""
    return list(_lock_abandoned(directory))


def _lock_abandoned(directory: Path) -> Iterator[Segment]:
    for path in sorted(directory.glob(f"*{_SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):  # another process recovered it between the listing and now
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            if _try_lock(descriptor):
                yield Segment(path, descriptor)
            else:
                os.close(descriptor)


def _create_segment(directory: Path) -> _OpenSegment:
    while True:
        path = directory / f"{time.time_ns()}-{os.getpid()}-{uuid.uuid4().hex[:6]}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if _try_lock(descriptor):
            return _OpenSegment(path, descriptor)
        os.close(descriptor)  # a recovering process took the empty file for an abandoned one


def _try_lock(descriptor: int) -> bool:
    """Take the lock of a file that still has a name; a deleted one is of no use to anybody."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(descriptor).st_nlink > 0


def _write_line(segment: _OpenSegment, line: bytes) -> None:
    """Append all or nothing, so that a full disk leaves no half line in the middle."""
    written = 0
    try:
        while written < len(line):
            written += os.write(segment.descriptor, line[written:])
    except OSError:
        os.ftruncate(segment.descriptor, segment.size)
        raise
    segment.size += len(line)


def _end_segment(segment: _OpenSegment) -> None:
    if segment.unloaded:
        os.fsync(segment.descriptor)
    else:
        segment.path.unlink(missing_ok=True)
    os.close(segment.descriptor)
