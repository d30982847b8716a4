"""What a training run did: training.json in the model's folder, written last."""

from typing import Literal

from schemas.record import Record
from schemas.training import TrainConfig


class StepLoss(Record):
    """One optimizer step."""

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float | None = None
    margin: float | None = None
    """DPO: by how much the chosen answers' reward exceeds the rejected ones'."""


class Measurement(Record):
    """The loss on rows that were kept apart."""

    step: int
    loss: float
    margin: float | None = None


class SourceReport(Record):
    """What became of a source's rows."""

    path: str
    sha256: str
    """Of its files' bytes, in the order of their names."""
    rows: int
    used: int
    """In training; validation is apart."""
    validation: int
    left_for_shares: int
    """Not needed for the stage's mixture."""
    too_long: int
    """More tokens than max_tokens."""
    longest_tokens: int
    without_answer: int
    """Rows whose assistant says nothing to learn."""
    split_rows: int
    """Rows whose earlier turns the template writes differently later on: each such turn became a sequence."""
    tokens: int
    """Of the used rows."""
    trained_tokens: int
    """Those that count in the loss."""


class StageReport(Record):
    """One stage."""

    name: str
    sources: tuple[SourceReport, ...]
    sequences: int
    """Rows after splitting and packing."""
    steps: int
    losses: tuple[StepLoss, ...]
    measurements: tuple[Measurement, ...]
    stopped_early: bool


class TrainingReport(Record):
    """A finished run."""

    format_version: Literal[1] = 1
    config: TrainConfig
    config_sha256: str
    data_sha256: str
    """Of every source's hash."""
    base_sha256: str
    """Of the base model's config and samples of its weights."""
    model_path: str
    """What to serve: the folder itself, or its merged model."""
    chat_template_sha256: str
    end_of_turn: str
    new_token_ids: dict[str, int]
    packages: dict[str, str]
    stages: tuple[StageReport, ...]
    parameters: int
    trained_parameters: int
    device: str
    started_at: str
    """UTC, ISO 8601; of this attempt."""
    wall_seconds: float
    """Of this attempt, from reading the data to the saved model."""
    train_seconds: float
    """Of its steps alone."""
    tokens_per_second: float
    """Over those, padding left out."""
    peak_memory_bytes: int
    """Of the GPU, or of the process where there is none."""
    resumed_from: str | None = None
    """Stage and step that this attempt went on from."""
    perplexity_before: float | None = None
    """On chat_check, by the base."""
    perplexity_after: float | None = None
    command: str
    """Makes this model again."""
