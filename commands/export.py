"""Data sets for other trainers."""

from pathlib import Path
from typing import cast

import click

from commands.group import AS_JSON
from schemas.export import EXPORT_FORMATS, ExportFormat


@click.command()
@click.argument("source")
@click.option("--format", "export_format", type=click.Choice(EXPORT_FORMATS), required=True, help="Who is to read it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@AS_JSON
def export(source: str, export_format: str, out: Path, as_json: bool) -> None:
    """Write SOURCE, a data set's folder or a job's id, in the form that another trainer reads."""
    from tasks.export_command import describe_export, export_for_trainer

    report = export_for_trainer(source, cast(ExportFormat, export_format), out)
    click.echo(report.model_dump_json() if as_json else describe_export(report))
