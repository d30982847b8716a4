"""Where an export comes from: a data set folder, or a job of the warehouse; the rows are the same either way."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.dataset import DatasetFile
from schemas.errors import TerminalError, UsageError
from schemas.export import ExportSource
from schemas.settings import OFFLINE_MODEL
from tasks.export import MANIFEST
from tasks.whole_folder import find_damage
from warehouse.store import Warehouse

OWN_COLUMNS = ("sample_id", "kind", "language", "domain")
"""Columns that go along where the source has them; every trainer passes over columns that it does not know."""
_SPLITS = ("train", "validation", "test")
_FLOWS = ("synth", "import")
"""Whose accepted rows are samples of the warehouse."""


class SourceRows(NamedTuple):
    """What is to be exported."""

    source: ExportSource
    rows: pl.DataFrame
    """messages and tools as JSON text, split, and those of OWN_COLUMNS that there are."""


class _AnyManifest(BaseModel):
    """What is needed of a data set's manifest, whichever command wrote it."""

    model_config = ConfigDict(extra="ignore")

    name: str | None = None
    """Preference pairs and recovery rows have none."""
    job_id: str | None = None
    teacher_model: str | None = None
    files: tuple[DatasetFile, ...]


def read_source(source: str, warehouse: Warehouse) -> SourceRows:
    """Rows of a folder, if there is one of that name, else of the job whose id begins so.

    Raises:
        UsageError: there is neither, or several jobs, or one whose rows are in its folder alone.
        TerminalError: the folder is no complete data set, or there are no rows.
    """
    found = _read_folder(Path(source)) if Path(source).exists() else _read_job(source, warehouse)
    if found.rows.is_empty():
        raise TerminalError(f"{source} has no accepted row; `callmill sql rejected_per_reason` says why.")
    return found


def _read_folder(folder: Path) -> SourceRows:
    manifest = _read_manifest(folder)
    if problems := find_damage(folder, manifest.files):
        raise TerminalError(f"Data set {folder} is damaged: {'; '.join(problems)}. Export it again.")
    parts = [
        _keep_columns(pl.read_parquet(folder / file.path), folder / file.path).with_columns(split=pl.lit(split))
        for split in _SPLITS
        for file in manifest.files
        if file.path.endswith(".parquet") and Path(file.path).name.startswith(f"{split}-")
    ]
    if not parts:
        raise UsageError(f"{folder} holds no Parquet file such as data/train-00000-of-00001.parquet to export.")
    rows = pl.concat(parts, how="diagonal")
    name = manifest.name or folder.resolve().name
    return SourceRows(_describe(name, manifest.job_id, manifest.teacher_model, rows), rows)


def _read_manifest(folder: Path) -> _AnyManifest:
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{folder} is no complete data set: {MANIFEST} is missing. Name a folder of `callmill synth`.")
    try:
        return _AnyManifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise TerminalError(f"{path} is no data set's manifest: {place}: {first['msg']}.") from error


def _keep_columns(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    missing = [name for name in ("messages", "tools") if name not in rows.columns]
    if missing:
        raise UsageError(f"{path} has no {' and '.join(missing)}, but {', '.join(rows.columns)}; expected messages.")
    return rows.select([name for name in OWN_COLUMNS if name in rows.columns] + ["messages", "tools"])


def _read_job(prefix: str, warehouse: Warehouse) -> SourceRows:
    sql = "select job_id, flow, parameters from core_jobs where starts_with(job_id, $prefix) order by job_id"
    jobs = warehouse.read(sql, {"prefix": prefix}).to_dicts() if warehouse.path.exists() else []
    if not jobs:
        raise UsageError(f"'{prefix}' is neither a folder nor a job; `callmill sql runs` shows the jobs there are.")
    if len(jobs) > 1:
        names = ", ".join(job["job_id"] for job in jobs[:4])
        raise UsageError(f"{len(jobs)} jobs begin with '{prefix}' ({names}); write more of the id.")
    job_id, flow = jobs[0]["job_id"], jobs[0]["flow"]
    if flow not in _FLOWS:
        raise UsageError(
            f"Job {job_id} is of flow {flow}; only rows of {' and '.join(_FLOWS)} are exported by their job's id. If it"
            " wrote rows to a folder, name its folder."
        )
    accepted = warehouse.read_named("samples", {"job_id": job_id})
    # As a folder holds them: one split after the other.
    parts = [accepted.filter(pl.col("split") == split) for split in _SPLITS]
    rows = pl.concat(parts).select([*OWN_COLUMNS, "messages", "tools", "split"])
    teacher = json.loads(jobs[0]["parameters"]).get("writer_model")
    return SourceRows(_describe(f"callmill {flow} {job_id[:8]}", job_id, teacher, rows), rows)


def _describe(name: str, job_id: str | None, teacher: str | None, rows: pl.DataFrame) -> ExportSource:
    digest = hashlib.sha256()
    named = [column for column in ("sample_id", "messages", "tools") if column in rows.columns]
    for row in rows.select(named).iter_rows():
        digest.update(("\n".join(cell or "" for cell in row) + "\n").encode())
    return ExportSource(
        name=name,
        job_id=job_id,
        written_by=teacher,
        is_offline=bool(teacher and teacher.startswith(OFFLINE_MODEL)),
        rows_sha256=digest.hexdigest(),
    )
