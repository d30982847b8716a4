"""BFCL's summary, by hand."""

from pathlib import Path

import pytest

from eval.official.categories import CASES, CATEGORIES, Category
from eval.official.results import CategoryCount
from eval.official.scores import aggregate, read_table


def count(accuracy: float, total: int = 100) -> CategoryCount:
    return CategoryCount(accuracy=accuracy, correct=round(accuracy * total), total=total)


def test_everything_right_is_one() -> None:
    whole = aggregate({category: count(1.0, CASES[category]) for category in CATEGORIES})
    assert whole.overall == pytest.approx(1.0)
    assert whole.sub_overall == pytest.approx(1.0)
    assert whole.not_run == ()


def test_nothing_run_is_zero_and_no_sub_overall() -> None:
    nothing = aggregate({})
    assert (nothing.overall, nothing.sub_overall) == (0.0, None)
    assert set(nothing.groups.values()) == {None}
    assert len(nothing.not_run) == 21


def test_non_live_takes_the_three_simple_ones_as_one() -> None:
    counts: dict[Category, CategoryCount] = {
        "simple_python": count(0.9),
        "simple_java": count(0.6),
        "simple_javascript": count(0.6),
        "multiple": count(0.8),
        "parallel": count(0.5),
        "parallel_multiple": count(0.2),
    }
    summary = aggregate(counts)
    # (0.7 + 0.8 + 0.5 + 0.2) / 4
    assert summary.groups["non_live"] == pytest.approx(0.55)
    assert summary.overall == pytest.approx(0.055)
    assert summary.sub_overall == pytest.approx(0.55)


def test_live_is_weighted_by_cases_also_of_what_was_not_run() -> None:
    summary = aggregate({"live_simple": count(1.0, 258), "live_parallel": count(0.5, 16)})
    # 258 + 8 right; 1053 + 24 cases of the other two count 0 in the overall alone.
    assert summary.groups["live"] == pytest.approx(266 / 274)
    assert summary.overall == pytest.approx(0.1 * 266 / 1351)


def test_relevance_counts_nowhere() -> None:
    summary = aggregate({"irrelevance": count(0.8), "live_relevance": count(0.0), "format_sensitivity": count(0.0)})
    assert summary.groups["irrelevance"] == pytest.approx(0.8)
    assert summary.overall == pytest.approx(0.1 * 0.4)


def test_agentic_is_the_mean_of_search_and_memory() -> None:
    counts: dict[Category, CategoryCount] = {"web_search_base": count(0.4), "memory_kv": count(0.6)}
    summary = aggregate(counts)
    assert summary.groups["agentic"] == pytest.approx(0.5)
    # ((0.4 + 0) / 2 + (0.6 + 0 + 0) / 3) / 2 * 0.4
    assert summary.overall == pytest.approx(0.08)


def test_sub_overall_keeps_the_proportions_of_the_groups_that_ran() -> None:
    summary = aggregate({"irrelevance": count(0.2), "multi_turn_base": count(0.6)})
    assert summary.sub_overall == pytest.approx((0.1 * 0.2 + 0.3 * 0.6) / 0.4)
    assert "multi_turn_base" not in summary.not_run
    assert "multi_turn_miss_func" in summary.not_run


def test_the_harnesss_own_table_is_read(tmp_path: Path) -> None:
    assert read_table(tmp_path) == ()
    (tmp_path / "score").mkdir()
    (tmp_path / "score" / "data_overall.csv").write_text("Rank,Overall Acc,Model\n1,8.00%,x")
    assert aggregate({}, tmp_path).table == ({"Rank": "1", "Overall Acc": "8.00%", "Model": "x"},)
