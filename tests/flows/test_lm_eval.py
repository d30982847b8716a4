"""`callmill lm-eval` as a person types it, with a local task: scores and cases are rows."""

import json
import os
from pathlib import Path

import pytest

from tests.eval.general.scripted import KEY, geographer, write_task
from tests.home import ROOT, Home
from training.tiny_model import make_tiny_model

PROGRAM = Path(os.environ.get("CALLMILL_LM_EVAL", ROOT / ".venv-lm-eval" / "bin" / "lm-eval"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.is_file(), reason="needs `make lm-eval-env`"),
]


def make_home(folder: Path) -> Home:
    home = Home(folder / "home")
    home.path.mkdir()
    home.env |= {"CALLMILL_LM_EVAL": str(PROGRAM), "CALLMILL_EVALUATE_API_KEY": KEY, "OMP_NUM_THREADS": "1"}
    return home


def test_an_address_is_scored_and_every_case_is_a_row(tmp_path: Path) -> None:
    home, task = make_home(tmp_path), write_task(tmp_path / "task")
    with geographer() as url:
        report = json.loads(home.callmill("lm-eval", url, "--tasks", str(task), "--json"))
    (result,) = report["results"]
    assert (result["task"], result["value"], result["cases"]) == ("capitals", 0.5, 4)
    (row,) = home.sql("general_scores")
    assert (row["model"], row["value"], row["run_id"]) == ("geographer", 0.5, report["run_id"])
    cases = home.sql("select expected, answer, value from core_general_cases order by doc_id")
    assert [case["value"] for case in cases] == [1.0, 0.0, 1.0, 0.0]
    assert cases[0]["answer"] == "Oslo"
    settings = home.sql("select settings from core_runs")[0]["settings"]
    assert KEY not in settings


def test_a_folder_is_served_for_the_occasion(tmp_path: Path) -> None:
    home, task, model = make_home(tmp_path), write_task(tmp_path / "task"), make_tiny_model(tmp_path / "tiny")
    report = json.loads(home.callmill("lm-eval", str(model), "--tasks", str(task), "--limit", "2", "--json"))
    (result,) = report["results"]
    assert (report["model"], result["cases"], result["value"]) == ("tiny", 2, 0.0)
