"""Put a folder in its place whole: written beside it, described by hashes, renamed in one go."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from schemas.dataset import DatasetFile


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder next to `target` to write to; what is left of it, and of killed processes', goes at the end."""
    temporary = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)  # of an earlier process with our pid
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _remove_leftovers(target)


def put_in_place(temporary: Path, target: Path) -> None:
    """Rename; for a moment neither is there, but never half of one."""
    old = target.with_name(f"{target.name}.old-{os.getpid()}")
    if target.exists():
        target.rename(old)
    temporary.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def describe_files(folder: Path, rows: Mapping[str, int | None]) -> tuple[DatasetFile, ...]:
    """Size and hash of files.

    Args:
        folder: where they lie.
        rows: by their path below it.
    """
    return tuple(
        DatasetFile(path=path, rows=rows[path], bytes=(folder / path).stat().st_size, sha256=sha256_of(folder / path))
        for path in sorted(rows)
    )


def find_damage(folder: Path, files: Iterable[DatasetFile]) -> list[str]:
    """What is missing or not as written, a few words each."""
    problems = []
    for file in files:
        path = folder / file.path
        if not path.is_file():
            problems.append(f"{file.path} is missing")
        elif (path.stat().st_size, sha256_of(path)) != (file.bytes, file.sha256):
            problems.append(f"{file.path} is not as written ({path.stat().st_size} bytes, expected {file.bytes})")
    return problems


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove_leftovers(target: Path) -> None:
    """What killed processes left beside the folder."""
    for path in target.parent.iterdir():
        name, mark, pid = path.name.rpartition("-")
        if mark and name in (f"{target.name}.tmp", f"{target.name}.old") and pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
