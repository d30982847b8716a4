"""A training of two steps on one data set."""

from schemas.training import DataSource, TrainConfig
from schemas.training_report import SourceReport, StageReport, StepLoss, TrainingReport


def small_training() -> TrainingReport:
    """What its training.json would hold."""
    source = SourceReport(
        path="data/calls", sha256="d1", rows=12, used=10, validation=1, left_for_shares=0, too_long=1,
        longest_tokens=900, without_answer=0, split_rows=0, tokens=3000, trained_tokens=400,
    )  # fmt: skip
    losses = (StepLoss(step=1, loss=3.5, learning_rate=1e-3), StepLoss(step=2, loss=2.5, learning_rate=5e-4))
    stage = StageReport(
        name="all", sources=(source,), sequences=10, steps=2, losses=losses, measurements=(), stopped_early=False
    )
    return TrainingReport(
        config=TrainConfig(base_model="base", output="models/small", data=(DataSource(path="data/calls"),)),
        config_sha256="c1", data_sha256="d1", base_sha256="b1", model_path="models/small", chat_template_sha256="t1",
        end_of_turn="<|im_end|>", new_token_ids={}, packages={"torch": "2.13.0"}, stages=(stage,), parameters=1000,
        trained_parameters=100, device="cpu", started_at="2026-03-01T03:00:00+00:00", wall_seconds=20.0,
        train_seconds=10.0, tokens_per_second=300.0, peak_memory_bytes=1 << 30,
        command="python -m training.run small.yaml",
    )  # fmt: skip
