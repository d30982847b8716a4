"""Memory and time of a training run, from its config and the base model's config.json alone.

parameters  p of the base (embeddings, per layer: attention, gated MLP, norms), t trained (all, or LoRA's r·(in+out))
memory      weights p·bytes + trained t·(gradient + two Adam moments, and a float32 copy under LoRA on lesser weights)
            + activations: tokens at once · layers · kept numbers · bytes + one layer's, computed anew + logits + 1 GiB
time        tokens · (2 forward + 2 towards inputs + 2·share trained + 2 computed anew) · p / (speed · share reached)
"""

from pathlib import Path
from typing import NamedTuple

from schemas.record import Record
from schemas.training import Hardware, LoraOptions, TrainConfig
from training.shape import Shape, count_lora, count_parameters, read_shape

_GIB = 2**30
_BYTES = {"float32": 4.0, "bfloat16": 2.0, "4bit": 0.56}  # 4bit: with its scales; norms and embeddings apart
_LOGIT_ROWS = 256  # TRL computes the output layer in such chunks of tokens
_GUESSED_ROWS = 5000
_GUESSED_FILL = 0.5  # tokens of a guessed row, as a share of max_tokens
_CHARACTERS_A_TOKEN = 3.5


class Speed(NamedTuple):
    """What a device does."""

    flops: float
    """A second, dense, in bfloat16; of two laptop cores."""
    reached: float
    """Share of it that training reaches."""
    memory_gib: float


SPEEDS: dict[Hardware, Speed] = {
    "laptop": Speed(1.6e11, 0.5, 16),
    "rtx-4090": Speed(1.65e14, 0.40, 24),
    "a100-80g": Speed(3.12e14, 0.45, 80),
    "h200": Speed(9.89e14, 0.40, 141),
}
"""Makers' data sheets; shares as commonly reported for transformers of these sizes."""


class Estimate(Record):
    """What `--dry-run` prints."""

    parameters: int | None
    """None: the base is neither here nor known, so nothing else is known either."""
    trained_parameters: int | None
    memory_gib: float | None
    """Of each device."""
    fits: bool | None
    """Into the named hardware."""
    rows: int
    tokens: int
    """Of all epochs."""
    hours: float | None
    is_guessed: bool
    """Whether data are missing and rows and tokens are a guess."""

    def describe(self, config: TrainConfig) -> str:
        """In lines for a person."""
        data = f"{self.rows:,} rows, about {self.tokens:,} tokens with all epochs"
        if self.is_guessed:
            data += (
                f" (guessed: {_GUESSED_ROWS:,} rows of {int(config.max_tokens * _GUESSED_FILL)}, the data are not here)"
            )
        if self.parameters is None or self.memory_gib is None or self.hours is None:
            return f"data     {data}\nbase     {config.base_model} is not here and not known; nothing else can be said"
        place = f"{config.devices} × {config.hardware}"
        fit, room = "fits" if self.fits else "does not fit", SPEEDS[config.hardware].memory_gib
        return "\n".join(
            [
                f"base     {config.base_model}, {self.parameters:,} parameters",
                f"trained  {self.trained_parameters:,} parameters, {config.method}, weights in {config.weights}",
                f"data     {data}",
                f"memory   about {self.memory_gib:.1f} GiB a device, {fit} ({place} of {room} GiB)",
                f"time     about {_describe_hours(self.hours)} on {place}",
            ]
        )


def estimate_run(config: TrainConfig) -> Estimate:
    """Count and compute; no model is loaded and no heavy package imported."""
    rows, tokens, is_guessed = _count_tokens(config)
    shape = read_shape(config.base_model)
    if shape is None:
        return Estimate(
            parameters=None,
            trained_parameters=None,
            memory_gib=None,
            fits=None,
            rows=rows,
            tokens=tokens,
            hours=None,
            is_guessed=is_guessed,
        )
    parameters = count_parameters(shape)
    trained = count_lora(shape, config.lora or LoraOptions()) if config.has_adapter else parameters
    memory = _estimate_memory(config, shape, parameters, trained)
    speed = SPEEDS[config.hardware]
    return Estimate(
        parameters=parameters,
        trained_parameters=trained,
        memory_gib=round(memory, 2),
        fits=memory <= speed.memory_gib,
        rows=rows,
        tokens=tokens,
        hours=_estimate_seconds(config, shape, parameters, trained, tokens) / 3600,
        is_guessed=is_guessed,
    )


def _estimate_memory(config: TrainConfig, shape: Shape, parameters: int, trained: int) -> float:
    held = parameters * _BYTES[config.weights]
    size = 4 if config.has_adapter else _BYTES[config.weights]  # PEFT keeps adapters in float32
    learning = trained * (3 * size + (size if config.has_adapter else 0))
    if config.method == "dpo" and not config.has_adapter:
        held *= 2  # the reference
    width = 2 if config.bf16 or config.weights != "float32" else 4
    at_once = config.batch_rows * config.max_tokens * (2 if config.method == "dpo" else 1)
    queries = shape.num_attention_heads * shape.head_dim
    # Kept for the way back: norms' and projections' inputs, queries, keys, values, output; the MLP's four wide ones.
    kept = 5 * shape.hidden_size + 3 * queries + 4 * shape.intermediate_size
    layers = shape.num_hidden_layers
    numbers = layers * shape.hidden_size + kept if config.gradient_checkpointing else layers * kept
    logits = _LOGIT_ROWS * shape.vocab_size * 4 * 3
    # Weights of several devices are shared out where all are trained (FSDP); adapters are trained on copies.
    shared = 1 if config.has_adapter else config.devices
    return ((held + learning) / shared + at_once * numbers * width + logits) / _GIB + 1.0


def _estimate_seconds(config: TrainConfig, shape: Shape, parameters: int, trained: int, tokens: int) -> float:
    steps = 4 + 2 * trained / parameters + (2 if config.gradient_checkpointing else 0)
    if config.method == "dpo":
        steps += 2  # the reference looks too
    table = 0 if shape.tie_word_embeddings else shape.vocab_size * shape.hidden_size  # is looked up, not multiplied
    speed = SPEEDS[config.hardware]
    return tokens * steps * (parameters - table) / (speed.flops * speed.reached * config.devices)


def _count_tokens(config: TrainConfig) -> tuple[int, int, bool]:
    """Rows and tokens by the size of their text; guessed where a source is not here."""
    rows = tokens = 0
    is_guessed = False
    for stage in config.all_stages:
        found = [_measure_text(each.path) for each in stage.data]
        is_guessed |= None in found
        known = [each or (_GUESSED_ROWS, int(_GUESSED_ROWS * config.max_tokens * _GUESSED_FILL)) for each in found]
        stage_rows, stage_tokens = sum(each[0] for each in known), sum(each[1] for each in known)
        repeats = stage.epochs
        if stage.steps is not None:
            repeats = stage.steps * config.batch_rows * config.accumulate * config.devices / max(stage_rows, 1)
        rows += stage_rows
        tokens += int(stage_tokens * repeats)
    return rows, tokens, is_guessed


def _measure_text(path: str) -> tuple[int, int] | None:
    import pyarrow.compute as compute
    import pyarrow.parquet as parquet

    place = Path(path)
    files = [place] if place.is_file() else sorted(place.rglob("*.parquet")) if place.is_dir() else []
    if not files:
        return None
    rows, characters = 0, 0
    for file in files:
        names = [
            name
            for name in ("messages", "tools", "prompt", "chosen", "rejected")
            if name in parquet.read_schema(file).names
        ]
        table = parquet.read_table(file, columns=names)
        rows += table.num_rows
        texts = [column for column in table.columns if str(column.type) in ("string", "large_string")]
        characters += sum(compute.sum(compute.utf8_length(column)).as_py() or 0 for column in texts)
    return rows, int(characters / _CHARACTERS_A_TOKEN)


def _describe_hours(hours: float) -> str:
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    return f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.1f} h"
