"""Marks that are one token each: trained under LoRA, tied or not, and saved with the model."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.example_rows import write_calls
from tests.training.runs import TOKENS, read_losses, run


def make_untied(tiny_model: Path, folder: Path) -> Path:
    """The same model with an output layer of its own."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(tiny_model)
    config.tie_word_embeddings = False
    torch.manual_seed(0)
    loader: Any = AutoModelForCausalLM
    loader.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("is_tied", [True, False], ids=["tied", "untied"])
def test_new_tokens_are_trained_under_lora_and_saved_with_it(is_tied: bool, tiny_model: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = tiny_model if is_tied else make_untied(tiny_model, tmp_path / "untied")
    data = write_calls(tmp_path / "rows.parquet", 8)
    knobs: dict[str, Any] = {"call_format": "special-tokens", "new_tokens": TOKENS, "merge": True, "steps": 12}
    report = run(base, tmp_path / "model", data, trained_tokens=["<|im_end|>"], **knobs)
    losses = read_losses(report)
    assert losses[-1] < losses[0] - 1
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert tokenizer.convert_tokens_to_ids(list(report.new_token_ids)) == list(report.new_token_ids.values())
    if (tmp_path / "model" / "base").is_dir():
        base = tmp_path / "model" / "base"
    plain = AutoModelForCausalLM.from_pretrained(base)
    tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "model").merge_and_unload()
    merged = AutoModelForCausalLM.from_pretrained(report.model_path)
    trained = [*report.new_token_ids.values(), tokenizer.convert_tokens_to_ids("<|im_end|>")]
    for layer in ("get_input_embeddings", "get_output_embeddings"):
        before, after, whole = (getattr(each, layer)().weight for each in (plain, tuned, merged))
        assert torch.allclose(after, whole, atol=1e-6)
        changed = (before != after).any(1).nonzero().flatten().tolist()
        assert sorted(changed) == sorted(trained)
    assert not plain.config.tie_word_embeddings or merged.config.tie_word_embeddings
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Weather in Paris?"}], tokenize=False, add_generation_prompt=True
    )
    ids = torch.tensor([tokenizer.encode(text)])
    assert torch.allclose(tuned(ids).logits, merged(ids).logits, atol=1e-4)
