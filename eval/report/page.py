"""Write an evaluation as one HTML file that needs no network: numbers first, then every answer to look into."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from eval.report import figures, sentences
from eval.report.browser import MOST_ROWS, browser_json, shown_rows
from schemas.evaluation import Case, CategoryScore, EvaluationReport, ModelReport, Score

_FOLDER = Path(__file__).parent
_MOST_LISTED = 100


class _ModelPart(NamedTuple):
    """One model under one sampling, as the page shows it."""

    model: ModelReport
    sampling: str
    title: str
    rows: tuple[CategoryScore, ...]
    failures: tuple[figures.Stack, ...]
    outcomes: tuple[figures.Stack, ...]
    """Where a call was wanted."""
    refusals: tuple[figures.Stack, ...]
    """Where none was."""


def write_report(
    report: EvaluationReport, scores: Sequence[Score], cases: Mapping[str, Case] | None, path: Path
) -> None:
    """Write the page; an earlier one is replaced when the new one is complete.

    Args:
        report: its numbers and words.
        scores: every answer of every model of the report.
        cases: by case id; what is not there is shown without question and expectation.
        path: the HTML file; its folder is made.
    """
    columns = figures.score_columns(report)
    shown = shown_rows(scores)
    disputed = [score for score in scores if score.is_disputed]
    page = (
        _environment()
        .from_string(_read("page.html.jinja"))
        .render(
            report=report,
            columns=columns,
            bars=figures.category_bars(columns),
            has_spread=any(row.spread is not None for model in report.models for row in model.categories),
            parts=_parts(report),
            most_failures=figures.most_failures(report),
            disputed=disputed[:_MOST_LISTED],
            disputed_count=len(disputed),
            shown_count=len(shown),
            scores_count=len(scores),
            most_rows=MOST_ROWS,
            most_listed=_MOST_LISTED,
            step_words=figures.STEP_WORDS,
            outcome_words=figures.OUTCOME_WORDS,
            link=figures.view_link,
            say=sentences,
            style=Markup(_read("page.css")),  # noqa: S704 (our own file)
            script=Markup(_read("page.js")),  # noqa: S704 (our own file)
            data=Markup(browser_json(shown, cases)),  # noqa: S704 (holds no <)
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    # A model may send half of a surrogate pair, which UTF-8 cannot hold.
    page = page.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    temporary.write_text(page, encoding="utf-8", newline="\n")
    temporary.replace(path)


def _parts(report: EvaluationReport) -> tuple[_ModelPart, ...]:
    parts = []
    full = figures.most_failures(report)
    for model in report.models:
        samplings = list(dict.fromkeys(row.sampling for row in model.categories))
        for sampling in samplings:
            title = f"{model.model}, {sampling}" if len(samplings) > 1 else model.model
            rows = tuple(row for row in model.categories if row.sampling == sampling)
            failures = figures.failure_stacks(model, sampling, full)
            outcomes, refusals = (figures.outcome_stacks(model, sampling, is_refusal) for is_refusal in (False, True))
            parts.append(_ModelPart(model, sampling, title, rows, failures, outcomes, refusals))
    return tuple(parts)


def _environment() -> Environment:
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True)
    environment.filters["percent"] = sentences.percent
    return environment


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
