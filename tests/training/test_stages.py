"""A stage mixes its sources in the given shares, and the next one goes on from its weights, killed or not."""

from pathlib import Path

import torch

from tests.training.example_rows import write_calls, write_chat
from tests.training.runs import read_losses, read_weights, run


def test_a_stage_mixes_in_the_given_shares_and_the_next_goes_on_from_it(tiny_model: Path, tmp_path: Path) -> None:
    chat = write_chat(tmp_path / "chat.parquet", 20)
    calls = write_calls(tmp_path / "calls.parquet", 6)
    mixed = [{"path": str(chat), "share": 0.25}, {"path": str(calls), "share": 0.75}]
    stages = [
        {"name": "chat", "data": [{"path": str(chat)}], "steps": 4},
        {"name": "calls", "data": mixed, "epochs": 2, "learning_rate": 0.005},
    ]
    report = run(tiny_model, tmp_path / "model", None, stages=stages, schedule="constant", keep_checkpoints=True)
    first, second = report.stages
    assert (first.steps, second.steps) == (4, 8)
    assert [(each.used, each.left_for_shares) for each in second.sources] == [(2, 18), (6, 0)]
    assert {each.learning_rate for each in second.losses[1:]} == {0.005}
    alone = run(tiny_model, tmp_path / "alone", None, stages=stages[1:], schedule="constant")
    assert read_losses(alone)[0] > second.losses[0].loss, "stage 2 alone begins where stage 1 began"

    # What a killed run does: stage 1 is over, stage 2 has a checkpoint or none.
    (tmp_path / "model" / "training.json").unlink()
    again = run(
        tiny_model, tmp_path / "model", None, stages=stages, schedule="constant", keep_checkpoints=True, resume=True
    )
    assert again.resumed_from == "stage calls, checkpoint-8"
    assert read_losses(again) == read_losses(report)
    for checkpoint in (tmp_path / "model" / "checkpoints" / "1-calls").glob("checkpoint-*"):
        (checkpoint / "trainer_state.json").write_text('{"cut')
    adapter = read_weights(tmp_path / "model")
    (tmp_path / "model" / "training.json").unlink()
    third = run(
        tiny_model, tmp_path / "model", None, stages=stages, schedule="constant", keep_checkpoints=True, resume=True
    )
    assert third.resumed_from == "stage calls"
    assert read_losses(third) == read_losses(report)
    assert all(torch.equal(adapter[name], each) for name, each in read_weights(tmp_path / "model").items())
