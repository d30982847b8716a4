"""Chat data, questions answered anew, and long rows."""

from typing import Any

import click

from commands.group import AS_JSON, fail
from schemas.errors import FellShortError


@click.command("chat-data")
@click.argument("paths", nargs=-1, required=True)
@click.option("--language", default="en,zh", show_default=True, help="Languages to keep.")
@click.option("--limit", type=click.IntRange(1), help="End after so many rows.")
@click.option("--skip", default=0, type=click.IntRange(0), help="Pass over so many first, for a set that shares none.")
@click.option("--out", type=click.Path(), help="Folder of the data set.")
@AS_JSON
def chat_data(
    paths: tuple[str, ...], language: str, limit: int | None, skip: int, out: str | None, as_json: bool
) -> None:
    """Make a data set of chat from any set of conversations: JSON, JSON Lines, Parquet, or a folder of `datasets`."""
    from tasks.chat_data import make_chat_data

    report = make_chat_data(list(paths), language, limit, out, skip)
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.chat_tables import print_chat_data

    print_chat_data(report)


def synth_chat(chats: list[str], as_json: bool, **options: Any) -> None:
    """`callmill synth --chat`: have the teacher answer the questions of a chat set anew."""
    from flows.command import run_synth_chat

    try:
        report = run_synth_chat(chats, **options)
    except FellShortError as error:
        _print_synth_chat(error.report, as_json)
        fail(error)
    _print_synth_chat(report, as_json)


def _print_synth_chat(report: Any, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.chat_tables import print_chat_synth

    print_chat_synth(report)


@click.command("long-rows")
@click.argument("dataset", type=click.Path())
@click.option("--tokens", default=16_000, show_default=True, type=click.IntRange(500), help="Of each row, about.")
@click.option("--samples", default=100, show_default=True, type=click.IntRange(1), help="Rows to end with.")
@click.option("--tokenizer", help="Folder of a tokenizer to count with; none: an estimate from characters.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Rows of this language alone.")
@click.option("--seed", default=0, show_default=True, help="Another seed, other rows.")
@click.option("--out", type=click.Path(), help="Folder of the data set.")
@AS_JSON
def long_rows(dataset: str, as_json: bool, **options: Any) -> None:
    """Make long rows from DATASET: many functions, a long history of calls and results, the asked-for call last."""
    from tasks.long_rows import make_long_rows

    try:
        report = make_long_rows(dataset, **options)
    except FellShortError as error:
        _print_long_rows(error.report, as_json)
        fail(error)
    _print_long_rows(report, as_json)


def _print_long_rows(report: Any, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.chat_tables import print_long_rows

    print_long_rows(report)
