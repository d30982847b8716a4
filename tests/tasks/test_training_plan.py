"""Where a data set goes in a config."""

from pathlib import Path

import pytest

from schemas.errors import UsageError
from tasks.training_plan import NEWEST, place_data
from tests.training.example_rows import write_calls, write_chat
from tests.warehouse.small_job import commit_small_job
from training.config import load_config

LORA = Path("training/configs/tiny/lora.yaml")
TWO_STAGE = Path("training/configs/tiny/two-stage.yaml")


def test_each_data_set_gets_an_output_of_its_own(tmp_path: Path) -> None:
    calls, chat = write_calls(tmp_path / "calls.parquet", 3), write_chat(tmp_path / "chat.parquet", 3)
    configs = [load_config(LORA, place_data(LORA, (), str(path))) for path in (calls, chat, calls)]
    assert [config.data[0].path for config in configs] == [str(calls), str(chat), str(calls)]
    assert configs[0].output == configs[2].output != configs[1].output
    named = place_data(LORA, ("output=mine",), str(calls))
    assert load_config(LORA, named).output == "mine"


def test_calls_are_the_last_source_of_the_last_stage(tmp_path: Path) -> None:
    calls = write_calls(tmp_path / "calls.parquet", 3)
    before, after = load_config(TWO_STAGE), load_config(TWO_STAGE, place_data(TWO_STAGE, (), str(calls)))
    assert after.stages[-1].data[-1].path == str(calls)
    assert after.stages[0] == before.stages[0]


def test_the_newest_data_set_is_the_one_that_synth_wrote_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="knows no data set yet"):
        place_data(LORA, (), NEWEST)
    (tmp_path / "warehouse.duckdb").unlink()
    commit_small_job(tmp_path)
    changes = place_data(LORA, ("output=mine",), NEWEST)
    assert load_config(LORA, changes).data[0].path == "datasets/synth-1"
