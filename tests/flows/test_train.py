"""`callmill train` as a person types it: synth, train, and the scores that follow by themselves."""

import json
from pathlib import Path

import pytest

from tests.home import Home
from training.tiny_model import make_tiny_model


@pytest.mark.slow
def test_a_training_is_a_row_and_its_model_is_scored_beside_its_base(tmp_path: Path) -> None:
    """And the same command again trains nothing, and says the same."""
    home = Home(tmp_path / "home")
    home.path.mkdir()
    base, data, out = make_tiny_model(tmp_path / "base"), tmp_path / "data", tmp_path / "tuned"
    home.callmill("synth", "--apis", "examples", "--samples", "40", "--out", str(data))
    words = ["train", "training/configs/tiny/lora.yaml", "--base", str(base), "--data", str(data), "--out", str(out)]
    words += ["--set", "steps=4", "--samples", "20", "--json"]
    report = json.loads(home.callmill(*words, OMP_NUM_THREADS="1"))
    (row,) = home.sql("select * from core_trainings")
    assert Path(row["model_path"]).is_dir()
    assert row["base_model"] == str(base)
    assert row["last_loss"] == report["training"]["stages"][-1]["losses"][-1]["loss"]
    scored = home.sql("select model, count(*) as cases from out_scores group by model order by model")
    assert [each["model"] for each in scored] == ["base", "tuned"]
    assert scored[0]["cases"] == scored[1]["cases"] > 0
    assert report["evaluation"]["comparisons"][0]["before"] == "base"
    again = json.loads(home.callmill(*words, OMP_NUM_THREADS="1"))
    assert again["training"] == report["training"]
    other = home.callmill(*words, "--set", "seed=5", OMP_NUM_THREADS="1", expect=1)
    assert "holds another run" in other, "the earlier model is not taken for the one asked for"
    assert len(home.sql("select * from core_trainings")) == 1


@pytest.mark.slow
def test_a_training_that_fails_says_why_in_one_line(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    base, data = make_tiny_model(tmp_path / "base"), tmp_path / "data"
    home.callmill("synth", "--apis", "examples", "--samples", "20", "--out", str(data))
    words = ["train", "training/configs/tiny/lora.yaml", "--base", str(base), "--data", str(data)]
    said = home.callmill(*words, "--out", str(tmp_path / "out"), "--set", "max_tokens=8", expect=1)
    assert said.strip().splitlines()[-1].startswith("callmill: The training did not end well:")
    unknown = home.callmill(*words, "--set", "learning_rat=1", expect=2)
    assert "did you mean 'learning_rate'" in unknown
