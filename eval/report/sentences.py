"""The numbers of an evaluation as words, said alike by the HTML page, the terminal and Prefect's artifacts."""

from typing import NamedTuple

from eval.summary import ALL
from schemas.evaluation import CategoryScore, Comparison, EvaluationReport, Interval, ModelReport

SUITE_WORDS = {"bfcl": "BFCL", "tiers": "Four tiers", "kinds": "Five kinds over own documents"}
MODE_WORDS = {"fc": "tool calls", "prompt": "calls written as text"}


class Alarm(NamedTuple):
    """Why a number of a model may not be its own."""

    model: str
    is_total: bool
    """Not one answer came."""
    text: str


def percent(share: float | None) -> str:
    """With one decimal and without a sign; a dash for none."""
    return "–" if share is None else f"{100 * share:.1f}"


def interval_text(interval: Interval) -> str:
    """Both bounds in percent, such as 79.6–86.8: near 0 and 100 % the two sides differ, so no ±."""
    return f"{percent(interval.low)}–{percent(interval.high)}"


def p_value_text(p_value: float) -> str:
    """Rounded to two digits that count."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def is_refusal_category(category: str) -> bool:
    """Whether the right thing is not to call."""
    return "irrelevance" in category


def is_measured(name: str, value: str) -> bool:
    """Whether a column of the harness's own table says something about this run; the rest is about its entry."""
    return value != "N/A" and name not in ("Rank", "Model", "Model Link", "Total Cost ($)", "Organization", "License")


def rows_asked(score: CategoryScore) -> int:
    """Answers that were wanted, over all repeats."""
    return score.cases * score.repeats


def total_rows(model: ModelReport) -> tuple[CategoryScore, ...]:
    """A model's rows over all categories, one per sampling."""
    return tuple(row for row in model.categories if row.category == ALL)


def headline(report: EvaluationReport) -> str:
    """The first model's number, its interval, and over how many cases."""
    rows = total_rows(report.models[0]) if report.models else ()
    if not rows:
        return "Nothing was evaluated."
    model, row = report.models[0].model, rows[0]
    if row.outcomes.get("server_error", 0) >= rows_asked(row):
        return f"{model} answered nothing: all {rows_asked(row):,} requests failed at the server."
    return (
        f"{model} gets {percent(row.accuracy)} % of {row.cases:,} cases right"
        f" (95 % interval {percent(row.interval.low)} to {percent(row.interval.high)})."
    )


def what_was_evaluated(report: EvaluationReport) -> str:
    """Suite and version, categories, mode, sampling and repeats of the first model."""
    suite = f"{SUITE_WORDS[report.suite]} ({report.suite_version})"
    if not report.models:
        return suite
    model = report.models[0]
    categories = list(dict.fromkeys(row.category for row in model.categories if row.category != ALL))
    counted = categories[0] if len(categories) == 1 else f"{len(categories)} categories"
    draws = [f"{row.sampling}, {_count(row.repeats, 'repeat')}" for row in total_rows(model)]
    return " · ".join([suite, counted, MODE_WORDS[model.mode], *draws])


def alarms(report: EvaluationReport) -> tuple[Alarm, ...]:
    """What a reader must see before any number: answers that never came, and answers without a verdict."""
    found = []
    for model in report.models:
        for row in total_rows(model):
            asked, failed = rows_asked(row), row.outcomes.get("server_error", 0)
            where = f"{model.model} ({row.sampling})" if len(total_rows(model)) > 1 else model.model
            if failed:
                found.append(Alarm(model.model, failed >= asked, _server_alarm(where, model, row, failed)))
            if row.unscored > failed:
                without = f"{row.unscored - failed:,} of {asked:,} answers have no verdict"
                found.append(Alarm(model.model, False, f"{where}: {without}; they count as not right."))
    return tuple(found)


def comparison_sentence(comparison: Comparison) -> str:
    """Both numbers, the flips, and whether they are more than chance."""
    noise = "beyond noise" if comparison.is_beyond_noise else "within noise"
    return (
        f"{comparison.after} {percent(comparison.after_accuracy)} % against {comparison.before}"
        f" {percent(comparison.before_accuracy)} % over {_count(comparison.cases, 'shared case')}"
        f" ({comparison.sampling}):"
        f" right more often in {comparison.fixed:,}, less often in {comparison.broken:,};"
        f" {p_value_text(comparison.p_value)}, {noise}."
    )


def not_shared_sentence(comparison: Comparison) -> str | None:
    """Which cases the comparison leaves out; none where both have the same."""
    if not comparison.only_before and not comparison.only_after:
        return None
    return (
        f"Left out: {_count(comparison.only_before, 'case')} that only {comparison.before} has,"
        f" {comparison.only_after:,} that only {comparison.after} has."
    )


def caution_sentence(comparison: Comparison) -> str | None:
    """That flips may be a server's and not a model's; none where every answer of both models has a verdict."""
    counts = ((comparison.before, comparison.unscored_before), (comparison.after, comparison.unscored_after))
    doubtful = [f"{count:,} answers of {name}" for name, count in counts if count]
    if not doubtful:
        return None
    return f"{' and '.join(doubtful)} have no verdict and count as not right here: such flips say nothing."


def left_out_sentence(model: ModelReport) -> str | None:
    """The parameters that an endpoint was not sent; none where it was sent all."""
    if not model.left_out:
        return None
    return f"{model.model}: the endpoint does not know {', '.join(model.left_out)}; left out of every request."


def _server_alarm(where: str, model: ModelReport, row: CategoryScore, failed: int) -> str:
    asked = rows_asked(row)
    count = f"all {asked:,}" if failed >= asked else f"{failed:,} of {asked:,}"
    credited = [
        each.outcomes["server_error"]
        for each in model.categories
        if is_refusal_category(each.category) and each.sampling == row.sampling and "server_error" in each.outcomes
    ]
    credit = f" BFCL would credit {sum(credited):,} of them as right refusals." if credited else ""
    verb = "answered nothing" if failed >= asked else "did not always answer"
    return (
        f"{where}'s server {verb}: {count} requests failed. They count as not right, though the model never"
        f" spoke.{credit} Look at the server, then run the same command again: only what failed is asked anew."
    )


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
