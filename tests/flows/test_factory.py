"""`callmill factory` as a person types it: documents in, an evaluated model out."""

import json
from pathlib import Path

import pytest

from tests.home import Home
from training.tiny_model import make_tiny_model

FULL = "training/configs/tiny/full.yaml"


@pytest.mark.slow
def test_documents_become_a_model_that_is_scored_with_and_without_the_grammar(tmp_path: Path) -> None:
    """And the same command again makes nothing anew, and says the same."""
    home = Home(tmp_path / "home")
    home.path.mkdir()
    base = make_tiny_model(tmp_path / "base")
    words = ["factory", "--apis", "examples", "--config", FULL, "--set", f"base_model={base}", "--set", "steps=4"]
    words += ["--samples", "40", "--test-samples", "20", "--gpu-price", "3.6"]
    report = json.loads(home.callmill(*words, "--json", OMP_NUM_THREADS="1"))
    stages = {each["stage"]: each for each in report["stages"]}
    assert list(stages) == ["synth", "train", "serve", "evaluate"]
    assert stages["train"]["machine_usd"] == pytest.approx(stages["train"]["seconds"] * 0.001, abs=1e-4)
    assert stages["synth"]["machine_usd"] is None
    models = [each["model"] for each in report["evaluation"]["models"]]
    assert len(set(models)) == 4, "the model and its base, each with and without the grammar"
    assert {each["kind"] for each in home.sql("select distinct category as kind from out_scores")} == {
        "simple", "multiple", "parallel", "parallel_multiple", "irrelevance"
    }  # fmt: skip
    assert Path(report["evaluation"]["report_path"]).is_file()
    assert Path(report["training"]["model_path"]).is_dir()
    assert [each["stage"] for each in home.sql("stages")] == list(stages)
    learnt = home.sql("select count(*) as rows from out_functions where split = 'test' and state = 'accepted'")
    assert learnt[0]["rows"] > 0
    shown = home.callmill(*words, OMP_NUM_THREADS="1")
    assert "mean of the kinds" in shown
    assert "machine USD" in shown
    assert len(home.sql("select * from core_trainings")) == 1


def test_a_config_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    words = ["factory", "--apis", "examples", "--config"]
    assert "did you mean 'learning_rate'" in home.callmill(*words, FULL, "--set", "learning_rat=1", expect=2)
    missing = home.callmill(*words, FULL, "--set", "base_model=./nowhere", expect=2)
    assert "There is no base model at ./nowhere" in missing
    dpo = home.callmill(*words, "training/configs/tiny/dpo.yaml", expect=2)
    assert "needs a config that learns them" in dpo
    assert not (home.path / "server").exists(), "no server was started for it"
