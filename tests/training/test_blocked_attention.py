"""Attention block by block against torch's own: what comes out, and what goes back."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from training.base_model import BaseShape
from training.blocked_attention import attend, blocked_on_cpu


@pytest.mark.parametrize("length", [1, 127, 128, 300])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_values_and_slopes_are_those_of_torch(length: int, groups: int) -> None:
    torch.manual_seed(length)
    query, key, value = (torch.randn(2, heads, length, 16, requires_grad=True) for heads in (4, groups, groups))
    slope = torch.randn(2, 4, length, 16)
    found = []
    for out in (
        attend(query, key, value, 0.25),
        scaled_dot_product_attention(query, key, value, is_causal=True, scale=0.25, enable_gqa=True),
    ):
        found.append([out, *torch.autograd.grad(out, (query, key, value), slope)])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_model_of_transformers_gives_the_same_logits_padded_or_not() -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    shape = BaseShape(hidden=64, layers=2, intermediate=64, vocabulary=320)
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=shape.vocabulary, hidden_size=shape.hidden, num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads, num_key_value_heads=shape.key_value_heads,
            intermediate_size=shape.intermediate,
        )
    )  # fmt: skip
    ids = torch.randint(0, 320, (3, 150))
    usual = model(ids).logits
    with blocked_on_cpu(model):
        padded = torch.cat([ids, torch.zeros(3, 20, dtype=torch.long)], 1)
        mask = (torch.arange(170) < 150).long().expand(3, -1)
        torch.testing.assert_close(model(padded, attention_mask=mask).logits[:, :150], usual, rtol=1e-4, atol=1e-4)
    assert model.config._attn_implementation == "sdpa"
