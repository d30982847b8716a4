"""The command line: thin; everything heavy is imported by the command that needs it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from schemas.errors import CallmillError, FellShortError, UsageError

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout; logs on stderr.")


class CleanErrors(click.Group):
    """Turns our errors into one line and their exit code."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except CallmillError as error:
            fail(error)
        except (KeyboardInterrupt, click.Abort):
            click.echo("callmill: stopped; the same command goes on from here.", err=True)
            sys.exit(130)
        except OSError as error:
            if error.filename is None:
                raise
            fail(UsageError(f"{error.strerror}: {error.filename}; choose another place with CALLMILL_HOME or --out."))
        except BaseException as error:
            if type(error).__name__ != "TerminationSignal":  # Prefect's on SIGTERM, and Prefect is not imported here
                raise
            click.echo("callmill: terminated; the same command goes on from here.", err=True)
            sys.exit(143)


def fail(error: CallmillError) -> NoReturn:
    """Say what is wrong in one line on stderr and exit with the error's code."""
    click.echo(f"callmill: {error}", err=True)
    sys.exit(error.exit_code)


@click.group(cls=CleanErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="callmill")
def main() -> None:
    """callmill: a data factory for function calling."""


def _api_paths(command: Callable[..., Any]) -> Callable[..., Any]:
    words = "OpenAPI document, OpenAI tools list, or a folder of them; several follow one --apis."
    return click.option("--apis", "apis", multiple=True, required=True, metavar="PATH...", help=words)(command)


@main.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@_api_paths
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
def synth(context: click.Context, /, apis: tuple[str, ...], mix: str | None, as_json: bool, **options: Any) -> None:
    """Make checked training data from API documents."""
    from flows.command import run_synth

    paths = [*apis, *context.args]
    try:
        report = run_synth(paths, mix, **options)
    except FellShortError as error:
        _print_synth(error.report, as_json)
        fail(error)
    _print_synth(report, as_json)


def _print_synth(report: Any, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_report

    print_report(report)


@main.command()
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


@main.command()
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


@main.command()
@click.option("--port", default=None, type=click.IntRange(1, 65535), help="Port of server and UI; 4200 unless given.")
@AS_JSON
def up(port: int | None, as_json: bool) -> None:
    """Start Prefect server, UI, work pool, deployments and a worker on this machine."""
    from flows.local.up import DEFAULT_PORT
    from flows.local.up import up as start
    from schemas.settings import Settings, load_settings

    report = start(load_settings(Settings), port or DEFAULT_PORT)
    if as_json:
        click.echo(report.model_dump_json())
        return
    click.echo(f"UI          {report.ui_url}")
    click.echo(f"worker      pid {report.worker_pid}, pool {report.pool}")
    click.echo(f"deployments {', '.join(report.deployments)}")
    for note in report.notes:
        click.echo(f"note        {note}")
    click.echo(f"\nexport PREFECT_API_URL={report.api_url}")
    click.echo(f"prefect deployment run {report.deployments[0]} --watch")
    click.echo("callmill down        stops all of it")


@main.command()
@click.option("--force", is_flag=True, help="Even while other commands are using the server; they fail.")
@AS_JSON
def down(force: bool, as_json: bool) -> None:
    """Stop what `callmill up` started."""
    from flows.local.up import down as stop
    from schemas.settings import Settings, load_settings

    report = stop(load_settings(Settings), force)
    if as_json:
        click.echo(report.model_dump_json())
        return
    click.echo(f"Stopped {' and '.join(report.stopped)}." if report.stopped else "Nothing was running.")
    if report.interrupted_pids:
        click.echo(f"Processes that were using the server: {', '.join(map(str, report.interrupted_pids))}.")


@main.command()
@AS_JSON
def status(as_json: bool) -> None:
    """Say what runs on this machine."""
    from flows.local.up import status as look
    from schemas.settings import Settings, load_settings

    report = look(load_settings(Settings))
    if as_json:
        click.echo(report.model_dump_json())
        return
    for name, value in report.model_dump().items():
        click.echo(f"{name.replace('_', ' '):<16} {'–' if value is None else value}")


if __name__ == "__main__":
    main()
