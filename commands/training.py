"""Models out of data sets."""

from pathlib import Path

import click

from commands.group import AS_JSON
from commands.scores import print_evaluation_report


@click.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="KNOB=VALUE", help="Over what the file says; repeatable.")
@click.option("--base", metavar="MODEL", help="base_model=MODEL: a folder, or a name on the hub.")
@click.option("--data", metavar="FOLDER", help="A data set of `callmill synth`; newest: its last one.")
@click.option("--out", metavar="FOLDER", help="output=FOLDER of the trained model.")
@click.option(
    "--apis", multiple=True, metavar="PATH...", help="Documents that it is scored on; the data's own unless given."
)
@click.option("--samples", default=100, show_default=True, help="Cases made from them.")
@click.option("--no-evaluation", is_flag=True, help="Train alone.")
@click.option("--dry-run", is_flag=True, help="Expected memory and time; nothing is loaded or written.")
@AS_JSON
@click.pass_context
def train(
    context: click.Context,
    /,
    config: Path,
    changes: tuple[str, ...],
    base: str | None,
    data: str | None,
    out: str | None,
    apis: tuple[str, ...],
    samples: int,
    no_evaluation: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train a model as CONFIG says, then score it beside its base; the same command goes on with an interrupted one."""
    from flows.command import estimate_training, run_training

    named = {"base_model": base, "output": out}
    wanted = [*changes, *(f"{knob}={value}" for knob, value in named.items() if value is not None)]
    if dry_run:
        click.echo(estimate_training(config, wanted, data))
        return
    options = {"samples": samples, "is_evaluated": not no_evaluation}
    report = run_training(str(config), wanted, data, [*apis, *context.args], **options)
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_training

    print_training(report.training)
    if report.evaluation is not None:
        print_evaluation_report(report.evaluation, as_json)
