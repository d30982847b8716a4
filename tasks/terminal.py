"""What a person sees on a terminal: a bar per stage, and the tables at the end."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from schemas.report import IngestReport, SynthReport
from schemas.serve import ServeReport
from schemas.training_report import TrainingReport
from tasks.run import Progress as ProgressListener

_MAX_ROWS = 50
_MAX_CELL = 300
_PIPED_WIDTH = 200


@contextmanager
def stage_bars() -> Iterator[ProgressListener]:
    """Bars on stderr, one per stage; plain silence where stderr is not a terminal."""
    columns = [TextColumn("{task.description:<9}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bars: dict[str, TaskID] = {}
        finished: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            if done == 0:  # a new round of the stage goes on from where the last one ended
                finished[stage] = int(progress.tasks[bars[stage]].completed) if stage in bars else 0
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            before = finished.get(stage, 0)
            progress.update(bars[stage], completed=before + done, total=before + total)

        yield show


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Show our own warnings above the bars, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("callmill: %(message)s"))
    handler.setLevel(logging.WARNING)
    ours = logging.getLogger("callmill")
    ours.addHandler(handler)
    try:
        yield
    finally:
        ours.removeHandler(handler)


def print_report(report: SynthReport) -> None:
    """Tables, three readable samples, and what to try next, on stdout."""
    console = Console(highlight=False)
    if report.forecast is not None:
        console.print(_facts_table("Forecast after a dry run", report.forecast))
        return
    console.print(_accepted_table(report))
    _print_rejects(console, report)
    console.print(_facts_table("Run", _run_facts(report)))
    for example in report.examples:
        console.print(
            f"\n[bold]{example['kind']}[/] · offered: {escape(', '.join(example['offered']))}", soft_wrap=True
        )
        console.print(f"  user       {escape(example['query'])}", soft_wrap=True)
        for line in example["answer"]:
            console.print(f"  assistant  {escape(line)}", soft_wrap=True)
        for line in example["http"]:
            console.print(f"  [dim]as HTTP    {escape(line)}[/]", soft_wrap=True)
    console.print(f"\nData set   {report.dataset_path or 'none: nothing was accepted'}")
    console.print(f"Warehouse  {report.warehouse_path}")


def print_ingest(report: IngestReport) -> None:
    """What was found, and every document that could not be used."""
    console = Console(highlight=False)
    functions = ", ".join(f"{count:,} {state}" for state, count in report.functions.items())
    splits = ", ".join(f"{count:,} {split}" for split, count in report.splits.items())
    facts = {
        "documents": f"{report.documents} read, {report.parsed} parsed, {report.domains} domains",
        "functions": functions,
        "splits": splits,
        "repaired": f"{report.repaired:,} functions",
        "new rows": f"{report.new_rows:,}",
        "warehouse": report.warehouse_path,
    }
    console.print(_facts_table("Ingest", facts))
    _print_rejects(console, report)


def print_training(report: TrainingReport) -> None:
    """What was trained on what, its losses, what it cost, and the model's folder."""
    losses = [step.loss for stage in report.stages for step in stage.losses]
    steps = sum(stage.steps for stage in report.stages)
    facts = {
        "base": report.config.base_model,
        "method": f"{report.config.method}, calls in {report.config.call_format} form",
        "parameters": f"{report.trained_parameters:,} of {report.parameters:,} trained",
        "steps": f"{steps:,}, loss {losses[0]:.3f} → {losses[-1]:.3f}" if losses else f"{steps:,}",
        "time": f"{report.wall_seconds:,.0f} s, {report.tokens_per_second:,.0f} tokens/s on {report.device}",
        "memory": f"{report.peak_memory_bytes / 2**30:.2f} GiB at most",
        "model": report.model_path,
    }
    Console(highlight=False).print(_facts_table("Training", facts))


def print_rows(rows: pl.DataFrame) -> None:
    """A result of the warehouse: a table where it fits, else name and value below each other, row by row."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPED_WIDTH)
    cells = [[_shorten(value) for value in row] for row in rows.head(_MAX_ROWS).iter_rows()]
    widths = [max(map(len, column)) + 3 for column in zip(rows.columns, *cells, strict=True)]
    if sum(widths) < console.width:
        table = Table(*rows.columns)
        for row in cells:
            table.add_row(*map(escape, row))
        console.print(table)
    else:
        for row in cells:
            console.print(_facts_table("", dict(zip(rows.columns, row, strict=True))))
    left = rows.height - _MAX_ROWS
    console.print(f"{rows.height:,} rows" + (f"; {left:,} not shown, --json prints all" if left > 0 else ""))


def _shorten(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = "" if value is None else str(value)
    return text if len(text) <= _MAX_CELL else f"{text[:_MAX_CELL]}…"


def _print_rejects(console: Console, report: SynthReport | IngestReport) -> None:
    if report.rejected:
        console.print(_rejected_table(report))
    for problem in report.document_problems:
        detail = f": {escape(problem.detail)}" if problem.detail else ""
        console.print(f"[yellow]not used[/] {escape(problem.document_path)} ({problem.reason}{detail})", soft_wrap=True)


def _accepted_table(report: SynthReport) -> Table:
    table = Table("kind", title="Accepted per kind", title_justify="left")
    for column in ("accepted", "wanted", "candidates", "passed", "pass rate"):
        table.add_column(column, justify="right")
    for kind, wanted in report.wanted.items():
        passed, tried = report.passed[kind], report.candidates[kind]
        rate = f"{passed / tried:.0%}" if tried else "–"
        table.add_row(kind, f"{report.accepted[kind]:,}", f"{wanted:,}", f"{tried:,}", f"{passed:,}", rate)
    totals = [sum(counts.values()) for counts in (report.accepted, report.wanted, report.candidates, report.passed)]
    table.add_section()
    table.add_row("all", *(f"{total:,}" for total in totals), "")
    return table


def _rejected_table(report: SynthReport | IngestReport) -> Table:
    table = Table("what", "stage", "reason", title="Rejected per reason", title_justify="left")
    table.add_column("how many", justify="right")
    for rejected in sorted(report.rejected, key=lambda one: (one.thing, one.stage, -one.things)):
        table.add_row(rejected.thing, rejected.stage, rejected.reason, f"{rejected.things:,}")
    return table


def _run_facts(report: SynthReport) -> dict[str, object]:
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in report.stage_seconds.items())
    return {
        "teacher": report.teacher,
        "documents": f"{report.documents} read, {report.documents_used} used, {report.functions} functions",
        "answers": f"{report.answers_new:,} new, {report.answers_reused:,} reused",
        "tokens": f"{report.prompt_tokens:,} in, {report.completion_tokens:,} out",
        "cost": "unknown (set CALLMILL_TEACHER_PRICE_IN and _PRICE_OUT)" if report.cost_usd is None
        else f"{report.cost_usd:.4f} USD",
        "seconds": f"{report.seconds:.1f} ({stages})",
    }  # fmt: skip


def _facts_table(title: str, facts: Mapping[str, object]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), escape(_shorten(value)))
    return table


def print_serving(report: ServeReport, is_detached: bool) -> None:
    """Where the model answers, and how to ask it."""
    console = Console(highlight=False, soft_wrap=True)
    took = f", took over from {report.previous_model}" if report.previous_model else ""
    console.print(f"[bold]{escape(report.model)}[/] answers at [bold]{report.url}[/]{took}")
    console.print(f"smoke test    {escape(report.smoke.summary)}, {report.smoke.seconds:.1f} s")
    console.print(f"ready after   {report.seconds_to_ready:.1f} s, engine {report.engine}, pid {report.pid}")
    console.print(f"try           callmill chat {report.url} --tools examples/weather.openapi30.yaml")
    console.print(f"stop          callmill down --name {report.name}" if is_detached else "stop          Ctrl-C")
