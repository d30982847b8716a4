"""`callmill rounds` and `callmill preferences` as a person types them: one round on the tiny model, for real."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.home import Home
from training.tiny_model import make_tiny_model

CONFIGS = ("training/configs/tiny/lora.yaml", "--dpo", "training/configs/tiny/dpo.yaml")
SMALL = ("--set", "steps=2", "--dpo-set", "steps=2", "--dpo-set", "validation_share=0")


def run_rounds(home: Home, words: list[str]) -> Any:
    """The report; two trainings and five servings take longer than other commands may."""
    process = home.start(*words, OMP_NUM_THREADS="1")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.slow
def test_a_round_learns_from_the_models_own_wrong_answers_and_is_recorded(tmp_path: Path) -> None:
    """And the same command again asks, trains and pairs nothing."""
    home = Home(tmp_path / "home")
    home.path.mkdir()
    base, data, out = make_tiny_model(tmp_path / "base"), tmp_path / "data", tmp_path / "rounds"
    home.callmill("synth", "--apis", "examples", "--samples", "30", "--out", str(data))
    words = ["rounds", *CONFIGS, "--base", str(base), "--data", str(data), "--out", str(out), *SMALL]
    words += ["--cases", "10", "--samples", "10", "--max-tokens", "16", "--json"]
    report = run_rounds(home, words)
    first, second = report["rounds"]
    assert [first["method"], second["method"]] == ["sft-lora", "dpo"]
    assert second["base_model"] == first["model_path"]
    assert 0 < second["rows"] <= second["pairs"]["rows"]  # pairs above max_tokens are left out
    assert first["scores"].keys() == second["scores"].keys() == report["base_scores"].keys()
    assert [row["export_path"] for row in home.sql("newest_data_set")] == [str(data)]
    counted = {
        "trainings": home.sql("select method from core_trainings order by started_at"),
        "answers": home.sql("select count(*) as answers from raw_answers"),
        "pairs": home.sql("select distinct written_by, source from core_preferences"),
    }
    assert counted["trainings"] == [{"method": "sft-lora"}, {"method": "dpo"}]
    assert counted["pairs"] == [{"written_by": "sft@none", "source": "answer"}]
    splits = home.sql(
        "select distinct samples.split from core_preferences join core_samples as samples using (sample_id)"
    )
    assert splits == [{"split": "train"}], "what is scored is never learnt"
    asked = home.sql("select distinct suite, category from out_scores where starts_with(category, 'practice_')")
    assert asked

    again = run_rounds(home, words)
    assert [each["scores"] for each in again["rounds"]] == [each["scores"] for each in report["rounds"]]
    assert home.sql("select count(*) as answers from raw_answers") == counted["answers"]
    assert home.sql("select method from core_trainings order by started_at") == counted["trainings"]

    run_id = second["pairs"]["from_run_ids"][0]
    made = json.loads(home.callmill("preferences", "--run", run_id, "--out", str(tmp_path / "pairs"), "--json"))
    assert made["content_sha256"] == second["pairs"]["content_sha256"]
    refused = home.callmill("preferences", "--run", first["evaluation_run_id"], "--out", str(tmp_path / "no"), expect=1)
    assert "must not be learnt" in refused
