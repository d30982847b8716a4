"""Data sets of others, brought in."""

from pathlib import Path
from typing import Any

import click

from commands.group import AS_JSON, fail
from schemas.errors import FellShortError

_FORMS = ["auto", "toolace", "xlam", "glaive", "hermes"]


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(_FORMS), default="auto", show_default=True, help="Of the set's rows.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the data set.")
@AS_JSON
def import_set(path: Path, form: str, out: Path | None, as_json: bool) -> None:
    """Bring in a data set of others, checked like our own; PATH: JSON, JSON Lines or Parquet, or a folder of them."""
    from tasks.importing.import_set import import_data_set

    known: Any = None if form == "auto" else form
    try:
        report = import_data_set(path, known, out)
    except FellShortError as error:
        _print(error.report, as_json)
        fail(error)
    _print(report, as_json)


def _print(report: Any, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.importing.print_import import print_import

    print_import(report)
