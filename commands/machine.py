"""What runs on this machine."""

import json

import click

from commands.group import AS_JSON
from schemas.errors import UsageError


@click.command()
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


@click.command()
@click.option("--force", is_flag=True, help="Even while other commands are using the server; they fail.")
@click.option("--name", help="Only the model server of this name.")
@AS_JSON
def down(force: bool, name: str | None, as_json: bool) -> None:
    """Stop what `callmill up` started, and the models that `callmill serve` serves."""
    from flows.local.up import down as stop
    from schemas.settings import Settings, load_settings
    from tasks.servers import stop_servers

    settings = load_settings(Settings)
    models = tuple(f"model server {each}" for each in stop_servers(settings.home, name))
    if name is not None:
        if not models:
            raise UsageError(f"No model server named {name} runs; `callmill status` lists those that do.")
        click.echo(json.dumps({"stopped": models}) if as_json else f"Stopped {models[0]}.")
        return
    report = stop(settings, force)
    report = report.model_copy(update={"stopped": models + report.stopped})
    if as_json:
        click.echo(report.model_dump_json())
        return
    click.echo(f"Stopped {', '.join(report.stopped)}." if report.stopped else "Nothing was running.")
    if report.interrupted_pids:
        click.echo(f"Processes that were using the server: {', '.join(map(str, report.interrupted_pids))}.")


@click.command()
@AS_JSON
def status(as_json: bool) -> None:
    """Say what runs on this machine."""
    from flows.local.up import status as look
    from schemas.settings import Settings, load_settings
    from tasks.servers import list_servers

    settings = load_settings(Settings)
    report = look(settings)
    servers = list_servers(settings.home)
    if as_json:
        click.echo(json.dumps({**report.model_dump(), "servers": [server.model_dump() for server in servers]}))
        return
    for name, value in report.model_dump().items():
        click.echo(f"{name.replace('_', ' '):<16} {'–' if value is None else value}")
    for server in servers:
        place = f"{server.model} at {server.url or 'no address yet'}, {server.engine}, pid {server.pid}"
        words = f"{place}, {server.phase} since {server.since}"
        click.echo(f"{'server ' + server.name:<16} {words}; log {server.log}")
