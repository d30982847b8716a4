"""Rows become one line per category and sampling, and nothing without a verdict is taken for right."""

import time

import pytest

from eval.summary import ALL, summarise_scores
from tests.eval.made_up import draw_scores, score


def test_categories_stand_in_the_order_first_seen_and_all_comes_last_per_sampling() -> None:
    scores = [
        score(category="multiple"),
        score(category="simple_python"),
        score(category="multiple", sampling="sampled"),
        score(category="multiple", case_id="multiple_1"),
    ]
    rows = [(row.category, row.sampling, row.cases) for row in summarise_scores(scores)]
    assert rows == [
        ("multiple", "greedy", 2), ("simple_python", "greedy", 1), ("multiple", "sampled", 1),
        (ALL, "greedy", 3), (ALL, "sampled", 1),
    ]  # fmt: skip


def test_no_scores_no_rows() -> None:
    assert summarise_scores([]) == ()


def test_all_is_the_share_over_cases_not_over_categories() -> None:
    scores = [score(category="large", case_id=str(number)) for number in range(9)] + [score(category="s", valid=False)]
    assert summarise_scores(scores)[-1].accuracy == 0.9


def test_the_same_id_in_two_categories_is_two_cases() -> None:
    assert summarise_scores([score(category="a"), score(category="b")])[-1].cases == 2


def test_repeats_give_a_mean_and_a_spread_and_no_narrower_interval() -> None:
    once = [score(case_id=str(number), valid=number < 6) for number in range(10)]
    again = [score(case_id=str(number), valid=number < 8, repeat=1) for number in range(10)]
    row = summarise_scores(once + again)[0]
    assert (row.cases, row.repeats, row.correct) == (10, 2, 14)
    assert row.accuracy == pytest.approx(0.7)
    assert row.spread == pytest.approx(0.141421, abs=1e-6)
    assert row.interval.high - row.interval.low > 0.45  # ten cases, not twenty


def test_one_repeat_has_no_spread() -> None:
    assert summarise_scores([score()])[0].spread is None


def test_a_server_error_is_not_right_although_bfcl_credits_it() -> None:
    failed = score(
        category="irrelevance", valid=None, reason="server_error", outcome="server_error",
        our_valid=None, second_valid=None, bfcl_valid=True, latency_ms=None, prompt_tokens=None, completion_tokens=None,
    )  # fmt: skip
    row = summarise_scores([failed])[0]
    assert (row.accuracy, row.bfcl_accuracy, row.unscored) == (0.0, 1.0, 1)
    assert row.outcomes == {"server_error": 1}
    assert (row.latency_ms_median, row.prompt_tokens) == (None, 0)


def test_failures_are_counted_by_step_and_by_error_type() -> None:
    scores = [score(case_id=str(number), valid=False) for number in range(3)]
    scores.append(score(case_id="4", valid=False, step="count", error_type="simple_function_checker:wrong_count"))
    row = summarise_scores(scores)[0]
    assert row.steps == {"value": 3, "count": 1}
    assert row.error_types == {"value_error:string": 3, "simple_function_checker:wrong_count": 1}


def test_the_second_opinion_is_counted_beside_the_score() -> None:
    row = summarise_scores([score(valid=False, second_valid=True, is_disputed=True)])[0]
    assert (row.accuracy, row.second_accuracy, row.disputed) == (0.0, 1.0, 1)


@pytest.mark.parametrize(
    ("changed", "differences"),
    [
        ({}, 0),
        ({"our_valid": False, "our_error_type": "type_error:simple"}, 1),
        ({"valid": False, "our_error_type": "type_error:simple"}, 1),  # both wrong, for other reasons
        ({"valid": None, "our_valid": None, "our_error_type": None}, 0),
        ({"our_valid": None, "our_reason": "not_ours"}, 0),  # several turns: only the official harness judges them
        ({"our_valid": None, "our_reason": "bad_answer"}, 1),
        ({"valid": None, "reason": "server_error", "our_valid": None}, 0),
    ],
)
def test_our_scorer_differs_where_both_have_a_verdict(changed: dict[str, object], differences: int) -> None:
    assert summarise_scores([score(**changed)])[0].differences == differences


def test_two_models_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="model-a, model-b"):
        summarise_scores([score(), score(model="model-b")])


def test_the_same_answer_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"Repeat 0 of case simple_python_0 .* twice"):
        summarise_scores([score(), score()])


def test_twenty_thousand_rows_take_less_than_two_seconds() -> None:
    scores = draw_scores("model-a", {"simple": 2500, "hard": 2500}, 0.8, repeats=4)
    started = time.perf_counter()
    assert summarise_scores(scores)[-1].cases == 5000
    assert time.perf_counter() - started < 2
