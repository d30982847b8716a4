"""An evaluation on a terminal, as Markdown, and as rows of a table; and the comparison that `callmill diff` prints."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from eval.report.figures import OUTCOME_WORDS
from eval.report.sentences import (
    alarms,
    caution_sentence,
    comparison_sentence,
    headline,
    interval_text,
    is_refusal_category,
    left_out_sentence,
    not_shared_sentence,
    percent,
    rows_asked,
    total_rows,
    what_was_evaluated,
)
from eval.summary import ALL
from schemas.evaluation import CategoryScore, Comparison, EvaluationReport, Flip, ModelReport, Step

_MOST_FLIPS = 20
_PIPED_WIDTH = 200
# The page's words for steps are too long for eighty columns.
_STEPS = {step: step.replace("_", " ") for step in get_args(Step)}


def print_evaluation(report: EvaluationReport) -> None:
    """Alarms first, then a table per model, failures, refusals, comparisons, notes and the page's path, on stdout."""
    console = _console()
    for alarm in alarms(report):
        if alarm.is_total:
            console.print(Panel(f"[bold]{escape(alarm.text)}[/]", title="NO ANSWERS", border_style="bold red"))
        else:
            console.print(f"[bold yellow]careful[/] {escape(alarm.text)}", soft_wrap=True)
    console.print(f"[bold]{escape(headline(report))}[/]", soft_wrap=True)
    console.print(f"[dim]{escape(what_was_evaluated(report))}[/]", soft_wrap=True)
    for model in report.models:
        console.print(_score_table(model))
        _print_overall(console, model)
        _print_counted(console, f"Where failures start: {model.model}", _STEPS, _failed_steps(model))
        _print_counted(console, f"What came back: {model.model}", OUTCOME_WORDS, _outcomes(model))
        _print_counted(console, f"Honest refusal: {model.model}", OUTCOME_WORDS, _refusals(model))
    if report.published:
        console.print(_published_table(report))
    for comparison in report.comparisons:
        _print_comparison(console, comparison)
    for note in _notes(report):
        console.print(f"[yellow]note[/]       {escape(note)}", soft_wrap=True)
    console.print(f"run        {report.run_id}  (callmill sql failures --param run_id={report.run_id})", soft_wrap=True)
    console.print(f"report     {escape(report.report_path)}", soft_wrap=True)


def print_comparison(comparison: Comparison) -> None:
    """What was fixed and what broke, whether that is more than chance, and which cases flipped, on stdout."""
    console = _console()
    _print_comparison(console, comparison)
    if not comparison.flips:
        return
    # What broke is what a person looks for first.
    flips = sorted(comparison.flips, key=lambda one: one.after > one.before)[:_MOST_FLIPS]
    styles = ["" if flip.after > flip.before else "red" for flip in flips]
    console.print(_table("Flipped cases", [_flip_cells(flip) for flip in flips], styles))
    left = len(comparison.flips) - _MOST_FLIPS
    if left > 0:
        console.print(f"{left:,} more flips not shown, --json prints all")


def as_markdown(report: EvaluationReport) -> str:
    """The same as on the terminal, for a Prefect artifact."""
    parts = [f"# {_plain(headline(report))}", _plain(what_was_evaluated(report))]
    parts += [
        f"> **{'No answers' if alarm.is_total else 'Careful'}:** {_plain(alarm.text)}" for alarm in alarms(report)
    ]
    parts.append(_markdown_table(table_rows(report)))
    for title, words, pick in (
        ("Where failures start", _STEPS, _failed_steps),
        ("What came back", OUTCOME_WORDS, _outcomes),
        ("Honest refusal", OUTCOME_WORDS, _refusals),
    ):
        rows = [{"model": model.model} | row for model in report.models for row in _counted(words, pick(model))]
        if rows:
            parts += [f"## {title}", _markdown_table(rows)]
    if report.comparisons:
        sentences = [
            " ".join(filter(None, (comparison_sentence(one), not_shared_sentence(one), caution_sentence(one))))
            for one in report.comparisons
        ]
        parts += ["## Comparisons", "\n".join(f"- {_plain(sentence)}" for sentence in sentences)]
    parts += ["## Notes", "\n".join(f"- {_plain(note)}" for note in (*_notes(report), f"Report: {report.report_path}"))]
    return "\n\n".join(parts) + "\n"


def table_rows(report: EvaluationReport) -> list[dict[str, str]]:
    """One row per model, category and sampling, every value as text; published figures last and marked as such."""
    rows = [
        {"model": model.model, "sampling": row.sampling} | _score_cells(row)
        for model in report.models
        for row in model.categories
    ]
    empty = dict.fromkeys(rows[0] if rows else ("model", "sampling", "category", "cases", "accuracy %"), "–")
    for published in report.published:
        where = {"model": published.model, "sampling": "published, not measured here"}
        for category, share_pct in published.scores_pct.items():
            rows.append(empty | where | {"category": category, "accuracy %": f"{share_pct:.1f}"})
    return rows


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)


def _score_cells(row: CategoryScore) -> dict[str, str]:
    return {
        "category": row.category,
        "cases": f"{row.cases:,}",
        "accuracy %": percent(row.accuracy),
        "95 % interval": interval_text(row.interval),
        "spread": percent(row.spread),
        "BFCL gives": percent(row.bfcl_accuracy),
        "unscored": f"{row.unscored:,}",
    }


def _score_table(model: ModelReport) -> Table:
    samplings = {row.sampling for row in model.categories}
    rows = [({"sampling": row.sampling} if len(samplings) > 1 else {}) | _score_cells(row) for row in model.categories]
    return _table(model.model, rows, [_row_style(row) for row in model.categories])


def _table(title: str, rows: Sequence[Mapping[str, str]], styles: Sequence[str] = ()) -> Table:
    """Numbers are never cut, however narrow the terminal: headings break first."""
    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in rows[0] if rows else ():
        widest = max(len(row[name]) for row in rows)
        is_word = name in ("model", "category", "sampling")
        table.add_column(name, justify="left" if is_word else "right", overflow="fold", min_width=widest)
    for row, style in zip(rows, chain(styles, repeat("")), strict=False):
        table.add_row(*map(escape, row.values()), style=style)
    return table


def _row_style(row: CategoryScore) -> str:
    if row.outcomes.get("server_error", 0) >= rows_asked(row):
        return "bold red"
    return "bold" if row.category == ALL else ""


def _print_overall(console: Console, model: ModelReport) -> None:
    if model.overall is None:
        return
    for row in model.overall.table:
        cells = [{"BFCL's own table": name, "": value} for name, value in row.items()]
        console.print(_table("As the harness has it; what was not run counts 0", cells))
    overall, ran = percent(model.overall.overall), percent(model.overall.sub_overall)
    console.print(
        f"BFCL overall {overall} (what was not run counts 0); {ran} of what was run, with no server error credited"
    )
    if model.overall.not_run:
        console.print(f"[dim]not run: {escape(', '.join(model.overall.not_run))}[/]", soft_wrap=True)


def _failed_steps(model: ModelReport) -> list[tuple[CategoryScore, Mapping[str, int]]]:
    return [(row, row.steps) for row in model.categories if row.steps]


def _outcomes(model: ModelReport) -> list[tuple[CategoryScore, Mapping[str, int]]]:
    # A sum over all would count in what stands under honest refusal.
    has_refusals = any(is_refusal_category(row.category) for row in model.categories)
    return [
        (row, row.outcomes)
        for row in model.categories
        if row.outcomes and not is_refusal_category(row.category) and not (has_refusals and row.category == ALL)
    ]


def _refusals(model: ModelReport) -> list[tuple[CategoryScore, Mapping[str, int]]]:
    return [(row, row.outcomes) for row in model.categories if is_refusal_category(row.category)]


def _counted(words: Mapping[str, str], rows: Sequence[tuple[CategoryScore, Mapping[str, int]]]) -> list[dict[str, str]]:
    """One row per category, with a column for each name that occurs at all."""
    there = [name for name in words if any(counts.get(name) for _, counts in rows)]
    samplings = {row.sampling for row, _ in rows}
    return [
        {"category": row.category if len(samplings) == 1 else f"{row.category}, {row.sampling}"}
        | {words[name]: f"{counts.get(name, 0):,}" for name in there}
        | (
            {"right %": percent(row.accuracy), "BFCL gives": percent(row.bfcl_accuracy)}
            if words is OUTCOME_WORDS
            else {}
        )
        for row, counts in rows
    ]


def _print_counted(
    console: Console, title: str, words: Mapping[str, str], rows: Sequence[tuple[CategoryScore, Mapping[str, int]]]
) -> None:
    cells = _counted(words, rows)
    if cells:
        console.print(_table(title, cells))


def _published_table(report: EvaluationReport) -> Table:
    categories = list(dict.fromkeys(category for one in report.published for category in one.scores_pct))
    rows = [
        {"model": one.model}
        | {
            category: f"{one.scores_pct[category]:.1f}" if category in one.scores_pct else "–"
            for category in categories
        }
        for one in report.published
    ]
    return _table("Published, not measured here", rows, ["dim"] * len(rows))


def _print_comparison(console: Console, comparison: Comparison) -> None:
    colour = "bold" if comparison.is_beyond_noise else "dim"
    console.print(f"[{colour}]{escape(comparison_sentence(comparison))}[/]", soft_wrap=True)
    left_out = not_shared_sentence(comparison)
    if left_out:
        console.print(f"[yellow]{escape(left_out)}[/]", soft_wrap=True)
    caution = caution_sentence(comparison)
    if caution:
        console.print(f"[bold yellow]careful[/] {escape(caution)}", soft_wrap=True)


def _flip_cells(flip: Flip) -> dict[str, str]:
    return {
        "category": flip.category,
        "case": flip.case_id,
        "what happened": "fixed" if flip.after > flip.before else "broken",
        "right before": percent(flip.before),
        "right after": percent(flip.after),
    }


def _notes(report: EvaluationReport) -> tuple[str, ...]:
    left_out = (left_out_sentence(model) for model in report.models)
    differences = (
        f"{model.model} ({row.sampling}): our scorer and the official one differ on {row.differences:,} answers."
        for model in report.models
        for row in total_rows(model)
        if row.differences
    )
    return (*report.notes, *(sentence for sentence in left_out if sentence), *differences)


def _markdown_table(rows: Sequence[Mapping[str, str]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(map(_plain, cells))} |"

    body = [line(row.get(name, "–") for name in names) for row in rows]
    return "\n".join([line(names), line("---" for _ in names), *body])


def _plain(text: str) -> str:
    """A model's name must neither end a cell nor become markup."""
    escaped = (
        text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("`", "\\`")
    )
    return " ".join(escaped.split())
