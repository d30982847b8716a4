"""Folders that can be run are; the others are refused with what is wrong and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig

from schemas.errors import UsageError
from serving.embedded.load import LoadedModel, check_supported, load_model
from tests.serving.embedded.models import make_model


def test_the_tiny_model_is_what_the_engine_needs(loaded: LoadedModel, tiny_model: Path) -> None:
    assert loaded.name == tiny_model.name
    assert loaded.vocabulary.size % 64 == 0
    assert {loaded.tokenizer.convert_ids_to_tokens(each) for each in loaded.vocabulary.end_ids} == {
        "<|im_end|>",
        "<|endoftext|>",
    }
    assert set(loaded.vocabulary.added) >= {b"<tool_call>", b"</tool_call>"}


def test_marks_in_a_prompt_are_their_tokens(loaded: LoadedModel) -> None:
    tokens = loaded.tokenise("<|im_start|>user\nHi 12 世界<|im_end|>\n<tool_call>")
    assert tokens[0] == loaded.tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert tokens[-1] == loaded.vocabulary.added[b"<tool_call>"]
    assert loaded.tokenizer.decode(tokens) == "<|im_start|>user\nHi 12 世界<|im_end|>\n<tool_call>"


def test_every_token_of_an_answer_has_its_bytes(loaded: LoadedModel) -> None:
    text = 'The weather in 北京 is {"name": "x", "n": -12.5}\n'
    assert loaded.vocabulary.text(list(loaded.tokenise(text))).decode() == text


@pytest.mark.parametrize(
    ("model_type", "options", "told"),
    [
        ("gemma2", {}, "type is gemma2"),
        ("mistral", {"sliding_window": 128}, "sliding window of 128"),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 64, "max_window_layers": 0}, "sliding"),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}, "dynamic"),
    ],
)
def test_a_model_that_would_answer_wrongly_is_refused(model_type: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=rf"{told}.*--engine vllm"):
        check_supported(AutoConfig.for_model(model_type, **options))


@pytest.mark.parametrize("model_type", ["qwen2", "qwen3", "llama"])
def test_the_window_of_a_switched_off_setting_is_none(model_type: str) -> None:
    check_supported(AutoConfig.for_model(model_type))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither config.json nor adapter_config.json"):
        load_model(tmp_path)


def test_an_adapter_without_its_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "nowhere/model"}))
    with pytest.raises(UsageError, match="names the base model nowhere/model"):
        load_model(tmp_path)


def test_an_adapter_needs_peft(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tiny_model)}))
    with pytest.raises(UsageError, match="pip install peft"):
        load_model(tmp_path)


def test_a_torn_weight_file_is_refused(tmp_path: Path, tokenizer: Any) -> None:
    make_model("llama", len(tokenizer)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    weights: Path = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UsageError, match="can't be loaded"):
        load_model(tmp_path)


def test_a_weight_that_is_not_there_is_not_made_up(tmp_path: Path, tokenizer: Any) -> None:
    model = make_model("llama", len(tokenizer))
    weights = {name: weight for name, weight in model.state_dict().items() if "layers.1.mlp" not in name}
    model.save_pretrained(tmp_path, state_dict=weights)
    with pytest.raises(UsageError, match=r"lacks 3 of its weights, such as model.layers.1.mlp"):
        load_model(tmp_path)
