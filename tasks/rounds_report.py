"""End the rounds: every model's scores side by side, for terminal, Prefect UI and warehouse."""

import time

from prefect.artifacts import acreate_table_artifact
from prefect.context import FlowRunContext
from rich.console import Console
from rich.table import Table

from schemas.preferences import RoundsReport
from schemas.sample import KINDS
from tasks.rounds_run import RoundsRun

_PIPED_WIDTH = 140
_COLUMNS = (*KINDS, "simple", "medium", "hard", "enterprise", "all")


async def report_rounds(run: RoundsRun) -> RoundsReport:
    """Sum up, show, record the end."""
    report = RoundsReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        base_model=run.options.config.base_model,
        base_scores=run.base_scores,
        draws=run.options.draws,
        teacher=run.options.teacher,
        rounds=tuple(run.done),
        notes=tuple(run.notes),
        seconds=round(time.monotonic() - run.started, 2),
    )
    if FlowRunContext.get() is not None:
        await acreate_table_artifact(rounds_rows(report), key="rounds-scores", description=f"Rounds, job {run.job_id}")
    run.log_event("ended", **report.model_dump(mode="json"))
    return report


def rounds_rows(report: RoundsReport) -> list[dict[str, str]]:
    """One row per model: what it learnt from, what the one before it got right in practice, and its scores."""
    measured = {name for each in (report.base_scores, *(one.scores for one in report.rounds)) for name in each}
    columns = [name for name in dict.fromkeys(_COLUMNS) if name in measured]

    def spell(scores: dict[str, float]) -> dict[str, str]:
        return {name: f"{100 * scores[name]:.1f}" if name in scores else "–" for name in columns}

    rows = [{"model": "base", "learnt from": "–", "practice": "–", **spell(report.base_scores)}]
    for one in report.rounds:
        name = f"round {one.number}" if one.number else "sft"
        practice = f"{100 * one.practice['all']:.1f}" if one.practice else "–"
        learnt = f"{one.rows} {'pairs' if one.number else 'rows'}"
        rows.append({"model": name, "learnt from": learnt, "practice": practice, **spell(one.scores)})
    return rows


def print_rounds(report: RoundsReport) -> None:
    """The table, the notes, and where the newest model is."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPED_WIDTH)
    rows = rounds_rows(report)
    table = Table(title="Rounds: % right on held-out functions", title_justify="left")
    for place, name in enumerate(rows[0]):
        table.add_column(name, justify="left" if place < 2 else "right")
    for row in rows:
        table.add_row(*row.values())
    console.print(table)
    for note in report.notes:
        console.print(note, soft_wrap=True)
    console.print(f"model  {report.rounds[-1].model_path}", soft_wrap=True)
