"""The rows of an imported set's files: JSON, JSON Lines or Parquet; a folder's files are one set."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from schemas.errors import UsageError
from tasks.importing.literals import plain_value
from tasks.read_chats import unwrap_rows

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".parquet")
_NOT_ROWS = ("MANIFEST.", "DATASET_INFO", "README", "LICENSE")
_PART_ROWS = 1000


class RawRow(NamedTuple):
    """One row as it came."""

    position: int
    """0, 1, … over all files of the set."""
    row_path: str
    text: str
    value: dict[str, Any] | None
    """None: the text is no JSON object."""


def find_files(path: Path) -> list[Path]:
    """The file itself, or a folder's data files in sorted order.

    Raises:
        UsageError: there is no such file.
    """
    if path.is_file() and path.suffix.lower() in _SUFFIXES:
        return [path]
    inside = sorted(path.rglob("*")) if path.is_dir() else []
    files = [
        each for each in inside if each.suffix.lower() in _SUFFIXES and not each.name.upper().startswith(_NOT_ROWS)
    ]
    if not files:
        raise UsageError(
            f"No data set at {path}; expected a file, or a folder of files, that ends in {', '.join(_SUFFIXES)}."
        )
    return files


def hash_files(files: Sequence[Path]) -> str:
    """One hash over the files' names and contents."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def read_rows(files: Sequence[Path]) -> Iterator[RawRow]:
    """Every row of every file, in order; one that is no JSON object comes without a value.

    Raises:
        UsageError: a file is not of its kind as a whole.
    """
    position = 0
    for path in files:
        for number, (text, value) in enumerate(_read_file(path), 1):
            yield RawRow(position, f"{path.name}:{number}", text, value if isinstance(value, dict) else None)
            position += 1


def _read_file(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        if path.suffix.lower() == ".parquet":
            yield from _read_parquet(path)
        elif path.suffix.lower() == ".json":
            yield from _read_json(path)
        else:
            yield from _read_lines(path)
    except (ValueError, OSError, RecursionError) as error:
        raise UsageError(
            f"{path} cannot be read as {path.suffix[1:]}: {error}; give a whole, undamaged file."
        ) from error


def _read_parquet(path: Path) -> Iterator[tuple[str, Any]]:
    for part in pq.ParquetFile(path).iter_batches(_PART_ROWS):
        for value in part.to_pylist():
            yield _spell(value), plain_value(value)


def _read_json(path: Path) -> Iterator[tuple[str, Any]]:
    """A list of rows, `{"data": [rows]}` or one row; many files that are called JSON hold JSON Lines."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        rows = unwrap_rows(json.loads(text))
    except ValueError:
        if text.lstrip().startswith("["):
            raise
        yield from _read_lines(path)
        return
    for value in rows:
        yield _spell(value), plain_value(value)


def _read_lines(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            if line.strip():
                yield line.strip(), _parse(line)


def _spell(value: Any) -> str:
    return json.dumps(plain_value(value), ensure_ascii=False, default=str)


def _parse(line: str) -> Any:
    try:
        return plain_value(json.loads(line))
    except (ValueError, RecursionError):
        return None
