"""Documents in, data sets out, and SQL over what lies between."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from commands.group import AS_JSON, fail
from schemas.errors import FellShortError, UsageError

_PATHS_WORDS = "OpenAPI document, OpenAI tools list, or a folder of them; several follow one --apis."
_ABOUT_CALLS = ("apis", "mix", "split", "judge_draws", "dry_run")
"""Options of `synth` that mean nothing with --chat."""


def api_paths(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option for documents; further ones may follow it without their own --apis."""
    return click.option("--apis", "apis", multiple=True, required=True, metavar="PATH...", help=_PATHS_WORDS)(command)


@click.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@click.option("--apis", "apis", multiple=True, metavar="PATH...", help=_PATHS_WORDS)
@click.option("--chat", "chats", multiple=True, metavar="PATH...", help="Instead: answer these chats' questions anew.")
@click.option("--turns", type=click.Choice(["first", "all"]), help="With --chat: which questions of a row.")
@click.option("--samples", default=500, show_default=True, help="Accepted samples to end with, exactly.")
@click.option("--mix", default=None, help="Weights per kind: simple=25,multiple=25,…")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Language of every query; none: each document's own.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="train", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed, other candidates.")
@click.option("--judge-draws", default=3, show_default=True, type=click.IntRange(2), help="Judge answers per sample.")
@click.option("--budget", "budget_usd", type=float, help="Stop before this job spends more USD than this.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the data set.")
@click.option("--dry-run", is_flag=True, help="Try 20 candidates and forecast tokens, money and time.")
@AS_JSON
@click.pass_context
def synth(
    context: click.Context,
    /,
    apis: tuple[str, ...],
    chats: tuple[str, ...],
    turns: str | None,
    mix: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make checked training data from API documents, or chat by the teacher (--chat)."""
    if chats:
        _answer_chats(context, [*chats, *context.args], turns or "first", as_json, options)
        return
    if not apis or turns:
        raise UsageError("--turns goes with --chat alone." if apis else "Give documents by --apis, or chats by --chat.")
    from flows.command import run_synth

    paths = [*apis, *context.args]
    try:
        report = run_synth(paths, mix, **options)
    except FellShortError as error:
        print_synth(error.report, as_json)
        fail(error)
    print_synth(report, as_json)


def _answer_chats(context: click.Context, chats: list[str], turns: str, as_json: bool, options: dict[str, Any]) -> None:
    from commands.chat_data import synth_chat

    given = click.core.ParameterSource.COMMANDLINE
    if wrong := [name for name in _ABOUT_CALLS if context.get_parameter_source(name) is given]:
        raise UsageError(f"--{wrong[0].replace('_', '-')} is about calls and does not go with --chat; leave it out.")
    kept = {name: value for name, value in options.items() if name not in _ABOUT_CALLS}
    synth_chat(chats, as_json, turns=turns, **kept)


def print_synth(report: Any, as_json: bool) -> None:
    """On the terminal, or as JSON."""
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_report

    print_report(report)


@click.command()
@click.argument("apis", nargs=-1, required=True)
@AS_JSON
def ingest(apis: tuple[str, ...], as_json: bool) -> None:
    """Read API documents into the warehouse, cleaned."""
    from tasks.store_documents import ingest_into_warehouse

    report = ingest_into_warehouse(list(apis))
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_ingest

    print_ingest(report)


@click.command()
@click.argument("query", required=False)
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Value of a $name in the query.")
@AS_JSON
def sql(query: str | None, parameters: tuple[str, ...], as_json: bool) -> None:
    """Ask the warehouse, read-only: QUERY is SQL, or a name; without QUERY the names there are."""
    from schemas.settings import Settings, load_settings
    from warehouse.store import Warehouse, query_names, query_text

    if query is None:
        for name in query_names():
            click.echo(f"{name:<22} {query_text(name).splitlines()[0].removeprefix('-- ')}")
        return
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    if wrong := [part for part in parameters if "=" not in part]:
        raise UsageError(f"--param {wrong[0]} has no value; write --param {wrong[0]}=VALUE.")
    values = dict(part.split("=", 1) for part in parameters)
    is_name = query in query_names() or query.replace("_", "").isalnum()
    rows = warehouse.read_named(query, values) if is_name else warehouse.read(query, values)
    if as_json:
        click.echo(json.dumps(rows.to_dicts(), ensure_ascii=False, default=str))
        return
    from tasks.terminal import print_rows

    print_rows(rows)
