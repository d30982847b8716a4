"""Models out of their own mistakes: preference pairs, recovery rows, and rounds of DPO."""

from pathlib import Path
from typing import Any

import click

from commands.group import AS_JSON, BACKENDS


@click.command()
@click.option("--run", "run_id", metavar="RUN_ID", help="Of an evaluation: its model's wrong answers.")
@click.option("--job", "job_id", metavar="JOB_ID", help="Of an evaluation, or of synth: what was rejected.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the rows.")
@click.option("--recovery", is_flag=True, help="Conversations in which a refused call is mended, instead of pairs.")
@click.option("--model", metavar="LABEL", help="Whose wrong answers; the evaluation's first model unless given.")
@click.option("--chosen-from", metavar="LABEL", help="Model whose own right answers are preferred to the samples'.")
@AS_JSON
def preferences(recovery: bool, as_json: bool, **words: Any) -> None:
    """Pair right answers with wrong ones that were really given, for `method: dpo`; never on held-out functions."""
    from tasks.preferences_run import PreferenceWords, make_or_refuse

    report = make_or_refuse(PreferenceWords(form="recovery" if recovery else "pairs", **words))
    if as_json:
        click.echo(report.model_dump_json())
        return
    click.echo(f"{report.rows:,} {'recovery rows' if recovery else 'pairs'} in {report.folder}")
    for name in ("sources", "kinds", "error_types", "written_by", "chosen_by", "left_out"):
        counts = ", ".join(f"{value} {count:,}" for value, count in getattr(report, name).items())
        click.echo(f"{name.replace('_', ' '):<12} {counts or '–'}")


@click.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--dpo", "dpo_config", required=True, type=click.Path(path_type=Path), help="YAML of the rounds' DPO.")
@click.option("--rounds", "number", default=1, show_default=True, help="How often: practise, pair, prefer, score.")
@click.option("--set", "changes", multiple=True, metavar="KNOB=VALUE", help="Over what CONFIG says; repeatable.")
@click.option("--dpo-set", "dpo_changes", multiple=True, metavar="KNOB=VALUE", help="Over what --dpo says; repeatable.")
@click.option("--base", metavar="MODEL", help="base_model=MODEL of CONFIG.")
@click.option("--data", metavar="FOLDER", help="Data set in the place of CONFIG's last source.")
@click.option("--apis", multiple=True, metavar="PATH...", help="To practise and score on; the data's own unless given.")
@click.option("--cases", default=100, show_default=True, help="Practised on in a round, of the train split.")
@click.option("--samples", default=100, show_default=True, help="Scored cases, of the test split.")
@click.option("--draws", default=1, show_default=True, help="Answers per practice case; above 1: rejection sampling.")
@click.option("--teacher", metavar="FOLDER", help="An earlier checkpoint whose right answers are preferred.")
@click.option("--engine", type=click.Choice(["embedded", "vllm"]), default="embedded", help="That serves in practice.")
@click.option("--backend", type=click.Choice(BACKENDS), default="none", show_default=True, help="Of masks in practice.")
@click.option("--max-tokens", default=512, show_default=True, help="Of an answer in practice.")
@click.option("--seed", default=1000, show_default=True, help="Of the practice cases; other than the data's.")
@click.option("--out", metavar="FOLDER", help="Of the models and pairs.")
@AS_JSON
@click.pass_context
def rounds(
    context: click.Context,
    /,
    config: Path,
    dpo_config: Path,
    number: int,
    changes: tuple[str, ...],
    base: str | None,
    apis: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Train as CONFIG says, then in rounds: the model practises, its wrong answers become pairs, DPO, scores."""
    from flows.command import run_rounds

    wanted = [*changes, *([f"base_model={base}"] if base is not None else [])]
    report = run_rounds(str(config), str(dpo_config), wanted, [*apis, *context.args], rounds=number, **options)
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.rounds_report import print_rounds

    print_rounds(report)
