"""Rows of any chat set, one dict a row: JSON, JSON Lines (also .gz), Parquet, a folder of a hub or of `save_to_disk`.

A row of WildChat: {"conversation": [{"role": "user", "content": "hi", "toxic": false, …}], "language": "English", …}
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from schemas.chat_data import SourceFile
from schemas.errors import UsageError

TURN_COLUMNS = ("messages", "conversation", "conversations")
_COLUMNS = (
    *TURN_COLUMNS, "system", "system_prompt", "language", "lang", "toxic", "redacted", "openai_moderation", "model",
    "tools", "written_by",
)  # fmt: skip
_BATCH = 500
_OTHERS = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "manifest.json"}
_KINDS = (".arrow", ".parquet", ".jsonl", ".jsonl.gz", ".ndjson", ".json", ".json.gz")
_ALIKE = ((".arrow",), (".parquet",), _KINDS[2:])
"""A folder that holds the same rows twice is read in the first of these that it has."""


class RawRow(NamedTuple):
    """A row as it came."""

    source: str
    row: int
    value: Any
    """None: the line is no JSON."""


def find_chat_files(paths: Sequence[Path]) -> list[Path]:
    """The files of a chat set, in order.

    Raises:
        UsageError: there are none, or a file is of no form that can be read.
    """
    return [file for path in paths for file in _files_of(path)]


def describe_files(files: Sequence[Path]) -> tuple[SourceFile, ...]:
    """Each with its hash."""
    described = []
    for path in files:
        with path.open("rb") as file:
            described.append(SourceFile(path=str(path), sha256=hashlib.file_digest(file, "sha256").hexdigest()))
    return tuple(described)


def read_rows(files: Sequence[Path]) -> Iterator[RawRow]:
    """Every row of the files, a few hundred in memory at a time (a .json file is read whole).

    Raises:
        UsageError: a file is not what its name says.
    """
    for path in files:
        for number, value in enumerate(_read_file(path)):
            yield RawRow(path.name, number, value)


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        if not path.name.lower().endswith(_KINDS):
            raise UsageError(f"{path} is of no form that can be read; expected one of {', '.join(_KINDS)}.")
        return [path]
    if not path.is_dir():
        raise UsageError(f"There is no file or folder at {path}; name a chat set.")
    below = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(("cache-", "."))]
    named = [file for file in below if file.name not in _OTHERS and not file.name.startswith("indices-")]
    for kinds in _ALIKE:
        if found := [file for file in named if file.name.lower().endswith(kinds)]:
            return found
    raise UsageError(f"{path} holds no chat set; expected files of {', '.join(_KINDS)}.")


def _read_file(path: Path) -> Iterator[Any]:
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _read_parquet(path)
    if name.endswith(".arrow"):
        return _read_arrow(path)
    return _read_json(path) if name.endswith((".json", ".json.gz")) else _read_lines(path)


def _read_parquet(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"{path} is no Parquet file ({error}).") from None
    columns = [name for name in table.schema_arrow.names if name in _COLUMNS]
    _refuse_without_turns(path, columns, table.schema_arrow.names)
    for batch in table.iter_batches(_BATCH, columns=columns):
        yield from batch.to_pylist()


def _read_arrow(path: Path) -> Iterator[Any]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            stream = pa.ipc.open_stream(source)
        except pa.ArrowInvalid as error:
            raise UsageError(f"{path} is no file of `datasets` ({error}).") from None
        columns = [name for name in stream.schema.names if name in _COLUMNS]
        _refuse_without_turns(path, columns, stream.schema.names)
        for batch in stream:
            yield from batch.select(columns).to_pylist()


def _refuse_without_turns(path: Path, found: Sequence[str], names: Sequence[str]) -> None:
    if not set(found) & set(TURN_COLUMNS):
        raise UsageError(f"{path} has the columns {', '.join(names)}; expected one of {', '.join(TURN_COLUMNS)}.")


def _open_text(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace")
    return path.open(encoding="utf-8-sig", errors="replace")


def _read_lines(path: Path) -> Iterator[Any]:
    with _open_text(path) as file:
        for line in file:
            if line.strip():
                yield _parse(line)


def _read_json(path: Path) -> Iterator[Any]:
    """A list of rows, a list of message lists, one row, or `{"data": [rows]}`; JSON Lines under this name too."""
    with _open_text(path) as file:
        value = _parse(file.read())
    if value is None:
        yield from _read_lines(path)
        return
    rows = unwrap_rows(value)
    # A list of messages is one conversation, a list of anything else many.
    yield from [rows] if rows and all(map(_is_message, rows)) else rows


def unwrap_rows(value: Any) -> list[Any]:
    """The rows that a JSON file holds: a list, that of `{"data": [rows]}`, or the one value."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("data", "rows", "train") if isinstance(value.get(name), list)), value)
    return value if isinstance(value, list) else [value]


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and ({"role", "content"} <= value.keys() or {"from", "value"} <= value.keys())


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
