"""What the page's tables and bars show, laid out in percent of the width, so that the template only writes it down."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from eval.report.sentences import interval_text, is_refusal_category, percent, rows_asked
from eval.summary import ALL
from schemas.evaluation import CategoryScore, EvaluationReport, ModelReport

STEP_WORDS = {
    "form": "form not followed",
    "count": "number of calls",
    "function": "wrong function",
    "missing": "argument missing",
    "extra": "argument too many",
    "type": "wrong type",
    "value": "wrong value",
    "called_anyway": "called anyway",
    "not_called": "did not call",
}
OUTCOME_WORDS = {
    "refused": "refused",
    "asked_back": "asked back",
    "empty": "empty",
    "unparsable": "unparsable",
    "called": "called",
    "server_error": "server error",
}


class Column(NamedTuple):
    """One model under one sampling, or a published one."""

    model: str
    sampling: str | None
    """None: published."""
    words: str
    shares: Mapping[str, CategoryScore | float]
    """By category."""

    @property
    def is_published(self) -> bool:
        """Whether the figures are from elsewhere."""
        return self.sampling is None


class Bar(NamedTuple):
    """One figure of one column."""

    label: str
    is_published: bool
    percent: str
    interval: str | None
    """None: published."""
    spread: str | None
    low: float
    high: float
    share: float
    """These three in percent of the width."""
    link: str | None


class CategoryBars(NamedTuple):
    """A category with a bar, or none, for each column."""

    category: str
    cases: int
    bars: tuple[Bar | None, ...]


class Segment(NamedTuple):
    """A part of a stacked bar, in percent of the width."""

    name: str
    answers: int
    left: float
    width: float
    link: str


class Stack(NamedTuple):
    """A stacked bar with its row of counts."""

    score: CategoryScore
    answers: int
    failures: int
    segments: tuple[Segment, ...]


def view_link(**filters: str | None) -> str:
    """Address of a filtered view of the case browser; what is none, or all categories, does not filter."""
    wanted = {name: value for name, value in filters.items() if value and (name, value) != ("category", ALL)}
    return "#" + urlencode(wanted, quote_via=quote, errors="replace")


def score_columns(report: EvaluationReport) -> tuple[Column, ...]:
    """Measured columns first, then the published ones that share a category with them."""
    columns = []
    for model in report.models:
        samplings = list(dict.fromkeys(row.sampling for row in model.categories))
        for sampling in samplings:
            rows = {row.category: row for row in model.categories if row.sampling == sampling}
            words = sampling if len(samplings) > 1 else ""
            columns.append(Column(model.model, sampling, words, rows))
    measured = {category for column in columns for category in column.shares}
    for published in report.published:
        shares = {category: share / 100 for category, share in published.scores_pct.items() if category in measured}
        if shares:
            columns.append(Column(published.model, None, "published, not measured here", shares))
    return tuple(columns)


def category_bars(columns: Sequence[Column]) -> tuple[CategoryBars, ...]:
    """One row per category in the order first seen, the one over all last."""
    categories = list(dict.fromkeys(category for column in columns for category in column.shares if category != ALL))
    if len(categories) != 1:
        categories.append(ALL)
    rows = []
    for category in categories:
        measured = [
            row for row in (column.shares.get(category) for column in columns) if isinstance(row, CategoryScore)
        ]
        if measured:
            bars = tuple(_bar(column, category) for column in columns)
            rows.append(CategoryBars(category, max(row.cases for row in measured), bars))
    return tuple(rows)


def most_failures(report: EvaluationReport) -> float:
    """The largest share of failures in any category of any model: what a full bar of failures stands for."""
    rows = [row for model in report.models for row in model.categories]
    return max((1 - row.correct / rows_asked(row) for row in rows), default=0.0)


def failure_stacks(model: ModelReport, sampling: str, full: float) -> tuple[Stack, ...]:
    """Failures by the step at which to debug; a share of `full` fills the width."""
    stacks = []
    for row in model.categories:
        if row.sampling != sampling:
            continue
        failures = rows_asked(row) - row.correct
        counts = {step: row.steps.get(step, 0) for step in STEP_WORDS}
        counts["other"] = max(0, failures - sum(counts.values()))
        segments = _segments("step", counts, full * rows_asked(row), model.model, row)
        stacks.append(Stack(row, rows_asked(row), failures, segments))
    return tuple(stacks)


def outcome_stacks(model: ModelReport, sampling: str, is_refusal: bool) -> tuple[Stack, ...]:
    """What came back, where the model should not call or where it should; every bar fills the width."""
    stacks = []
    has_refusals = any(is_refusal_category(row.category) for row in model.categories)
    for row in model.categories:
        if row.category == ALL and has_refusals:
            continue  # its sum would mix both
        counts = {outcome: row.outcomes.get(outcome, 0) for outcome in OUTCOME_WORDS}
        if row.sampling == sampling and is_refusal_category(row.category) == is_refusal and any(counts.values()):
            segments = _segments("outcome", counts, sum(counts.values()), model.model, row)
            stacks.append(Stack(row, rows_asked(row), rows_asked(row) - row.correct, segments))
    return tuple(stacks)


def _bar(column: Column, category: str) -> Bar | None:
    row = column.shares.get(category)
    if row is None:
        return None
    if not isinstance(row, CategoryScore):
        return Bar(f"{column.model} (published)", True, percent(row), None, None, 100 * row, 100 * row, 100 * row, None)
    return Bar(
        label=f"{column.model}, {column.words}" if column.words else column.model,
        is_published=False,
        percent=percent(row.accuracy),
        interval=interval_text(row.interval),
        spread=None if row.spread is None else percent(row.spread),
        low=100 * row.interval.low,
        high=100 * row.interval.high,
        share=100 * row.accuracy,
        link=view_link(model=column.model, category=category, sampling=column.sampling),
    )


def _segments(
    filter_name: str, counts: Mapping[str, int], scale: float, model: str, row: CategoryScore
) -> tuple[Segment, ...]:
    segments, left = [], 0.0
    for name, count in counts.items():
        width = 100 * count / scale if scale else 0.0
        where = {"model": model, "category": row.category, "sampling": row.sampling, filter_name: name}
        segments.append(Segment(name, count, left, width, view_link(**where)))
        left += width
    return tuple(segments)
