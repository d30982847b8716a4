"""The whole line in one command."""

from pathlib import Path
from typing import Any

import click

from commands.data import api_paths, print_synth
from commands.group import AS_JSON, fail
from commands.scores import print_evaluation_report
from schemas.errors import FellShortError
from schemas.report import SynthReport


@click.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@api_paths
@click.option("--config", required=True, type=click.Path(path_type=Path), help="Of the training.")
@click.option("--samples", default=500, show_default=True, help="To train on, exactly.")
@click.option("--mix", default=None, help="Weights per kind: simple=25,multiple=25,…")
@click.option("--seed", default=0, show_default=True, help="Another seed, other samples.")
@click.option("--set", "changes", multiple=True, metavar="KNOB=VALUE", help="Over what the config says; repeatable.")
@click.option("--test-samples", default=100, show_default=True, help="Cases of functions held out.")
@click.option("--engine", type=click.Choice(["embedded", "vllm"]), default="embedded", show_default=True)
@click.option("--budget", "budget_usd", type=float, help="Stop writing samples before spending more USD.")
@click.option("--gpu-price", "gpu_usd_per_hour", type=click.FloatRange(0), help="USD per hour of one GPU.")
@click.option("--out", type=click.Path(path_type=Path), help="The HTML report's file.")
@AS_JSON
@click.pass_context
def factory(
    context: click.Context,
    /,
    apis: tuple[str, ...],
    config: Path,
    changes: tuple[str, ...],
    mix: str | None,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """API documents in, an evaluated model out: synth, train, serve, evaluate, with minutes and cost per stage."""
    from flows.command import run_factory

    words = {**options, "changes": list(changes), "mix": mix, "out": str(out) if out else None}
    try:
        report = run_factory([*apis, *context.args], str(config), **words)
    except FellShortError as error:
        is_synth = isinstance(error.report, SynthReport)
        (print_synth if is_synth else print_evaluation_report)(error.report, as_json)
        fail(error)
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.factory_tables import print_factory

    print_factory(report)
