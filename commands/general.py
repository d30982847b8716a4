"""General ability by lm-evaluation-harness."""

from typing import Any

import click

from commands.group import AS_JSON, BACKENDS, CALL_FORMATS


@click.command("lm-eval")
@click.argument("model")
@click.option("--tasks", required=True, metavar="NAME,FILE", help="The harness's tasks, or YAML files, with commas.")
@click.option("--limit", type=int, help="At most so many cases of each task.")
@click.option("--fewshot", type=int, help="Solved examples before each question; as the task says unless given.")
@click.option("--engine", type=click.Choice(["embedded", "vllm"]), default="embedded", help="That serves a folder.")
@click.option("--call-format", type=click.Choice(CALL_FORMATS), default="hermes", help="Of a folder's model.")
@click.option("--backend", type=click.Choice(BACKENDS), default="xgrammar", help="Makes a folder's token masks.")
@AS_JSON
def lm_eval(model: str, tasks: str, engine: str, call_format: str, backend: str, as_json: bool, **options: Any) -> None:
    """Score general ability by lm-evaluation-harness; MODEL: URL, URL=MODEL, a folder, a server's name."""
    from flows.command import run_lm_eval
    from schemas.evaluation_options import FolderServing

    serving = FolderServing.model_validate({"engine": engine, "call_format": call_format, "backend": backend})
    report = run_lm_eval(model, tasks, serving=serving, **options)
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.general_table import print_general

    print_general(report)
