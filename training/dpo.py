"""Direct preference optimization by TRL's DPOTrainer, on tokens of ours; the reference is the model as it starts."""

import copy
from pathlib import Path
from typing import Any

from schemas.training import Stage, TrainConfig
from training.arguments import describe_arguments
from training.mixture import Mixture


def make_dpo_trainer(
    config: TrainConfig,
    stage: Stage,
    checkpoints: Path,
    model: Any,
    adapter: Any | None,
    tokenizer: Any,
    mixture: Mixture,
    callbacks: list[Any],
) -> Any:
    """A trainer that is ready to run; see `make_sft_trainer` for its arguments."""
    from trl import DPOConfig, DPOTrainer  # type: ignore[attr-defined]  # trl exports lazily

    class TokenDpoTrainer(DPOTrainer):
        """Takes prompts and answers as tokens."""

        def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
            """TRL's would add an end of its own and split where tokens happen to differ."""
            return dataset

    arguments = DPOConfig(
        **describe_arguments(config, stage, checkpoints),
        beta=config.beta,
        max_length=None,
    )
    return TokenDpoTrainer(
        model=model,
        # Without an adapter to switch off, TRL would load the base's folder again, which lacks what was changed since.
        ref_model=None if adapter is not None else copy.deepcopy(model),
        args=arguments,
        train_dataset=mixture.training,
        eval_dataset=mixture.validation,
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=callbacks,
    )
