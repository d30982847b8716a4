"""What a person sees of general ability on a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.general import GeneralReport


def print_general(report: GeneralReport) -> None:
    """A line for each task and metric."""
    console = Console(highlight=False)
    title = f"{escape(report.model)} by lm-evaluation-harness {report.harness_version}"
    table = Table("task", "metric", "filter", title=title, title_justify="left")
    for column in ("value", "± standard error", "cases", "examples before"):
        table.add_column(column, justify="right")
    for one in report.results:
        error = "–" if one.standard_error is None else f"{one.standard_error:.4f}"
        shots = "–" if one.fewshot is None else str(one.fewshot)
        table.add_row(one.task, one.metric, one.filter, f"{one.value:.4f}", error, f"{one.cases:,}", shots)
    console.print(table)
    console.print(f"run {report.run_id}, {report.seconds:,.0f} s; its own files: {report.folder}", soft_wrap=True)
