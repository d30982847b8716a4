"""How large a model is, from its config.json alone: parameters of the base and of an adapter are counted exactly."""

import json
from pathlib import Path
from typing import Any

from schemas.record import Record
from schemas.training import LoraOptions
from training.start_model import find_weights


class Shape(Record):
    """A dense decoder's numbers, as config.json names them."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    head_dim: int
    tie_word_embeddings: bool
    has_bias: bool
    """Whether queries, keys and values have one, as Qwen2's do."""


KNOWN: dict[str, Shape] = {
    "Qwen/Qwen2.5-7B": Shape(
        hidden_size=3584,
        intermediate_size=18944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        vocab_size=152064,
        head_dim=128,
        tie_word_embeddings=False,
        has_bias=True,
    ),
    "Qwen/Qwen2.5-1.5B": Shape(
        hidden_size=1536,
        intermediate_size=8960,
        num_hidden_layers=28,
        num_attention_heads=12,
        num_key_value_heads=2,
        vocab_size=151936,
        head_dim=128,
        tie_word_embeddings=True,
        has_bias=True,
    ),
    "meta-llama/Llama-3.1-8B": Shape(
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
        vocab_size=128256,
        head_dim=128,
        tie_word_embeddings=False,
        has_bias=False,
    ),
}
"""Bases of our configs, for estimates where they have not been downloaded; facts of their config.json."""


def read_shape(base_model: str) -> Shape | None:
    """Of a folder's config.json, or of a base that is known by name; None: neither."""
    folder, _ = find_weights(base_model)
    file = Path(folder) / "config.json"
    if not file.is_file():
        return KNOWN.get(folder)
    values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    try:
        heads = values["num_attention_heads"]
        return Shape(
            hidden_size=values["hidden_size"],
            intermediate_size=values["intermediate_size"],
            num_hidden_layers=values["num_hidden_layers"],
            num_attention_heads=heads,
            num_key_value_heads=values.get("num_key_value_heads") or heads,
            vocab_size=values["vocab_size"],
            head_dim=values.get("head_dim") or values["hidden_size"] // heads,
            tie_word_embeddings=bool(values.get("tie_word_embeddings", False)),
            has_bias=values.get("model_type") == "qwen2",
        )
    except KeyError:
        return None


def count_parameters(shape: Shape) -> int:
    """Of a decoder as Qwen2 and Llama have it."""
    layer = sum(inputs * outputs for inputs, outputs in list_linear_layers(shape)) + 2 * shape.hidden_size
    if shape.has_bias:
        layer += (shape.num_attention_heads + 2 * shape.num_key_value_heads) * shape.head_dim
    embeddings = shape.vocab_size * shape.hidden_size * (1 if shape.tie_word_embeddings else 2)
    return embeddings + shape.num_hidden_layers * layer + shape.hidden_size


def count_lora(shape: Shape, lora: LoraOptions) -> int:
    """Of an adapter; every linear layer counts where targets are named, since names differ."""
    return shape.num_hidden_layers * sum(lora.r * (inputs + outputs) for inputs, outputs in list_linear_layers(shape))


def list_linear_layers(shape: Shape) -> list[tuple[int, int]]:
    """Inputs and outputs of those of one layer: attention, then the gated MLP."""
    hidden, wide = shape.hidden_size, shape.intermediate_size
    queries, keys = shape.num_attention_heads * shape.head_dim, shape.num_key_value_heads * shape.head_dim
    attention = [(hidden, queries), (hidden, keys), (hidden, keys), (queries, hidden)]
    return [*attention, (hidden, wide), (hidden, wide), (wide, hidden)]
