"""Supervised fine-tuning by TRL's SFTTrainer, which is given tokens and labels: it renders, cuts and masks nothing."""

from pathlib import Path
from typing import Any

from schemas.training import Stage, TrainConfig
from training.arguments import describe_arguments
from training.mixture import Mixture


def make_sft_trainer(
    config: TrainConfig,
    stage: Stage,
    checkpoints: Path,
    model: Any,
    adapter: Any | None,
    tokenizer: Any,
    mixture: Mixture,
    callbacks: list[Any],
) -> Any:
    """A trainer that is ready to run.

    Args:
        config: of the run.
        stage: of it.
        checkpoints: the stage's folder.
        model: a base, or a PEFT model of an earlier stage.
        adapter: what PEFT is to build around a base; None: nothing.
        tokenizer: for its padding and for being saved beside checkpoints.
        mixture: token rows.
        callbacks: watch the steps.
    """
    from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]  # trl exports lazily

    arguments = SFTConfig(
        **describe_arguments(config, stage, checkpoints),
        # Packed rows come as one row without padding whose positions begin anew: flash attention and the masks of
        # transformers keep them apart by these.
        packing=config.packing,
        packing_strategy="bfd",
        max_length=config.max_tokens if config.packing else None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    return SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=mixture.training,
        eval_dataset=mixture.validation,
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=callbacks,
    )
