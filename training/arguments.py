"""A `TrainConfig` in the words of TRL's trainers: one log line a step, checkpoints to go on from."""

from pathlib import Path
from typing import Any

from schemas.training import Stage, TrainConfig


def describe_arguments(config: TrainConfig, stage: Stage, checkpoints: Path) -> dict[str, Any]:
    """What SFTConfig and DPOConfig have in common."""
    import torch

    on_gpu = config.use_gpu and torch.cuda.is_available()
    every = config.evaluate_every if config.early_stop else config.checkpoint_every
    return {
        "output_dir": str(checkpoints),
        "learning_rate": stage.learning_rate or config.learning_rate,
        "lr_scheduler_type": "constant_with_warmup" if config.schedule == "constant" else config.schedule,
        "warmup_steps": config.warmup_share,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_gradient_norm,
        "num_train_epochs": stage.epochs,
        "max_steps": stage.steps or -1,
        "per_device_train_batch_size": config.batch_rows,
        "per_device_eval_batch_size": config.batch_rows,
        "gradient_accumulation_steps": config.accumulate,
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "bf16": config.bf16,
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "seed": config.seed,
        "data_seed": config.seed,
        "train_sampling_strategy": "group_by_length" if config.group_by_length else "random",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a loss that is no number is to be seen
        "report_to": "none",
        "disable_tqdm": True,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": config.checkpoints_kept,
        "eval_strategy": "steps" if config.validation_share else "no",
        "eval_steps": config.evaluate_every,
        "load_best_model_at_end": config.early_stop is not None,
        "metric_for_best_model": "eval_loss" if config.early_stop else None,
        "greater_is_better": False if config.early_stop else None,
    }
