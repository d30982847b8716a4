"""New tokens start as the mean of the embeddings they name, in the output layer too, and are saved with the model."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from schemas.errors import UsageError
from schemas.training import NewToken, TrainConfig
from training.tokens import add_tokens, open_tokenizer, start_embeddings


def make_model(is_tied: bool, rows: int) -> Any:
    """Too small to be good for anything."""
    torch.manual_seed(0)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=rows, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
            intermediate_size=8, tie_word_embeddings=is_tied,
        )
    )  # fmt: skip


@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("spare", [0, 64], ids=["grows", "has spare rows"])
def test_new_rows_start_as_means(is_tied: bool, spare: int, tiny_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = make_model(is_tied, len(tokenizer) + spare)
    entrance, head = (layer.weight.detach().clone() for layer in _layers(model))
    named = [number for text in ("<tool_call>", "name") for number in tokenizer.encode(text, add_special_tokens=False)]
    own = tokenizer.encode("<<new>>", add_special_tokens=False)
    starts = add_tokens(tokenizer, [NewToken(text="<call>", mean_of=("<tool_call>", "name")), NewToken(text="<<new>>")])
    assert start_embeddings(model, starts, len(tokenizer)) == (spare == 0)
    for layer, before in zip(_layers(model), (entrance, head), strict=True):
        assert torch.allclose(layer.weight[starts[0].token], before[named].mean(0))
        assert torch.allclose(layer.weight[starts[1].token], before[own].mean(0))
        assert torch.equal(layer.weight[: len(before) - spare], before[: len(before) - spare])
    assert (_layers(model)[0].weight is _layers(model)[1].weight) == is_tied
    assert tokenizer.encode("x<call>y", add_special_tokens=False).count(starts[0].token) == 1


def test_a_token_that_is_there_keeps_its_embedding(tiny_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    assert add_tokens(tokenizer, [NewToken(text="<tool_call>", mean_of=("name",))]) == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"end_of_turn": "<|over|>"}, "end_of_turn names '<|over|>', which the tokenizer does not have"),
        ({"trained_tokens": ("<|over|>",)}, "trained_tokens names"),
        ({"chat_template": "nowhere.jinja"}, "chat template nowhere.jinja can't be read"),
        ({"new_tokens": (NewToken(text="<a>", mean_of=("",)),)}, "starts from .* which has no token"),
    ],
)
def test_what_the_tokenizer_lacks_is_said(values: dict[str, Any], said: str, tiny_model: Path) -> None:
    config = TrainConfig.model_validate({"base_model": "x", "output": "y", "data": [{"path": "z"}], **values})
    with pytest.raises(UsageError, match=said.replace("|", r"\|")):
        open_tokenizer(config, str(tiny_model))


def test_a_base_without_a_tokenizer_is_said(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((tiny_model / "config.json").read_bytes())
    config = TrainConfig.model_validate({"base_model": str(tmp_path), "output": "y", "data": [{"path": "z"}]})
    with pytest.raises(UsageError, match="holds no tokenizer"):
        open_tokenizer(config, str(tmp_path))


def _layers(model: Any) -> list[Any]:
    return [model.get_input_embeddings(), model.get_output_embeddings()]
