"""Many scores of one model into one row per category and sampling, and one over all categories per sampling."""

from collections import Counter
from collections.abc import Sequence

from eval.statistics import median, percentile, standard_deviation, wilson_interval
from schemas.evaluation import CategoryScore, Score

ALL = "all"
"""The row over every category."""


def summarise_scores(scores: Sequence[Score]) -> tuple[CategoryScore, ...]:
    """Summarise one model's scores.

    Returns:
        One row per category and sampling in the order first seen, then a row `all` per sampling: the share over all
        its cases, so that a large category weighs more than a small one.

    Raises:
        ValueError: the scores are of more than one model, or hold a repeat of a case twice.
    """
    only_model(scores)
    groups: dict[tuple[str, str], _Group] = {}
    totals: dict[tuple[str, str], _Group] = {}
    for score in scores:
        for table, category in ((groups, score.category), (totals, ALL)):
            key = (category, score.sampling)
            if key not in table:
                table[key] = _Group(*key)
            table[key].add(score)
    return tuple(group.summary() for group in (*groups.values(), *totals.values()))


def only_model(scores: Sequence[Score]) -> str | None:
    """The model that all the scores are of; none without scores.

    Raises:
        ValueError: they are of several, or hold a repeat of a case twice.
    """
    models = sorted({score.model for score in scores})
    if len(models) > 1:
        raise ValueError(f"Scores of one model are expected, got those of {', '.join(models)}; split them by model.")
    seen: set[tuple[str, str, str, int]] = set()
    for score in scores:
        key = (score.category, score.case_id, score.sampling, score.repeat)
        if key in seen:
            raise ValueError(f"Repeat {score.repeat} of case {score.case_id} ({score.category}) is there twice.")
        seen.add(key)
    return models[0] if models else None


class _Group:
    """What is counted together, while it is counted."""

    def __init__(self, category: str, sampling: str) -> None:
        self._category = category
        self._sampling = sampling
        self._cases: set[tuple[str, str]] = set()
        self._correct: Counter[int] = Counter()
        self._marks: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._steps: Counter[str] = Counter()
        self._error_types: Counter[str] = Counter()
        self._latencies_ms: list[float] = []

    def add(self, score: Score) -> None:
        """Count a row."""
        self._cases.add((score.category, score.case_id))
        self._correct[score.repeat] += score.valid is True
        marks = self._marks
        marks["unscored"] += score.valid is None
        marks["bfcl"] += score.bfcl_valid is True
        marks["ours"] += score.our_valid is True
        marks["second"] += score.second_valid is True
        marks["differences"] += _differs(score)
        marks["disputed"] += score.is_disputed
        marks["prompt_tokens"] += score.prompt_tokens or 0
        marks["completion_tokens"] += score.completion_tokens or 0
        if score.outcome is not None:
            self._outcomes[score.outcome] += 1
        if score.step is not None:
            self._steps[score.step] += 1
        if score.error_type is not None:
            self._error_types[score.error_type] += 1
        if score.latency_ms is not None:
            self._latencies_ms.append(score.latency_ms)

    def summary(self) -> CategoryScore:
        """The row that the counts come to."""
        cases = len(self._cases)
        asked = cases * len(self._correct)
        accuracy = sum(self._correct.values()) / asked
        marks = self._marks
        return CategoryScore(
            category=self._category,
            sampling=self._sampling,
            cases=cases,
            repeats=len(self._correct),
            correct=sum(self._correct.values()),
            unscored=marks["unscored"],
            accuracy=accuracy,
            spread=standard_deviation([correct / cases for correct in self._correct.values()]),
            interval=wilson_interval(accuracy, cases),
            bfcl_accuracy=marks["bfcl"] / asked,
            our_accuracy=marks["ours"] / asked,
            differences=marks["differences"],
            second_accuracy=marks["second"] / asked,
            disputed=marks["disputed"],
            outcomes=dict(self._outcomes.most_common()),
            steps=dict(self._steps.most_common()),
            error_types=dict(self._error_types.most_common()),
            latency_ms_median=median(self._latencies_ms),
            latency_ms_p95=percentile(self._latencies_ms, 0.95),
            prompt_tokens=marks["prompt_tokens"],
            completion_tokens=marks["completion_tokens"],
        )


def _differs(score: Score) -> bool:
    # What only the official harness judges, and what nobody answered, is nothing to differ about.
    if score.reason == "server_error" or score.our_reason == "not_ours":
        return False
    return (score.valid, score.error_type) != (score.our_valid, score.our_error_type)
