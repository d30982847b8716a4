"""What a person reads of an evaluation on a terminal, and what Prefect shows."""

import pytest

from schemas.evaluation import EvaluationReport, Score
from tasks.evaluation_tables import as_markdown, print_comparison, print_evaluation, table_rows
from tests.eval.made_up import draw_scores, evaluation, overall, score, tier_figures

CATEGORIES = {"simple_python": 40, "live_parallel_multiple": 20, "live_irrelevance": 30}


def dead(scores: list[Score]) -> list[Score]:
    """The same cases, asked of a server that is down."""
    nothing = {"valid": None, "reason": "server_error", "outcome": "server_error", "step": None}
    return [one.model_copy(update=nothing | {"bfcl_valid": "irrelevance" in one.category}) for one in scores]


def printed(report: EvaluationReport, capsys: pytest.CaptureFixture[str]) -> str:
    """The text on stdout."""
    print_evaluation(report)
    return capsys.readouterr().out


def line_of(text: str, *words: str) -> str:
    """The first line that holds all the words."""
    return next(line for line in text.splitlines() if all(word in line for word in words))


def test_a_category_stands_with_its_number_and_interval(capsys: pytest.CaptureFixture[str]) -> None:
    scores = [score(case_id=str(number), valid=number < 5) for number in range(10)]
    text = printed(evaluation(scores), capsys)
    assert line_of(text, "simple_python ", "50.0").split() == [
        "simple_python",
        "10",
        "50.0",
        "23.7–76.3",
        "–",
        "50.0",
        "0",
    ]
    assert line_of(text, "all ").split()[1:3] == ["10", "50.0"]
    assert "model-a gets 50.0 % of 10 cases right (95 % interval 23.7 to 76.3)." in text
    assert "report.html" in text


def test_repeats_show_their_spread(capsys: pytest.CaptureFixture[str]) -> None:
    scores = [score(case_id=str(n), valid=n < 6 + repeat, repeat=repeat) for n in range(10) for repeat in range(3)]
    assert line_of(printed(evaluation(scores), capsys), "simple_python ", "10.0").split()[4] == "10.0"


def test_a_server_that_answered_nothing_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """BFCL would show 100 % on irrelevance."""
    report = evaluation(dead(draw_scores("model-a", CATEGORIES, 0.8)))
    text = printed(report, capsys)
    assert "NO ANSWERS" in text.splitlines()[0]
    assert "model-a answered nothing: all 90 requests failed at the server." in text
    assert "BFCL would credit 30 of them as right refusals" in " ".join(text.replace("│", " ").split())
    assert line_of(text, "live_irrelevance").split()[2:] == ["0.0", "0.0–11.4", "–", "100.0", "30"]
    assert as_markdown(report).splitlines()[4].startswith("> **No answers:** model-a's server answered nothing")


def test_some_failed_requests_are_said_too(capsys: pytest.CaptureFixture[str]) -> None:
    scores = draw_scores("model-a", {"simple_python": 10}, 1.0)
    text = printed(evaluation(dead(scores[:3]) + scores[3:]), capsys)
    assert "careful model-a's server did not always answer: 3 of 10 requests failed." in text


def test_a_comparison_with_a_dead_server_is_not_left_uncommented(capsys: pytest.CaptureFixture[str]) -> None:
    scores = draw_scores("model-a", CATEGORIES, 0.8)
    other = dead(draw_scores("model-b", CATEGORIES, 0.8))
    report = evaluation([*scores, *other])
    caution = "answers of model-b have no verdict and count as not right here"
    assert caution in printed(report, capsys)
    assert caution in as_markdown(report)


def test_failures_refusals_overall_published_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluation(
        draw_scores("model-a", CATEGORIES, 0.6), notes=("Only [bold]40 cases.",), published=tier_figures()
    )
    model = report.models[0].model_copy(update={"overall": overall(), "left_out": ("top_k",)})
    text = printed(report.model_copy(update={"models": (model,)}), capsys)
    assert line_of(text, "category", "form", "function").split()[-2:] == ["called", "anyway"]
    assert line_of(text, "category", "refused", "asked back").split()[-4:] == ["right", "%", "BFCL", "gives"]
    assert "BFCL overall 15.4 (what was not run counts 0); 77.2 of what was run" in text
    assert "not run: live_simple, multi_turn_base" in text
    assert line_of(text, "Elsewhere-2").split() == ["Elsewhere-2", "83.2", "–", "–"]
    assert "Only [bold]40 cases." in text
    assert "the endpoint does not know top_k; left out of every request" in text


@pytest.mark.parametrize("width", ["80", "100"])
def test_no_number_is_cut_on_a_narrow_terminal(
    width: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", width)
    text = printed(evaluation(draw_scores("model-a", CATEGORIES, 0.6)), capsys)
    assert "…" not in text


def test_flips_are_printed_the_broken_ones_first(capsys: pytest.CaptureFixture[str]) -> None:
    before = [score(case_id=str(number), valid=number % 2 == 0) for number in range(60)]
    after = [score(case_id=str(number), valid=number % 2 == 1, model="model-b") for number in range(60)]
    print_comparison(evaluation(before + after).comparisons[0])
    text = capsys.readouterr().out
    against = "model-b 50.0 % against model-a 50.0 % over 60 shared cases (greedy)"
    assert f"{against}: right more often in 30, less often in 30; p = 1, within" in text
    assert text.count("broken") == 20
    assert "40 more flips not shown" in text


def test_a_comparison_says_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    before = [score(case_id=str(number)) for number in range(3)]
    report = evaluation([*before, score(case_id="0", model="model-b")])
    print_comparison(report.comparisons[0])
    text = capsys.readouterr().out
    assert "Left out: 2 cases that only model-a has, 0 that only model-b has." in text
    assert "over 1 shared case (greedy):" in text


def test_rows_for_an_artifact_have_the_same_columns() -> None:
    rows = table_rows(evaluation(draw_scores("model-a", CATEGORIES, 0.6), published=tier_figures()))
    assert len({tuple(row) for row in rows}) == 1
    assert [row["category"] for row in rows[:4]] == [*CATEGORIES, "all"]
    assert rows[-1]["sampling"] == "published, not measured here"
    assert all(isinstance(cell, str) for row in rows for cell in row.values())


def test_markdown_keeps_a_hostile_model_name_in_its_cell() -> None:
    scores = draw_scores("a|b <img src=x>\n# big", {"simple_python": 5}, 1.0)
    lines = as_markdown(evaluation(scores)).splitlines()
    assert "| a\\|b &lt;img src=x> # big | greedy | simple_python | 5 |" in line_of("\n".join(lines), "simple_python |")
    assert "# big" not in lines


def test_an_evaluation_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluation([], models=())
    assert "Nothing was evaluated." in printed(report, capsys)
    assert as_markdown(report).startswith("# Nothing was evaluated.")
