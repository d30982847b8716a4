"""What a person may write for categories, and what cannot run where."""

from pathlib import Path

import pytest

from eval.official.categories import CASES, CATEGORIES, GROUPS, Facilities, find_facilities, parse_categories
from schemas.errors import UsageError
from schemas.evaluation import Mode

EVERYTHING = Facilities(has_search_key=True, has_embedding_model=True)


def test_the_numbers_of_cases_are_the_leaderboards() -> None:
    assert set(CASES) == set(CATEGORIES)
    assert sum(CASES[each] for each in GROUPS["non_live"]) == 1390
    assert sum(CASES[each] for each in GROUPS["live"]) == 2251
    assert sum(CASES[each] for each in GROUPS["multi_turn"]) == 800
    assert sum(CASES[each] for each in GROUPS["agentic"]) == 665


def test_all_is_what_can_run_and_says_what_cannot() -> None:
    selection = parse_categories("all", "fc")
    left_out = {each.category for each in selection.left_out}
    assert left_out == {"web_search_base", "web_search_no_snippet", "memory_vector", "format_sensitivity"}
    assert set(selection.categories) == set(CATEGORIES) - left_out
    assert parse_categories("all", "prompt", EVERYTHING).categories == CATEGORIES


def test_lists_come_in_bfcls_order_each_once() -> None:
    selection = parse_categories(" parallel, simple_python,relevance ,parallel", "fc")
    assert selection.categories == ("simple_python", "parallel", "irrelevance", "live_irrelevance", "live_relevance")
    assert selection.left_out == ()


def test_irrelevance_is_the_category_alone() -> None:
    assert parse_categories("irrelevance", "fc").categories == ("irrelevance",)


@pytest.mark.parametrize("text", ["paralel", "", ",", "simple"])
def test_an_unknown_name_is_told_the_known_ones(text: str) -> None:
    with pytest.raises(UsageError, match=r"Unknown BFCL category.*non_live.*parallel_multiple"):
        parse_categories(text, "fc")


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("web_search_base", "fc", "SERPAPI_API_KEY"),
        ("web_search", "prompt", "SERPAPI_API_KEY"),
        ("parallel,memory_vector", "fc", "all-MiniLM-L6-v2"),
        ("format_sensitivity", "fc", "--mode prompt"),
    ],
)
def test_what_was_named_and_cannot_run_is_refused(text: str, mode: Mode, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_categories(text, mode)


def test_a_group_goes_on_without_what_cannot_run() -> None:
    selection = parse_categories("agentic", "fc")
    assert selection.categories == ("memory_kv", "memory_rec_sum")
    assert len(selection.left_out) == 3


def test_facilities_are_seen(tmp_path: Path) -> None:
    values = {"HF_HOME": str(tmp_path), "SERPAPI_API_KEY": "key"}
    assert find_facilities(values) == Facilities(has_search_key=True)
    snapshot = tmp_path / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").touch()
    assert find_facilities(values) == EVERYTHING
