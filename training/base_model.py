"""A Qwen2 of a few million parameters, randomly initialised, and its tokenizer: what pre-training starts from."""

from pathlib import Path
from typing import Any

from schemas.record import Record
from training.base_tokenizer import learn_tokenizer
from training.first_weights import align_spellings, wire_copying

CONTEXT_LENGTH = 4096
_VOCABULARY_STEP = 64
_ROPE_THETA = 1_000_000.0
"""With the usual 10,000, too few dimensions of a head still compare tokens 300 places apart."""


class BaseShape(Record):
    """How large the base model is; 2.9 million parameters as it stands."""

    hidden: int = 256
    layers: int = 4
    heads: int = 4
    """Of 32 dimensions and more each, or vLLM's CPU attention refuses them."""
    key_value_heads: int = 2
    intermediate: int = 448
    vocabulary: int = 3072
    """Tokens of its own BPE, marks included."""


def make_base_tokenizer(texts: list[str], shape: BaseShape) -> Any:
    """The tokenizer of a base model, learnt from these texts; every mark of a call is a token already."""
    return learn_tokenizer(texts, shape.vocabulary, CONTEXT_LENGTH)


def make_base_model(shape: BaseShape, tokenizer: Any, seed: int) -> Any:
    """A model that copies and is random otherwise, its input and output embeddings tied."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    end, padding = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    make: Any = Qwen2Config  # its signature leaves out what every configuration takes
    config = make(
        vocab_size=-(-len(tokenizer) // _VOCABULARY_STEP) * _VOCABULARY_STEP,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": _ROPE_THETA},
        eos_token_id=end,
        pad_token_id=padding,
        bos_token_id=None,
        attn_implementation="sdpa",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2ForCausalLM(config)
    wire_copying(model, seed)
    align_spellings(model, tokenizer)
    model.generation_config.eos_token_id = [end, padding]
    return model


def save_base(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model folder in bf16; the model itself stays as it is."""
    import copy

    import torch

    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
