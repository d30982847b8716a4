"""Write a data set in another trainer's form: JSON Lines per split, what the tool needs beside them, card, manifest."""

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from pydantic import ValidationError

from schemas.errors import TerminalError, UsageError
from schemas.export import WHY_NOT_CARRIED, ExportFormat, FormatManifest, FormatReport, LeftOutRows, NotCarried
from schemas.record import json_text
from tasks.export import CARD, MANIFEST, hash_content
from tasks.export_formats.card import write_format_card
from tasks.export_formats.conversation import NotCarriedError, read_conversation
from tasks.export_formats.formats import FORMATS
from tasks.export_formats.source import OWN_COLUMNS, SourceRows
from tasks.whole_folder import beside, describe_files, put_in_place, sha256_of

_LINES = ("train.jsonl", "validation.jsonl", "test.jsonl")


class _Written(NamedTuple):
    splits: dict[str, int]
    left_out: tuple[LeftOutRows, ...]


def write_format(found: SourceRows, export_format: ExportFormat, folder: Path) -> FormatReport:
    """Write an export, whole or not at all; an earlier export in that place is replaced.

    Raises:
        UsageError: the folder holds something that is not an export's.
        TerminalError: the form has a place for none of the rows.
    """
    target = folder.resolve()
    refuse_other_things(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target) as temporary:
        temporary.mkdir()
        manifest = _write_beside(found, export_format, temporary)
        put_in_place(temporary, target)
    return FormatReport(export_path=str(folder), manifest_sha256=sha256_of(target / MANIFEST), manifest=manifest)


def refuse_other_things(target: Path) -> None:
    """Raise UsageError if a folder holds something that is not an export's, such as the data set itself."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; expected a folder to write the export to.")
    names = {path.name for path in target.iterdir()} if target.exists() else set()
    side_names = {name for each in FORMATS.values() for name in each.side_names}
    known = {MANIFEST, CARD, *_LINES, *side_names} if _is_export(target) else set()
    if foreign := names - known:
        raise UsageError(
            f"{target} holds {', '.join(sorted(foreign)[:3])}, which is no part of an export; choose another folder."
        )


def _is_export(target: Path) -> bool:
    try:
        FormatManifest.model_validate_json((target / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return False
    return True


def _write_beside(found: SourceRows, export_format: ExportFormat, folder: Path) -> FormatManifest:
    splits, left_out = _write_rows(found.rows, export_format, folder)
    if not splits:
        reasons = "; ".join(f"{one.rows} because {WHY_NOT_CARRIED[one.reason]}" for one in left_out)
        raise TerminalError(f"No row of {found.source.name} can be written as {export_format}: {reasons}.")
    texts = {
        **FORMATS[export_format].side_files(list(splits)),
        CARD: write_format_card(export_format, found.source, splits, left_out),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    lines = {f"{split}.jsonl": rows for split, rows in splits.items()}
    files = describe_files(folder, {**lines, **dict.fromkeys(texts)})
    manifest = FormatManifest(
        export_format=export_format,
        source=found.source,
        rows=sum(splits.values()),
        splits=splits,
        left_out=left_out,
        files=files,
        content_sha256=hash_content(files),
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8", newline="\n")
    return manifest


def _write_rows(rows: pl.DataFrame, export_format: ExportFormat, folder: Path) -> _Written:
    left_out: dict[NotCarried, list[str]] = defaultdict(list)
    splits: dict[str, int] = {}
    for (split,), part in rows.group_by("split", maintain_order=True):
        path, count = folder / f"{split}.jsonl", 0
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for place, row in enumerate(part.iter_rows(named=True)):
                try:
                    file.write(json_text(_to_row(row, export_format)) + "\n")
                    count += 1
                except NotCarriedError as error:
                    left_out[error.reason].append(row.get("sample_id") or f"{split} {place}")
        if count:
            splits[str(split)] = count
        else:
            path.unlink()
    return _Written(
        splits,
        tuple(LeftOutRows(reason=reason, rows=len(ids), sample_ids=tuple(ids)) for reason, ids in left_out.items()),
    )


def _to_row(row: dict[str, Any], export_format: ExportFormat) -> dict[str, Any]:
    own = {name: row[name] for name in OWN_COLUMNS if row.get(name) is not None}
    return own | FORMATS[export_format].to_row(read_conversation(row["messages"], row["tools"]))
