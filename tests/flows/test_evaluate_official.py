"""`callmill evaluate --suite bfcl`: the official harness, unmodified, its verdicts in the warehouse beside ours."""

import json
import os
from pathlib import Path

import pytest

from eval.official.categories import Category
from eval.official.dataset import read_cases
from eval.official.harness import Harness, find_harness
from schemas.errors import UsageError
from schemas.evaluation import Mode
from tests.eval.scripted_endpoint import How, scripted_endpoint
from tests.home import ROOT, Home

LIMIT = 12
CATEGORIES: tuple[Category, ...] = ("multiple", "parallel", "irrelevance")
HOWS: tuple[How, ...] = ("right", "wrong", "words", "question", "empty", "error")


def harness_or_none() -> Harness | None:
    """What `make bfcl-env` made, where it was run."""
    try:
        return find_harness(ROOT, os.environ)
    except UsageError:
        return None


HARNESS = harness_or_none()


@pytest.mark.slow
@pytest.mark.skipif(HARNESS is None, reason="needs `make bfcl-env`")
@pytest.mark.parametrize("mode", ["fc", "prompt"])
def test_verdicts_of_both_scorers_are_rows_and_agree(mode: Mode, tmp_path: Path) -> None:
    """And a second run asks only what a server's error left open, whatever BFCL would have credited it."""
    assert HARNESS is not None
    home = Home(tmp_path / "home")
    home.path.mkdir()
    cases = [case for category in CATEGORIES for case in list(read_cases(HARNESS.data, category).values())[:LIMIT]]
    words = ("--suite", "bfcl", "--categories", ",".join(CATEGORIES), "--limit", str(LIMIT), "--mode", mode, "--json")
    few = {"CALLMILL_EVALUATE_MAX_ATTEMPTS": "1", "CALLMILL_BFCL": str(HARNESS.program)}
    with scripted_endpoint(cases, tmp_path, *HOWS) as url:
        report = json.loads(home.callmill("evaluate", url, *words, expect=3, **few))
    (model,) = report["models"]
    whole = model["categories"][-1]
    assert (whole["category"], whole["cases"], whole["differences"]) == ("all", len(cases), 0)
    assert whole["unscored"] == whole["outcomes"]["server_error"] > 0
    assert 0 < whole["correct"] < len(cases)
    assert whole["bfcl_accuracy"] > whole["accuracy"], "BFCL credits a server's errors on irrelevance"
    assert set(model["overall"]["not_run"]) >= {"simple_python", "multi_turn_base"}
    rows = home.sql("select category, count(*) as cases, count(valid) as scored from out_scores group by category")
    assert {row["category"]: row["cases"] for row in rows} == dict.fromkeys(CATEGORIES, LIMIT)
    assert sum(row["scored"] for row in rows) == len(cases) - whole["unscored"]
