"""`callmill export`: a data set in the form that another trainer reads."""

from pathlib import Path

from schemas.export import WHY_NOT_CARRIED, ExportFormat, FormatReport
from schemas.settings import Settings, load_settings
from tasks.export_formats.folder import refuse_other_things, write_format
from tasks.export_formats.source import read_source
from warehouse.store import Warehouse


def export_for_trainer(source: str, export_format: ExportFormat, out: Path) -> FormatReport:
    """Read a data set and write it anew.

    Args:
        source: a data set's folder, or the beginning of a job's id.
        export_format: the form.
        out: folder to write to.

    Raises:
        UsageError: there is no such source, or `out` holds other things.
        TerminalError: the source is damaged, or none of its rows has a place in the form.
    """
    refuse_other_things(out.resolve())
    settings = load_settings(Settings)
    return write_format(
        read_source(source, Warehouse(settings.warehouse_path, settings.lock_wait_s)), export_format, out
    )


def describe_export(report: FormatReport) -> str:
    """What a person is told: where it is, how many rows, and which were left out and why."""
    manifest = report.manifest
    splits = ", ".join(f"{split} {rows}" for split, rows in manifest.splits.items())
    lines = [f"{report.export_path}: {manifest.rows} rows for {manifest.export_format} ({splits})"]
    for one in manifest.left_out:
        named = ", ".join(one.sample_ids[:3]) + (", …" if one.rows > len(one.sample_ids[:3]) else "")
        lines.append(f"left out: {one.rows} {one.reason} ({WHY_NOT_CARRIED[one.reason]}): {named}")
    return "\n".join([*lines, f"README.md there says how {manifest.export_format} loads it."])
