"""End an evaluation: one report for terminal, Prefect UI, warehouse and HTML; no number where nothing was answered."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.context import FlowRunContext

from eval.compare import compare_scores
from eval.official.categories import CATEGORIES, Category
from eval.official.results import CategoryCount
from eval.official.scores import aggregate
from eval.report.page import write_report
from eval.report.sentences import is_measured
from eval.summary import summarise_scores
from schemas.errors import FellShortError, TerminalError
from schemas.evaluation import Comparison, EvaluationReport, ModelReport, Overall, Score
from tasks.evaluate_official import pass_folder
from tasks.evaluation_run import EvaluationRun
from tasks.evaluation_suite import PreparedSuite
from tasks.evaluation_tables import as_markdown, table_rows
from tasks.targets import FREE_ENDING


async def report_evaluation(run: EvaluationRun, suite: PreparedSuite, out: str | None) -> EvaluationReport:
    """Summarise, compare, write the page, show the tables, record the end.

    Raises:
        TerminalError: a model answered nothing, so there is nothing to report about it.
        FellShortError: some cases got no answer and may get one later; carries the report.
    """
    for label, scores in run.scores.items():
        if all(score.valid is None for score in scores):
            raise TerminalError(_words_for_nothing(label, run, scores))
    path = Path(out) if out else run.settings.home / "evaluations" / f"{run.run.run_id}.html"
    report = EvaluationReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        suite=run.options.suite,
        suite_version=suite.name.version,
        suite_hash=suite.name.hash,
        models=tuple(_report_model(run, suite, label) for label in run.scores),
        published=suite.published,
        comparisons=_compare_with_first(run.scores),
        notes=(*suite.notes, *_notes(run)),
        report_path=str(path.resolve()),
        seconds=round(time.monotonic() - run.started, 2),
        serve_seconds=round(run.stage_seconds.get("serve", 0.0), 2),
    )
    every = [score for scores in run.scores.values() for score in scores]
    await asyncio.to_thread(write_report, report, every, run.cases, path)
    await _show_in_ui(report)
    run.log_event(
        "fell_short" if run.open_faults else "ended", **report.model_dump(mode="json", exclude={"comparisons"})
    )
    if run.open_faults:
        raise FellShortError(
            f"{run.open_faults} of {len(every)} cases got no answer and count as wrong. "
            "Run the same command again to ask for those alone.",
            report,
        )
    return report


def _words_for_nothing(label: str, run: EvaluationRun, scores: Sequence[Score]) -> str:
    place = run.contestants[label].target.place
    why = next((score.detail or score.raw for score in scores if score.detail or score.raw), None) or "no case was run"
    return f"Nothing was scored: {label} at {place} gave no answer to {len(scores)} cases ({why})."


def _report_model(run: EvaluationRun, suite: PreparedSuite, label: str) -> ModelReport:
    contestant = run.contestants[label]
    stats = contestant.client.stats
    return ModelReport(
        model=label,
        endpoint=contestant.target.place,
        mode=run.options.mode,
        left_out=contestant.client.left_out,
        categories=summarise_scores(run.scores[label]),
        overall=_overall(run, label) if suite.official is not None else None,
        answers_new=stats.new.answers,
        answers_reused=stats.reused.answers,
    )


def _overall(run: EvaluationRun, label: str) -> Overall:
    """BFCL's own summary of the first pass; what was run is also summed up without a server's errors."""
    sampling, repeat = run.draws[0]
    first = [score for score in run.scores[label] if (score.sampling, score.repeat) == (sampling.name, repeat)]
    folder = pass_folder(run, run.contestants[label], sampling, repeat)
    overall = aggregate(_count(first, lambda score: score.bfcl_valid), folder)
    credited = aggregate(_count(first, lambda score: score.valid))
    # The harness names the entry that its requests went through, whoever answered them.
    table = tuple(_label_row(row, label) for row in overall.table)
    return overall.model_copy(update={"sub_overall": credited.sub_overall, "table": table})


def _count(scores: Sequence[Score], is_right: Callable[[Score], bool | None]) -> dict[Category, CategoryCount]:
    counts: dict[Category, CategoryCount] = {}
    for category in CATEGORIES:
        verdicts = [is_right(score) is True for score in scores if score.category == category]
        if verdicts:
            right = sum(verdicts)
            counts[category] = CategoryCount(accuracy=right / len(verdicts), correct=right, total=len(verdicts))
    return counts


def _label_row(row: dict[str, str], label: str) -> dict[str, str]:
    return {"Model": label} | {name: value for name, value in row.items() if is_measured(name, value)}


def _compare_with_first(scores: dict[str, list[Score]]) -> tuple[Comparison, ...]:
    first, *others = scores
    return tuple(
        comparison for other in others for comparison in compare_scores(scores[other], scores[first], other, first)
    )


def _notes(run: EvaluationRun) -> list[str]:
    notes = []
    for label, contestant in run.contestants.items():
        if label.endswith(FREE_ENDING):
            notes.append(f"{label} was asked without the grammar: its calls are judged as it wrote them.")
        reused = contestant.client.stats.reused.answers
        if reused:
            notes.append(f"{label}: {reused} answers were stored by an earlier attempt and not asked again.")
        if run.options.repeats > 1 and "seed" in contestant.client.left_out:
            notes.append(f"{label}: the endpoint takes no seed, so repeats differ by its own chance alone.")
    return notes


async def _show_in_ui(report: EvaluationReport) -> None:
    if FlowRunContext.get() is None:
        return
    words = f"{report.suite_version}, job {report.job_id}"
    await acreate_table_artifact(table_rows(report), key="evaluate-scores", description=f"Scores: {words}")
    await acreate_markdown_artifact(as_markdown(report), key="evaluate-report", description=f"Report: {words}")
