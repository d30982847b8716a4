"""How rows come together in batches changes speed and memory, not what is learnt."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from schemas.errors import CallmillError
from schemas.training_report import TrainingReport
from tests.training.example_rows import write_calls
from tests.training.runs import have_same_weights, make_config, read_losses, read_weights, run


@pytest.mark.parametrize("attention", ["sdpa", pytest.param("eager", marks=pytest.mark.slow)])
def test_packed_rows_give_the_loss_and_the_step_of_rows_apart(attention: str, tiny_model: Path, tmp_path: Path) -> None:
    """They can't see each other, or they would learn something else."""
    data = write_calls(tmp_path / "rows.parquet", 6)
    knobs: dict[str, Any] = {"method": "sft-full", "batch_rows": 6, "learning_rate": 1e-3, "warmup_share": 0.0}
    knobs |= {"attention": attention, "steps": 2, "max_tokens": 2048}
    apart = run(tiny_model, tmp_path / "apart", data, **knobs)
    packed = run(tiny_model, tmp_path / "packed", data, packing=True, **knobs)
    assert (apart.stages[0].sequences, packed.stages[0].sequences) == (6, 1)
    assert read_losses(packed) == pytest.approx(read_losses(apart), rel=1e-5)
    # Weights whose gradient is rounding alone go either way under Adam; its length says whether the rest agrees.
    norms = [[each.gradient_norm or 0 for each in report.stages[0].losses] for report in (apart, packed)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_attention_block_by_block_gives_the_loss_and_the_step_of_torchs_own(tiny_model: Path, tmp_path: Path) -> None:
    data = write_calls(tmp_path / "rows.parquet", 6)
    knobs: dict[str, Any] = {"method": "sft-full", "batch_rows": 6, "learning_rate": 1e-3, "steps": 2}
    usual = run(tiny_model, tmp_path / "usual", data, **knobs)
    blocked = run(tiny_model, tmp_path / "blocked", data, attention="blocked", **knobs)
    assert read_losses(blocked) == pytest.approx(read_losses(usual), rel=1e-5)
    norms = [[each.gradient_norm or 0 for each in report.stages[0].losses] for report in (usual, blocked)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_rows_of_like_length_share_a_batch(tiny_model: Path, tmp_path: Path) -> None:
    import numpy as np
    from transformers.trainer_pt_utils import LengthGroupedSampler

    from training.masks import TokenRow
    from training.mixture import make_dataset

    rows = [(TokenRow(*(np.zeros(1 + place % 7, np.int32) for _ in range(2))),) for place in range(400)]
    lengths = list(make_dataset(rows, None)["length"])
    assert lengths == [1 + place % 7 for place in range(400)]
    ordered = [lengths[place] for place in LengthGroupedSampler(4, lengths=lengths)]
    batches = [ordered[start : start + 4] for start in range(0, 400, 4)]
    assert sum(max(batch) - min(batch) for batch in batches) < len(batches)
    data = write_calls(tmp_path / "rows.parquet", 12)
    knobs: dict[str, Any] = {"steps": 3, "schedule": "constant"}
    grouped = run(tiny_model, tmp_path / "grouped", data, group_by_length=True, **knobs)
    assert read_losses(grouped) != read_losses(run(tiny_model, tmp_path / "plain", data, **knobs))


def test_training_ends_when_the_loss_gets_no_better(tiny_model: Path, tmp_path: Path) -> None:
    data = write_calls(tmp_path / "rows.parquet", 10)
    knobs: dict[str, Any] = {"validation_share": 0.2, "evaluate_every": 1, "early_stop": 2, "learning_rate": 3.0}
    knobs |= {"schedule": "constant", "keep_checkpoints": True}
    report = run(tiny_model, tmp_path / "model", data, steps=40, **knobs)
    (stage,) = report.stages
    assert stage.stopped_early
    assert stage.steps < 20
    assert stage.sources[0].validation == 2
    assert len(stage.measurements) == stage.steps
    best = min(stage.measurements, key=lambda each: each.loss).step
    kept = read_weights(tmp_path / "model" / "checkpoints" / "0-all" / f"checkpoint-{best}")
    assert all(torch.equal(kept[name], each) for name, each in read_weights(tmp_path / "model").items())


def test_a_validation_share_that_is_no_row_is_said(tiny_model: Path, tmp_path: Path) -> None:
    data = write_calls(tmp_path / "rows.parquet", 3)
    with pytest.raises(CallmillError, match=r"validation_share 0.1 of 3 rows .* is no row"):
        run(tiny_model, tmp_path / "model", data, validation_share=0.1)


@pytest.mark.slow
def test_two_processes_share_a_batch(tiny_model: Path, tmp_path: Path) -> None:
    """As two GPUs would, here on the CPU."""
    data = write_calls(tmp_path / "rows.parquet", 8)
    alone = run(tiny_model, tmp_path / "alone", data, steps=3, batch_rows=4)
    config = make_config(tiny_model, tmp_path / "shared", data, steps=3, batch_rows=2)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [*launch, "-m", "training.run", str(tmp_path / "config.yaml")]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / "shared")]
    shared = TrainingReport.model_validate_json((tmp_path / "shared" / "training.json").read_text())
    assert read_losses(shared) == pytest.approx(read_losses(alone), rel=1e-4)


@pytest.mark.slow
def test_memory_savers_change_nothing_that_counts(tiny_model: Path, tmp_path: Path) -> None:
    data = write_calls(tmp_path / "rows.parquet", 6)
    plain = run(tiny_model, tmp_path / "plain", data, steps=2)
    saved = run(tiny_model, tmp_path / "saved", data, steps=2, gradient_checkpointing=True)
    assert have_same_weights(tmp_path / "plain", tmp_path / "saved")
    halves = run(tiny_model, tmp_path / "halves", data, steps=2, batch_rows=1, accumulate=2)
    assert read_losses(halves) == pytest.approx(read_losses(plain), rel=1e-4)
    rough = run(tiny_model, tmp_path / "rough", data, steps=2, bf16=True)
    assert read_losses(rough) == pytest.approx(read_losses(plain), rel=0.02)
    assert read_losses(saved) == read_losses(plain)
