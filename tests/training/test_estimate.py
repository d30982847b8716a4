"""Parameters are counted from config.json alone, and exactly."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.training import LoraOptions, TrainConfig
from tests.training.example_rows import write_calls
from training.estimate import estimate_run
from training.run import main
from training.shape import KNOWN, Shape, count_lora, count_parameters, read_shape


def make_config(base: str, **values: object) -> TrainConfig:
    """With data that are not there, unless given."""
    return TrainConfig.model_validate({"base_model": base, "output": "out", "data": [{"path": "none"}], **values})


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Qwen/Qwen2.5-7B", 7_615_616_512),
        ("Qwen/Qwen2.5-1.5B", 1_543_714_304),
        ("meta-llama/Llama-3.1-8B", 8_030_261_248),
    ],
)
def test_known_bases_have_the_parameters_that_their_makers_name(name: str, parameters: int) -> None:
    assert count_parameters(KNOWN[name]) == parameters


def test_a_folders_parameters_are_what_torch_counts(tiny_model: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    shape = read_shape(str(tiny_model))
    assert isinstance(shape, Shape)
    assert count_parameters(shape) == model.num_parameters()
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear"))
    assert count_lora(shape, LoraOptions(r=4)) == adapted.get_nb_trainable_parameters()[0]


def test_less_is_less() -> None:
    """What saves memory lowers the estimate, and what costs time raises it."""
    base = "Qwen/Qwen2.5-7B"
    full = estimate_run(make_config(base, method="sft-full", hardware="h200"))
    lora = estimate_run(make_config(base, weights="bfloat16", bf16=True, hardware="h200"))
    small = estimate_run(
        make_config(base, weights="4bit", bf16=True, gradient_checkpointing=True, hardware="rtx-4090", batch_rows=1)
    )
    memory = [each.memory_gib or 0 for each in (full, lora, small)]
    assert memory == sorted(memory, reverse=True)
    assert (full.fits, small.fits) == (False, True)
    assert (full.hours or 0) > (lora.hours or 0) > 0


def test_rows_that_are_there_are_counted(tmp_path: Path, tiny_model: Path) -> None:
    path = write_calls(tmp_path / "rows.parquet", 12)
    config = make_config(str(tiny_model), data=[{"path": str(path)}], epochs=2)
    estimate = estimate_run(config)
    assert estimate.rows == 12
    assert 12 * 2 * 50 < estimate.tokens < 12 * 2 * 200
    assert not estimate.is_guessed
    assert "fits" in estimate.describe(config)


def test_a_dry_run_prints_it_and_writes_nothing(tmp_path: Path, tiny_model: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"base_model: {tiny_model}\noutput: {tmp_path / 'out'}\ndata: [{{path: none}}]\n")
    done = CliRunner().invoke(main, [str(file), "--dry-run", "--set", "lora.r=8"])
    assert (done.exit_code, "memory   about 1." in done.output) == (0, True)
    assert not (tmp_path / "out").exists()
    refused = CliRunner().invoke(main, [str(file), "--set", "rank=8"])
    assert (refused.exit_code, refused.output.count("\n")) == (2, 1)
    assert "there is no knob 'rank'" in refused.output


def test_an_unknown_base_is_said_to_be_unknown() -> None:
    config = make_config("nobody/nothing")
    assert "not known" in estimate_run(config).describe(config)
