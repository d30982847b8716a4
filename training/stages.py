"""Runs a config's stages one after another; each begins with the weights that the last one wrote to disk.

`checkpoints/0-chat/checkpoint-50/…`, and `checkpoints/0-chat/final/` with `stage.json` once that stage is over.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import TerminalError
from schemas.training import Stage, TrainConfig
from schemas.training_report import Measurement, SourceReport, StageReport, StepLoss
from training.adapter import describe_adapter, let_head_be_read
from training.dpo import make_dpo_trainer
from training.mixture import mix_stage
from training.progress import make_watcher
from training.sft import make_sft_trainer
from training.start_model import Base, load_base
from training.tokens import Tokens

_STAGE = "stage.json"
_STATE = "trainer_state.json"


class Trained(NamedTuple):
    """What the stages gave."""

    trainer: Any
    """Of the last stage; its model is the trained one."""
    stages: tuple[StageReport, ...]
    train_seconds: float
    """Of the steps of this attempt."""
    tokens: int
    """Of these steps, padding left out."""
    resumed_from: str | None


def run_stages(config: TrainConfig, tokens: Tokens, base: Base, say: Callable[[str], None]) -> Trained:
    """Train.

    Args:
        config: of the run.
        tokens: tokenizer and which embeddings are trained.
        base: the model; used up by this.
        say: is told of progress.

    Raises:
        TerminalError: the loss is no number any more.
    """
    stages = config.all_stages
    folders = [Path(config.output) / "checkpoints" / f"{place}-{stage.name}" for place, stage in enumerate(stages)]
    reports = _read_finished(folders)
    model, adapter = _start_from(config, tokens, base, folders[len(reports) - 1] if reports else None)
    resumed_from = f"stage {stages[len(reports)].name}" if reports else None
    seconds, seen = 0.0, 0
    for place in range(len(reports), len(stages)):
        stage, folder = stages[place], folders[place]
        trainer, sources = _prepare(config, stage, folder, model, adapter, tokens, say)
        checkpoint = find_checkpoint(folder)
        resumed_from = f"stage {stage.name}, {checkpoint.name}" if checkpoint else resumed_from
        started = time.monotonic()
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        seconds += time.monotonic() - started
        reports.append(_report(stage, trainer, sources))
        seen += int(_last(trainer.state.log_history, "num_tokens"))
        if place + 1 < len(stages):
            _finish_stage(folder, trainer, reports[-1])
            del model, trainer
            model, adapter = _start_from(config, tokens, load_base(config, tokens), folder)
    return Trained(trainer, tuple(reports), seconds, seen, resumed_from)


def find_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end: its state is what the trainer writes last."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda each: int(each.name.rpartition("-")[2]), reverse=True)
    return next((each for each in found if _is_complete(each)), None)


def _is_complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _read_finished(folders: list[Path]) -> list[StageReport]:
    reports: list[StageReport] = []
    for folder in folders:
        if not (folder / _STAGE).is_file():
            break
        reports.append(StageReport.model_validate_json((folder / _STAGE).read_text(encoding="utf-8")))
    return reports


def _finish_stage(folder: Path, trainer: Any, report: StageReport) -> None:
    trainer.save_model(str(folder / "final"))
    if trainer.is_world_process_zero():
        partial = folder / f"{_STAGE}.tmp"
        partial.write_text(report.model_dump_json(), encoding="utf-8")
        partial.rename(folder / _STAGE)
    trainer.accelerator.wait_for_everyone()


def _start_from(config: TrainConfig, tokens: Tokens, base: Base, finished: Path | None) -> tuple[Any, Any | None]:
    """The model to train, and the adapter that TRL is to build around it."""
    if finished is None:
        return base.model, describe_adapter(config, base.model, tokens.trained) if config.has_adapter else None
    if config.has_adapter:
        from peft import PeftModel

        return PeftModel.from_pretrained(base.model, str(finished / "final"), is_trainable=True), None
    loader: Any = type(base.model)
    options = {"dtype": base.model.dtype, "attn_implementation": base.model.config._attn_implementation}
    return loader.from_pretrained(finished / "final", **options).to(base.model.device), None


class _Prepared(NamedTuple):
    trainer: Any
    sources: tuple[SourceReport, ...]


def _prepare(
    config: TrainConfig,
    stage: Stage,
    folder: Path,
    model: Any,
    adapter: Any | None,
    tokens: Tokens,
    say: Callable[[str], None],
) -> _Prepared:
    from transformers import EarlyStoppingCallback, PrinterCallback

    started = time.monotonic()
    mixture = mix_stage(stage, config, tokens.tokenizer)
    callbacks = [make_watcher(stage.name, say)]
    if config.early_stop:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=config.early_stop))
    make = make_dpo_trainer if config.method == "dpo" else make_sft_trainer
    trainer = make(config, stage, folder, model, adapter, tokens.tokenizer, mixture, callbacks)
    trainer.remove_callback(PrinterCallback)  # the watcher speaks
    let_head_be_read(trainer.model)
    say(_describe_data(stage, mixture.sources, len(mixture.training), time.monotonic() - started))
    return _Prepared(trainer, mixture.sources)


def _describe_data(stage: Stage, sources: Sequence[SourceReport], sequences: int, seconds: float) -> str:
    used = sum(each.used for each in sources)
    text = f"stage {stage.name}: {used} rows, {sequences} sequences, read in {seconds:.1f} s"
    too_long = sum(each.too_long for each in sources)
    return text + (f"; {too_long} rows are too long and left out" if too_long else "")


def _report(stage: Stage, trainer: Any, sources: tuple[SourceReport, ...]) -> StageReport:
    history = trainer.state.log_history
    losses = tuple(
        StepLoss(
            step=each["step"],
            loss=each["loss"],
            learning_rate=each["learning_rate"],
            gradient_norm=each.get("grad_norm"),
            margin=each.get("rewards/margins"),
        )
        for each in history
        if "loss" in each
    )
    broken = next((each.step for each in losses if each.loss != each.loss), None)
    if broken is not None:
        raise TerminalError(f"The loss is no number from step {broken} on; lower learning_rate or look at the data.")
    measured = tuple(
        Measurement(step=each["step"], loss=each["eval_loss"], margin=each.get("eval_rewards/margins"))
        for each in history
        if "eval_loss" in each
    )
    return StageReport(
        name=stage.name,
        sources=sources,
        sequences=len(trainer.train_dataset),
        steps=trainer.state.global_step,
        losses=losses,
        measurements=measured,
        stopped_early=trainer.state.global_step < trainer.state.max_steps,
    )


def _last(history: list[dict[str, Any]], name: str) -> float:
    return next((float(each[name]) for each in reversed(history) if name in each), 0.0)
