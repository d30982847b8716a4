"""Where bars begin and end, and where their numbers lead."""

from urllib.parse import parse_qs

import pytest

from eval.report.browser import MOST_ROWS, shown_rows
from eval.report.figures import category_bars, failure_stacks, most_failures, outcome_stacks, score_columns, view_link
from tests.eval.made_up import draw_scores, evaluation, score, tier_figures


def test_a_link_leads_to_the_same_rows_whatever_the_name() -> None:
    link = view_link(model="a&b=c #1/ü", category="all", sampling=None)
    assert parse_qs(link.removeprefix("#")) == {"model": ["a&b=c #1/ü"]}


def test_failures_of_all_models_have_one_scale() -> None:
    weak = [score(case_id=str(number), valid=number >= 8) for number in range(10)]
    strong = [score(case_id=str(number), valid=number >= 2, model="model-b") for number in range(10)]
    report = evaluation(weak + strong)
    full = most_failures(report)
    assert full == 0.8
    widths = [failure_stacks(model, "greedy", full)[0].segments[6].width for model in report.models]
    assert widths == [pytest.approx(100), pytest.approx(25)]


def test_segments_stand_side_by_side_and_account_for_every_failure() -> None:
    scores = [*draw_scores("model-a", {"simple": 50}, 0.4), score(category="simple", case_id="x", valid=None)]
    report = evaluation(scores)
    stack = failure_stacks(report.models[0], "greedy", most_failures(report))[0]
    assert sum(segment.answers for segment in stack.segments) == stack.failures
    assert stack.segments[-1].answers == 1  # no verdict, no step
    for left, right in zip(stack.segments, stack.segments[1:], strict=False):
        assert left.left + left.width == pytest.approx(right.left)


def test_a_flawless_model_has_empty_bars() -> None:
    report = evaluation([score()])
    stack = failure_stacks(report.models[0], "greedy", most_failures(report))[0]
    assert all(segment.width == 0 for segment in stack.segments)


def test_refusals_fill_the_width_and_only_where_none_should_call() -> None:
    report = evaluation(draw_scores("model-a", {"simple": 5, "irrelevance": 20, "live_irrelevance": 20}, 0.7))
    stacks = outcome_stacks(report.models[0], "greedy", is_refusal=True)
    assert [stack.score.category for stack in stacks] == ["irrelevance", "live_irrelevance"]
    assert all(sum(segment.width for segment in stack.segments) == pytest.approx(100) for stack in stacks)


def test_one_category_needs_no_row_over_all() -> None:
    assert [row.category for row in category_bars(score_columns(evaluation([score()])))] == ["simple_python"]


def test_published_columns_come_last_and_only_for_what_was_measured() -> None:
    columns = score_columns(evaluation(draw_scores("model-a", {"medium": 5}, 0.7), published=tier_figures()))
    assert [(column.model, column.is_published) for column in columns] == [("model-a", False), ("Elsewhere-1", True)]


def test_what_does_not_fit_in_the_page_is_right_and_undisputed() -> None:
    right, wrong = score(), score(valid=False)
    rows = shown_rows([right] * MOST_ROWS + [wrong, score(is_disputed=True)])
    assert len(rows) == MOST_ROWS
    assert rows[-2:] == (wrong, score(is_disputed=True))
