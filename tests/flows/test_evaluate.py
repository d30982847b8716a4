"""`callmill evaluate` as a person types it, against endpoints whose answers are known beforehand."""

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.evaluation import Case
from tests.eval.scripted_endpoint import How, ScriptedEndpoint, scripted_endpoint
from tests.home import Home

OWN = ("--from", "own", "--apis", "examples", "--samples", "40")
HOWS: tuple[How, ...] = ("right", "wrong", "words", "question", "empty", "broken", "error", "garbage")
OUTCOMES = {
    "right": "called",
    "wrong": "called",
    "words": "refused",
    "question": "asked_back",
    "empty": "empty",
    "broken": "unparsable",
    "error": "server_error",
    "garbage": "server_error",
}


class Evaluated(Home):
    """A home in which the cases of a suite are known."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with scripted_endpoint([], path.parent, "words") as url:
            self.evaluate(url)
        rows = self.sql("select * exclude (job_id, run_id) from core_cases order by case_id")
        nested = ("messages", "functions", "tools", "possible_answer")
        self.cases = [Case(**{**row, **{name: json.loads(row[name]) for name in nested}}) for row in rows]

    def evaluate(self, *words: str, expect: int = 0, **env: str) -> dict[str, Any]:
        """The report."""
        report: dict[str, Any] = json.loads(self.callmill("evaluate", *words, *OWN, "--json", expect=expect, **env))
        return report


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    path = tmp_path_factory.mktemp("evaluated") / "home"
    path.mkdir()
    return Evaluated(path)


def requests_of(url: str) -> int:
    with urllib.request.urlopen(f"{url}/stats", timeout=10) as reply:  # noqa: S310 (an address of ours)
        return int(json.load(reply)["requests"])


def overall(report: dict[str, Any], model: int = 0) -> dict[str, Any]:
    """The row over all categories."""
    row: dict[str, Any] = report["models"][model]["categories"][-1]
    assert row["category"] == "all"
    return row


def test_the_report_tells_right_wrong_empty_broken_and_failed_apart(home: Evaluated, tmp_path: Path) -> None:
    """The four tiers over own documents: every outcome is counted as what it is, and nothing but right is credited."""
    expected = Counter(ScriptedEndpoint([], HOWS).how(str(case.messages[-1]["content"])) for case in home.cases)
    with scripted_endpoint(home.cases, tmp_path, *HOWS) as url:
        report = home.evaluate(url, expect=3, CALLMILL_EVALUATE_MAX_ATTEMPTS="1")
        asked = requests_of(url)
        again = home.evaluate(url, expect=3, CALLMILL_EVALUATE_MAX_ATTEMPTS="1")
        failed = expected["error"] + expected["garbage"]
        assert requests_of(url) - asked == failed, "only what failed is asked again"
    outcomes: Counter[str] = Counter()
    for how, count in expected.items():
        outcomes[OUTCOMES[how]] += count
    row = overall(report)
    assert row["outcomes"] == dict(outcomes)
    assert row["cases"] == len(home.cases)
    assert row["correct"] == expected["right"]
    assert row["unscored"] == failed
    assert again["job_id"] == report["job_id"]
    assert again["run_id"] != report["run_id"]
    scores = home.sql(f"select * from out_scores where run_id = '{again['run_id']}'")
    assert len(scores) == len(home.cases), "a run's rows are complete, whatever an earlier attempt had asked"
    assert sum(row["valid"] is None for row in scores) == failed
    assert Path(report["report_path"]).read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.slow
def test_all_right_is_all_right_and_differs_from_another_beyond_noise(home: Evaluated, tmp_path: Path) -> None:
    with (
        scripted_endpoint(home.cases, tmp_path, "right") as good,
        scripted_endpoint(home.cases, tmp_path, "broken") as bad,
    ):
        report = home.evaluate(good, "--against", f"{bad}=broken")
    assert overall(report)["accuracy"] == 1
    assert overall(report, 1)["steps"] == {"form": len(home.cases)}
    (comparison,) = report["comparisons"]
    assert (comparison["fixed"], comparison["broken"]) == (len(home.cases), 0)
    assert comparison["is_beyond_noise"]
    run_id = report["run_id"]
    (difference,) = json.loads(home.callmill("diff", f"{run_id}=broken", f"{run_id}=scripted", "--json"))
    assert difference["fixed"] == len(home.cases)
    assert "=MODEL" in home.callmill("diff", run_id, run_id, expect=2)


@pytest.mark.slow
def test_what_an_endpoint_does_not_know_is_left_out_and_said(home: Evaluated, tmp_path: Path) -> None:
    unknown = "top_k,repetition_penalty"
    with scripted_endpoint(home.cases, tmp_path, "right", unknown=unknown) as url:
        report = home.evaluate(url, "--sampling", "sampled", "--repeats", "2")
    assert report["models"][0]["left_out"] == ["repetition_penalty", "top_k"]
    assert overall(report)["repeats"] == 2
    assert overall(report)["spread"] == 0


@pytest.mark.slow
def test_a_folder_is_scored_with_and_without_token_masks_side_by_side(home: Evaluated, tmp_path: Path) -> None:
    from training.tiny_model import make_tiny_model

    student = make_tiny_model(tmp_path / "student")
    report = home.evaluate(str(student), "--against", f"{student}@none", "--limit", "1", "--max-tokens", "24")
    labels = ["student", "student@none"]
    assert [each["model"] for each in report["models"]] == labels
    (comparison,) = report["comparisons"]
    assert (comparison["before"], comparison["after"]) == ("student@none", "student")
    scores = home.sql(f"select distinct model from core_scores where run_id = '{report['run_id']}' order by model")
    assert [row["model"] for row in scores] == labels
    assert "student@none" in Path(report["report_path"]).read_text(encoding="utf-8")
    again = home.evaluate(str(student), "--against", f"{student}@none", "--limit", "1", "--max-tokens", "24")
    assert all(each["answers_new"] == 0 for each in again["models"]), "each way has stored answers of its own"


def test_a_dead_server_scores_nothing_and_says_so(home: Evaluated) -> None:
    before = home.sql("select count(*) as rows from core_scores")
    said = home.callmill("evaluate", "http://127.0.0.1:9/v1=gone", *OWN, expect=1)
    assert "Nothing answers at http://127.0.0.1:9/v1" in said
    assert "nothing was scored" in said
    assert home.sql("select count(*) as rows from core_scores") == before


@pytest.mark.slow
def test_a_server_that_only_fails_scores_nothing_and_says_so(home: Evaluated, tmp_path: Path) -> None:
    with scripted_endpoint(home.cases, tmp_path, "error") as url:
        said = home.callmill("evaluate", url, *OWN, expect=1, CALLMILL_EVALUATE_MAX_ATTEMPTS="1")
    assert f"None of {len(home.cases)} cases got an answer" in said
    assert "the model crashed" in said


def test_wrong_words_are_refused_before_anything_starts(home: Evaluated) -> None:
    assert "no web address, no folder" in home.callmill("evaluate", "nowhere", *OWN, expect=2)
    assert "leave out --mode" in home.callmill("evaluate", "nowhere", "--mode", "prompt", expect=2)
    assert "Unknown BFCL category" in home.callmill(
        "evaluate", "nowhere", "--suite", "bfcl", "--categories", "simple_pyton", expect=2
    )
