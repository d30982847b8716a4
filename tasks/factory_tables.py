"""The factory's two tables: accuracy per kind before and after, and what each stage took."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eval.report.sentences import percent
from eval.summary import ALL
from schemas.evaluation import CategoryScore, EvaluationReport
from schemas.factory import FactoryReport, StageCost

_PIPED_WIDTH = 200
MEAN = "mean of the kinds"


def before_and_after(scored: EvaluationReport) -> list[dict[str, str]]:
    """A row per kind and one for their mean, a column per model; shares in percent."""
    models = scored.models[::-1]  # the base first: before, then after
    kinds = [row.category for row in models[0].categories if row.category != ALL]
    table = [
        {"kind": kind} | {model.model: percent(_accuracy(model.categories, kind)) for model in models} for kind in kinds
    ]
    means = {
        model.model: percent(sum(_accuracy(model.categories, kind) for kind in kinds) / len(kinds)) for model in models
    }
    return [*table, {"kind": MEAN} | means]


def cost_rows(report: FactoryReport) -> list[dict[str, str]]:
    """A row per stage and their sum."""
    total = StageCost(
        stage="all",
        seconds=report.seconds,
        teacher_usd=_sum([each.teacher_usd for each in report.stages]),
        machine_usd=_sum([each.machine_usd for each in report.stages]),
    )
    return [
        {
            "stage": each.stage,
            "minutes": f"{each.seconds / 60:.1f}",
            "teacher USD": _dollars(each.teacher_usd),
            "machine USD": _dollars(each.machine_usd),
        }
        for each in (*report.stages, total)
    ]


def print_factory(report: FactoryReport) -> None:
    """What came of it, on stdout: scores, stages, and what to do next."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPED_WIDTH)
    scored = report.evaluation
    cases = max(row.cases for row in scored.models[0].categories if row.category == ALL)
    title = f"Right answers by BFCL's rules, %, {cases:,} cases of functions that were never trained on"
    console.print(_table(title, before_and_after(scored)))
    console.print(_table("What it took", cost_rows(report)))
    console.print(f"data set   {escape(str(report.synth.dataset_path))}", soft_wrap=True)
    console.print(f"model      {escape(report.training.model_path)}", soft_wrap=True)
    console.print(f"report     {escape(scored.report_path)}", soft_wrap=True)
    console.print(f"run        {report.run_id}  (callmill sql stages)", soft_wrap=True)


def _accuracy(rows: Sequence[CategoryScore], kind: str) -> float:
    return next(row.accuracy for row in rows if row.category == kind)


def _sum(amounts: Sequence[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _dollars(amount: float | None) -> str:
    return "–" if amount is None else f"{amount:,.4f}"


def _table(title: str, rows: Sequence[dict[str, str]]) -> Table:
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(rows[0]):
        table.add_column(escape(name), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row.values()), style="bold" if row is rows[-1] else "")
    return table
