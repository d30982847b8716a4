"""BFCL's own summary: categories → groups → overall."""

import csv
from collections.abc import Mapping
from pathlib import Path

from eval.official.categories import CASES, CATEGORIES, GROUPS, Category
from eval.official.results import CategoryCount
from schemas.evaluation import Overall

WEIGHTS = {"non_live": 0.1, "live": 0.1, "irrelevance": 0.1, "multi_turn": 0.3, "agentic": 0.4}
_NOT_SCORED = ("live_relevance", "format_sensitivity")
"""Shown on the leaderboard and in no sum."""

Scores = Mapping[Category, float]


def aggregate(counts: Mapping[Category, CategoryCount], folder: Path | None = None) -> Overall:
    """Sum up what was run.

    `overall` is the leaderboard's number: a category that was not run counts 0. `sub_overall` leaves such categories
    out of every mean, and divides by the weights of the groups that have any.

    Args:
        counts: of the categories that were run, over however many cases of each.
        folder: of the harness, for its own table.
    """
    run = {category: count.accuracy for category, count in counts.items()}
    every = {category: run.get(category, 0.0) for category in CATEGORIES}
    sizes = {category: counts[category].total if category in counts else CASES[category] for category in CATEGORIES}
    groups = _groups(run, sizes)
    ran = {name: value for name, value in groups.items() if value is not None}
    weight = sum(WEIGHTS[name] for name in ran)
    return Overall(
        overall=sum(WEIGHTS[name] * (value or 0.0) for name, value in _groups(every, sizes).items()),
        sub_overall=sum(WEIGHTS[name] * value for name, value in ran.items()) / weight if ran else None,
        groups=groups,
        not_run=tuple(each for each in CATEGORIES if each not in run and each not in _NOT_SCORED),
        table=read_table(folder) if folder is not None else (),
    )


def read_table(folder: Path) -> tuple[dict[str, str], ...]:
    """The rows of the harness's data_overall.csv; none before it has scored anything."""
    path = folder / "score" / "data_overall.csv"
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(dict(row) for row in csv.DictReader(file))


def _groups(scores: Scores, sizes: Mapping[Category, int]) -> dict[str, float | None]:
    """Each group over those of its categories that have a score."""
    simple = _mean(scores.get("simple_python"), scores.get("simple_java"), scores.get("simple_javascript"))
    return {
        "non_live": _mean(simple, scores.get("multiple"), scores.get("parallel"), scores.get("parallel_multiple")),
        "live": _weighted_mean(scores, sizes),
        "irrelevance": _mean(scores.get("irrelevance"), scores.get("live_irrelevance")),
        "multi_turn": _mean(*(scores.get(each) for each in GROUPS["multi_turn"])),
        "agentic": _mean(
            _mean(*(scores.get(each) for each in GROUPS["web_search"])),
            _mean(*(scores.get(each) for each in GROUPS["memory"])),
        ),
    }


def _weighted_mean(scores: Scores, sizes: Mapping[Category, int]) -> float | None:
    ran = [each for each in GROUPS["live"][:4] if each in scores]
    total = sum(sizes[each] for each in ran)
    return sum(scores[each] * sizes[each] for each in ran) / total if total else None


def _mean(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
