"""Scores, and what differs between them."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from commands.group import AS_JSON, BACKENDS, CALL_FORMATS, fail
from schemas.errors import FellShortError, UsageError


@click.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@click.argument("model")
@click.option("--suite", type=click.Choice(["tiers", "kinds", "bfcl"]), default="tiers", show_default=True)
@click.option("--against", multiple=True, metavar="URL=MODEL", help="One more; FOLDER or FOLDER@none too.")
@click.option("--apis", multiple=True, metavar="PATH...", help="Your own documents; several follow one --apis.")
@click.option("--from", "origin", type=click.Choice(["all", "public", "own"]), default="all", show_default=True)
@click.option("--samples", "own_samples", default=100, show_default=True, help="Of your own documents.")
@click.option("--categories", default="all", show_default=True, help="BFCL: names or groups, with commas.")
@click.option("--mode", type=click.Choice(["fc", "prompt"]), default="fc", show_default=True, help="BFCL's two modes.")
@click.option("--limit", type=int, help="At most so many cases of each category.")
@click.option("--sampling", type=click.Choice(["greedy", "sampled", "both"]), default="greedy", show_default=True)
@click.option("--repeats", default=1, show_default=True, help="Draws of each case under each sampling.")
@click.option("--max-tokens", type=int, help="Of each answer; the endpoint's own unless given.")
@click.option("--engine", type=click.Choice(["embedded", "vllm"]), default="embedded", help="That serves a folder.")
@click.option("--call-format", type=click.Choice(CALL_FORMATS), default="hermes", help="Of a folder's model.")
@click.option("--backend", type=click.Choice(BACKENDS), default="xgrammar", help="Of folders; none: no token masks.")
@click.option("--again", is_flag=True, help="Ask everything again, even what is stored.")
@click.option("--out", type=click.Path(path_type=Path), help="The HTML report's file.")
@AS_JSON
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    model: str,
    against: tuple[str, ...],
    apis: tuple[str, ...],
    engine: str,
    call_format: str,
    backend: str,
    again: bool,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score a model on the four tiers, the five kinds or BFCL; MODEL: URL, URL=MODEL, a folder, a server's name.

    FOLDER@none asks the folder's model without token masks, beside FOLDER with them.
    """
    from flows.command import run_evaluation
    from schemas.evaluation_options import FolderServing

    if context.args and not apis:
        raise UsageError(f"Unexpected '{context.args[0]}'; documents follow --apis, further models --against.")
    serving = FolderServing.model_validate({"engine": engine, "call_format": call_format, "backend": backend})
    words = {**options, "serving": serving, "occurrence": time.strftime("%FT%T%z") if again else None}
    try:
        report = run_evaluation([model, *against], [*apis, *context.args], out=str(out) if out else None, **words)
    except FellShortError as error:
        print_evaluation_report(error.report, as_json)
        fail(error)
    print_evaluation_report(report, as_json)


def print_evaluation_report(report: Any, as_json: bool) -> None:
    """On the terminal, or as JSON."""
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.evaluation_tables import print_evaluation

    print_evaluation(report)


@click.command()
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@click.option("--underscore-to-dot", is_flag=True, help="Dots of expected names were sent as underscores.")
@AS_JSON
def score(file: Path, underscore_to_dot: bool, as_json: bool) -> None:
    """Judge calls by BFCL's rules: JSON lines in FILE (gzip or not, - for stdin), each line out with `ours`.

    \b
    A line: {"id": "1", "category": "simple_python", "language": "python",
             "functions": [BFCL's documents], "possible_answer": [{"f": {"a": [1]}}],
             "output": [{"f": {"a": 1}}]}
    With "official": {"valid", "error_type"} in it, --json says how often ours agrees.
    """
    from schemas.record import json_text
    from tasks.score_file import score_lines, summarise

    lines = score_lines(file, underscore_to_dot)
    if as_json:
        click.echo(summarise(lines).model_dump_json())
        return
    counts: Counter[str] = Counter()
    for line in lines:
        click.echo(json_text(line.fields))
        judged = {True: "valid", False: "wrong", None: f"no verdict ({line.verdict.reason})"}
        counts[judged[line.verdict.valid]] += 1
    words = ", ".join(f"{count:,} {word}" for word, count in counts.most_common())
    click.echo(f"callmill: {counts.total():,} lines: {words or 'nothing to judge'}", err=True)


@click.command()
@click.argument("before")
@click.argument("after")
@AS_JSON
def diff(before: str, after: str, as_json: bool) -> None:
    """Compare two evaluations case by case; BEFORE and AFTER are run ids, or RUN=MODEL where a run has several."""
    from tasks.compare_runs import compare_runs

    comparisons = compare_runs(before, after)
    if as_json:
        click.echo(json.dumps([comparison.model_dump() for comparison in comparisons]))
        return
    from tasks.evaluation_tables import print_comparison

    for comparison in comparisons:
        print_comparison(comparison)
