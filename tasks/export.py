"""Write accepted samples as a data set folder: JSON Lines, Parquet for Hugging Face `datasets`, a card, a manifest.

A folder counts as a data set only when its manifest.json is there: all is written beside it and renamed in one go.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from schemas.dataset import MANIFEST_VERSION, DatasetFacts, DatasetFile, Export, Manifest
from schemas.errors import TerminalError, UsageError
from schemas.record import content_id
from tasks.data_card import write_card
from tasks.whole_folder import beside, describe_files, find_damage, put_in_place, sha256_of

MANIFEST = "manifest.json"
CARD = "README.md"
LINE_COLUMNS = ("sample_id", "kind", "language", "domain", "messages", "tools")
PARQUET_COLUMNS = (*LINE_COLUMNS, "calls")
# Runs and moments stay out of the data files: a killed and resumed job must give the same bytes as an undisturbed one.
_OWN_FOLDER = "data"
_ROWS_AT_ONCE = 1000


def write_dataset(rows: pl.DataFrame, folder: Path, facts: DatasetFacts) -> Export:
    """Write a data set, or leave the folder as it is if it holds this very one already.

    Args:
        rows: of out_training_set, in the order in which they are to stand; further columns are ignored.
        folder: may be absent, empty, a data set (replaced in one rename) or an unfinished one.
        facts: what the rows don't say.

    Raises:
        UsageError: the folder holds something that is not a data set's.
        TerminalError: there are no rows.
    """
    if rows.is_empty():
        raise TerminalError(
            f"No accepted sample to write to {folder}; expected at least one."
            " `callmill sql rejected_per_reason` says why the others were rejected."
        )
    target = folder.resolve()
    refuse_foreign(target)
    with beside(target) as temporary:
        manifest = _write_beside(rows, temporary, facts)
        if _holds(target, manifest.content_sha256):
            manifest = read_manifest(target)
        else:
            put_in_place(temporary, target)
    return Export(
        export_id=content_id(manifest.job_id, str(target), manifest.content_sha256),
        export_path=str(target),
        rows=manifest.rows,
        manifest_sha256=sha256_of(target / MANIFEST),
        exported_at=manifest.created_at,
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a complete data set.

    Raises:
        TerminalError: there is none, or it is not one that this version reads.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise TerminalError(
            f"No complete data set at {folder}: {MANIFEST} is missing. Run the command that writes it again."
        )
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise TerminalError(
            f"{path} is not a manifest of version {MANIFEST_VERSION}: {place}: {first['msg']}."
            " Export the data set again."
        ) from error


def verify_dataset(folder: Path) -> Manifest:
    """Check every file against the manifest.

    Raises:
        TerminalError: names every file that is missing or not as written.
    """
    manifest = read_manifest(folder)
    if problems := find_damage(folder, manifest.files):
        raise TerminalError(f"Data set {folder} is damaged: {'; '.join(problems)}. Export it again.")
    return manifest


def write_lines(rows: pl.DataFrame, path: Path) -> None:
    """One JSON object a line; messages and tools go in as they are stored, so no key moves and no null appears."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows.select(LINE_COLUMNS).iter_rows():
            words = zip(LINE_COLUMNS[:4], row[:4], strict=True)
            texts = zip(LINE_COLUMNS[4:], row[4:], strict=True)
            parts = [f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in words]
            parts += [f'"{name}": {text}' for name, text in texts]
            file.write(f"{{{', '.join(parts)}}}\n")


def write_parquet(rows: pl.DataFrame, path: Path) -> None:
    """Text columns only: Arrow would merge the structure of all tools and fill every one with nulls."""
    schema = pa.schema([(name, pa.string()) for name in PARQUET_COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in rows.select(PARQUET_COLUMNS).iter_slices(_ROWS_AT_ONCE):
            writer.write_table(part.to_arrow().cast(schema))


def _write_beside(rows: pl.DataFrame, temporary: Path, facts: DatasetFacts) -> Manifest:
    (temporary / _OWN_FOLDER).mkdir(parents=True)
    counts = {
        column: dict(rows[column].value_counts().sort("count", column, descending=[True, False]).iter_rows())
        for column in ("kind", "language", "domain", "split")
    }
    written: dict[str, int | None] = {}
    for split, count in counts["split"].items():
        part = rows.filter(pl.col("split") == split)
        lines, parquet = f"{split}.jsonl", f"{_OWN_FOLDER}/{split}-00000-of-00001.parquet"
        write_lines(part, temporary / lines)
        write_parquet(part, temporary / parquet)
        written |= {lines: count, parquet: count}
    (temporary / CARD).write_text(write_card(facts, counts), encoding="utf-8", newline="\n")
    files = describe_files(temporary, {**written, CARD: None})
    manifest = Manifest(
        **dict(facts),
        rows=rows.height,
        kinds=counts["kind"],
        languages=counts["language"],
        domains=counts["domain"],
        splits=counts["split"],
        files=files,
        content_sha256=hash_content(files),
    )
    (temporary / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8", newline="\n")
    return manifest


def hash_content(files: Iterable[DatasetFile]) -> str:
    """One hash over the data files; the card names places and commands, which are not the data."""
    lines = "".join(f"{file.path} {file.sha256}\n" for file in files if file.rows is not None)
    return hashlib.sha256(lines.encode()).hexdigest()


def _holds(target: Path, content_sha256: str) -> bool:
    """Whether the folder is this very data set, undamaged."""
    try:
        return verify_dataset(target).content_sha256 == content_sha256
    except TerminalError:
        return False


def refuse_foreign(target: Path) -> None:
    """Raise UsageError if a folder holds something that is not a data set's."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; expected a folder to write the data set to.")
    found = list(_names_in(target)) if target.exists() else []
    # A README alone is more likely somebody's notes than a data set that was not finished.
    foreign = found if found == [CARD] else [name for name in found if not _is_ours(name)]
    if foreign:
        raise UsageError(
            f"{target} holds {', '.join(sorted(foreign)[:3])}, which is no part of a data set; choose another folder."
        )


def _names_in(target: Path) -> Iterable[str]:
    for path in target.iterdir():
        inside = path.iterdir() if path.name == _OWN_FOLDER and path.is_dir() else [path]
        yield from (below.relative_to(target).as_posix() for below in inside)


def _is_ours(name: str) -> bool:
    own = [f"{split}.jsonl" for split in ("train", "validation", "test")]
    is_parquet = name.startswith(f"{_OWN_FOLDER}/") and name.endswith("-of-00001.parquet")
    return is_parquet or name in (MANIFEST, CARD, *own)
