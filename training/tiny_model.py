"""A randomly initialised Qwen2 with its own tokenizer and chat template, for tests and for measuring speed.

`python -m training.tiny_model OUT --seed 0 --size tiny`
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from training.tiny_texts import make_texts

Size = Literal["tiny", "small", "100m"]

SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MARK_TOKENS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")

# ChatML with the tools in Hermes form, as Qwen2.5 has it; the wording is ours.
CHAT_TEMPLATE = """\
{%- macro calls_of(message) -%}
{%- for call in message.tool_calls or [] -%}
{%- if not loop.first or message.content %}{{ "\\n" }}{% endif -%}
{%- set function = call.function if call.function is defined else call -%}
{{- '<tool_call>\\n{"name": ' ~ (function.name | tojson) ~ ', "arguments": ' -}}
{{- (function.arguments if function.arguments is string else (function.arguments | tojson)) ~ '}\\n</tool_call>' -}}
{%- endfor -%}
{%- endmacro -%}
{%- set has_system = messages and messages[0].role == "system" -%}
{%- if tools or has_system -%}
{{- "<|im_start|>system\\n" ~ (messages[0].content if has_system else "You can call functions.") -}}
{%- if tools -%}
{{- "\\n\\nThese functions may be called, one JSON schema per line:\\n<tools>" -}}
{%- for tool in tools %}{{ "\\n" ~ (tool | tojson) }}{% endfor -%}
{{- '\\n</tools>\\n\\nSpell each call as\\n<tool_call>\\n{"name": NAME, "arguments": OBJECT}\\n</tool_call>' -}}
{%- endif -%}
{{- "<|im_end|>\\n" -}}
{%- endif -%}
{%- for message in (messages[1:] if has_system else messages) -%}
{%- if message.role == "tool" -%}
{%- if loop.first or loop.previtem.role != "tool" %}{{ "<|im_start|>user" }}{% endif -%}
{{- "\\n<tool_response>\\n" ~ message.content ~ "\\n</tool_response>" -}}
{%- if loop.last or loop.nextitem.role != "tool" %}{{ "<|im_end|>\\n" }}{% endif -%}
{%- else -%}
{{- "<|im_start|>" ~ message.role ~ "\\n" ~ (message.content or "") ~ calls_of(message) ~ "<|im_end|>\\n" -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant\\n" }}{% endif -%}
"""


@dataclass(frozen=True)
class Shape:
    """How large the model is."""

    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    intermediate: int
    initializer_range: float


SHAPES: dict[Size, Shape] = {
    # The range grows as the width falls, so that a tiny model's likeliest tokens also depend on what came before.
    "tiny": Shape(64, 2, 2, 1, 128, 0.2),  # vLLM's CPU attention takes heads of 32 and more
    "small": Shape(256, 4, 8, 2, 768, 0.08),
    "100m": Shape(768, 12, 12, 4, 3072, 0.02),
}


def make_tokenizer(texts: Sequence[str], *, vocabulary_size: int = 4000, context_length: int = 8192) -> Any:
    """A byte-level BPE tokenizer, digits apart, that has learnt from these texts."""
    from tokenizers import Tokenizer, models, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut_as_qwen2()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size - len(SPECIAL_TOKENS) - len(MARK_TOKENS),
        initial_alphabet=byte_alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return wrap_tokenizer(model["vocab"], [tuple(merge) for merge in model["merges"]], context_length)


def cut_as_qwen2() -> Any:
    """The pre-tokenizer of every Qwen2: transformers puts it into the place of a folder's own."""
    from transformers import Qwen2Tokenizer

    return Qwen2Tokenizer().backend_tokenizer.pre_tokenizer


def byte_alphabet() -> list[str]:
    """How byte-level BPE spells the 256 bytes."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def wrap_tokenizer(vocabulary: dict[str, int], merges: list[tuple[str, str]], context_length: int) -> Any:
    """As transformers loads it, with the special tokens, the marks of calls and the chat template."""
    from tokenizers import AddedToken
    from transformers import Qwen2Tokenizer

    make: Any = Qwen2Tokenizer  # untyped in transformers
    tokenizer = make(
        vocab=vocabulary,
        merges=merges,
        eos_token="<|im_end|>",  # noqa: S106  not a password
        pad_token="<|endoftext|>",  # noqa: S106
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=context_length,
    )
    tokenizer.add_tokens([AddedToken(each, special=True, normalized=False) for each in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(each, special=False, normalized=False) for each in MARK_TOKENS])
    return tokenizer


def make_tiny_model(
    folder: str | Path,
    *,
    seed: int = 0,
    size: Size = "tiny",
    vocabulary_texts: Sequence[str] = (),
    context_length: int = 8192,
    logits: int | None = None,
) -> Path:
    """Write a model folder that transformers and vLLM load.

    Args:
        folder: made where it does not exist.
        seed: of the weights and of the tokenizer's texts.
        size: a name of `SHAPES`.
        vocabulary_texts: more texts for the tokenizer.
        context_length: of the model; rotary positions, so it costs nothing.
        logits: their width, for measuring with as many as real models have; just enough unless given.
    """
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer([*make_texts(seed), *vocabulary_texts], context_length=context_length)
    end, padding = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    shape = SHAPES[size]
    config = Qwen2Config(
        # A multiple of 64, as real models have it: the logits are wider than the vocabulary.
        vocab_size=logits or -(-len(tokenizer) // 64) * 64,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        intermediate_size=shape.intermediate,
        initializer_range=shape.initializer_range,
        max_position_embeddings=context_length,
        eos_token_id=end,
        pad_token_id=padding,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2ForCausalLM(config)
    model.generation_config.eos_token_id = [end, padding]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Path(folder)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True)
@click.option("--size", type=click.Choice(list(SHAPES)), default="tiny", show_default=True)
def main(folder: Path, seed: int, size: Size) -> None:
    """Write a randomly initialised model to FOLDER."""
    click.echo(f"{make_tiny_model(folder, seed=seed, size=size)}")


if __name__ == "__main__":
    main()
