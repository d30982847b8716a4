"""`python -m training.run CONFIG.yaml [--resume] [--dry-run] [--set knob=value]`: Parquet in, a model folder out.

A subprocess of whoever asks: it opens no warehouse, says how it comes on to stderr, and prints the folder to serve.
A folder counts as a model only when its training.json is there; it is written last.
"""

import hashlib
import os
import shlex
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from schemas.errors import CallmillError, TerminalError, UsageError
from schemas.record import content_id
from schemas.training import TrainConfig
from schemas.training_report import TrainingReport
from training.config import load_config
from training.rows import find_files, hash_files
from training.start_model import check_base, find_tokenizer, hash_base

REPORT = "training.json"
_IDENTITY = "identity.txt"
_CHECKPOINTS = "checkpoints"


def train(config: TrainConfig, *, resume: bool, command: str, say: Callable[[str], None]) -> TrainingReport:
    """Train as the config says, and write the model's folder.

    Args:
        config: of the run.
        resume: go on from checkpoints where there are any; a finished run is only read.
        command: that makes the model again, for its card.
        say: is told of progress.

    Raises:
        UsageError: something that the config names is not there.
        TerminalError: the output holds another run, or training broke.
    """
    check_base(config.base_model)
    data_sha256 = _hash_data(config)
    output = Path(config.output)
    identity = content_id(_without_places(config), data_sha256, hash_base(config.base_model))
    finished = _claim_output(output, identity, resume) if _is_first() else _read_finished(output)
    if finished is not None:
        return finished
    return _train(config, data_sha256, command, say)


def _train(config: TrainConfig, data_sha256: str, command: str, say: Callable[[str], None]) -> TrainingReport:
    _quieten()
    import torch
    import transformers

    from training.chat_check import measure_perplexity
    from training.machine import list_packages, measure_peak_memory, name_device
    from training.stages import run_stages
    from training.start_model import load_base
    from training.tokens import open_tokenizer

    started, started_at = time.monotonic(), datetime.now(UTC).isoformat()
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    transformers.set_seed(config.seed)
    tokens = open_tokenizer(config, find_tokenizer(config.base_model))
    base = load_base(config, tokens)
    output = Path(config.output)

    def check_chat(model: Any) -> float | None:
        if config.chat_check is None:
            return None
        return measure_perplexity(model, tokens.tokenizer, config.chat_check, config.chat_check_rows, config.max_tokens)

    before = check_chat(base.model)
    if base.is_changed and config.has_adapter:
        base.model.save_pretrained(base.folder)
        tokens.tokenizer.save_pretrained(base.folder)
    try:
        trained = run_stages(config, tokens, base, say)
    except torch.OutOfMemoryError as error:
        raise TerminalError(
            f"The GPU's memory is too small ({str(error).splitlines()[0]}); lower batch_rows or max_tokens, or set "
            "gradient_checkpointing: true."
        ) from None
    model = trained.trainer.model
    after = check_chat(model)
    parameters = list(model.parameters())
    report = TrainingReport(
        config=config,
        config_sha256=_hash_text(config.model_dump_json()),
        data_sha256=data_sha256,
        base_sha256=hash_base(config.base_model),
        model_path=str(output / "merged" if config.merge else output),
        chat_template_sha256=_hash_text(tokens.tokenizer.chat_template),
        end_of_turn=tokens.tokenizer.eos_token,
        new_token_ids={tokens.tokenizer.convert_ids_to_tokens(each.token): each.token for each in tokens.starts},
        packages=list_packages(),
        stages=trained.stages,
        parameters=sum(each.numel() for each in parameters),
        trained_parameters=sum(each.numel() for each in parameters if each.requires_grad),
        device=name_device(config.use_gpu),
        started_at=started_at,
        wall_seconds=time.monotonic() - started,
        train_seconds=trained.train_seconds,
        tokens_per_second=trained.tokens / trained.train_seconds if trained.tokens else 0.0,
        peak_memory_bytes=measure_peak_memory(config.use_gpu),
        resumed_from=trained.resumed_from,
        perplexity_before=before,
        perplexity_after=after,
        command=command,
    )
    _save(config, trained.trainer, tokens.tokenizer, base, report)
    return report


def _save(config: TrainConfig, trainer: Any, tokenizer: Any, base: Any, report: TrainingReport) -> None:
    """Model, tokenizer and card; the report last."""
    from training.adapter import save_adapter
    from training.card import write_card

    output = Path(config.output)
    if not config.has_adapter:
        trainer.save_model(str(output))  # by the trainer: with FSDP every process holds a part
    if not trainer.is_world_process_zero():
        return
    if config.has_adapter:
        save_adapter(trainer.model, str(output), "base" if base.is_changed else base.folder)
    tokenizer.save_pretrained(output)
    if config.merge:
        merged = trainer.model.merge_and_unload()
        merged.save_pretrained(output / "merged")
        tokenizer.save_pretrained(output / "merged")
    write_card(report, output)
    if not config.keep_checkpoints:
        shutil.rmtree(output / _CHECKPOINTS, ignore_errors=True)
    partial = output / f"{REPORT}.tmp"
    partial.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.rename(output / REPORT)


def _claim_output(output: Path, identity: str, resume: bool) -> TrainingReport | None:
    """Whether the folder may be written to; a finished report where there is nothing left to do."""
    checkpoints = output / _CHECKPOINTS
    note = checkpoints / _IDENTITY
    is_finished, is_begun = (output / REPORT).is_file(), note.is_file()
    if not resume and (is_finished or is_begun):
        state = "a trained model" if is_finished else "checkpoints of a run that did not end"
        raise UsageError(f"{output} holds {state}; add --resume, remove the folder, or name another output.")
    report = _read_finished(output)
    if report is not None:
        parts = (_without_places(report.config), report.data_sha256, report.base_sha256)
        _check_identity(output, content_id(*parts), identity)
        return report
    if is_begun:
        _check_identity(output, note.read_text(encoding="utf-8"), identity)
        return None
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(f"{output} is not empty and holds no run of ours; name another output.")
    checkpoints.mkdir(parents=True)
    note.write_text(identity, encoding="utf-8")
    return None


def _is_first() -> bool:
    """Whether this is the one process of several that claims the folder and speaks."""
    return os.environ.get("RANK", "0") == "0"


def _read_finished(output: Path) -> TrainingReport | None:
    file = output / REPORT
    return TrainingReport.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def _check_identity(output: Path, found: str, expected: str) -> None:
    if found != expected:
        raise TerminalError(
            f"{output} holds another run: its config, data or base differ from these. Name another output, or put "
            "them back as they were to go on with it."
        )


def _without_places(config: TrainConfig) -> dict[str, Any]:
    """What the result depends on, but for the base, for which its hash stands."""
    return config.model_dump(
        mode="json",
        exclude={"output", "base_model", "hardware", "devices", "checkpoints_kept", "keep_checkpoints", "merge"},
    )


def _hash_data(config: TrainConfig) -> str:
    sources = [source for stage in config.all_stages for source in stage.data]
    return content_id(*(hash_files(find_files(source.path)) for source in sources))


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _quieten() -> None:
    """Their bars and notes would drown ours; warnings stay."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # trl and transformers warn of each other's names for the same settings.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl)\b")
    import datasets
    import transformers

    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]


@click.command()
@click.argument("config_path", metavar="CONFIG", type=click.Path(path_type=Path))
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint, or begin where there is none.")
@click.option("--dry-run", is_flag=True, help="Print expected memory and time; nothing is loaded or written.")
@click.option("--set", "changes", multiple=True, metavar="KNOB=VALUE", help="Over what the file says; repeatable.")
def main(config_path: Path, resume: bool, dry_run: bool, changes: Sequence[str]) -> None:
    """Train a model as CONFIG says."""
    try:
        config = load_config(config_path, changes)
        if dry_run:
            from training.estimate import estimate_run

            click.echo(estimate_run(config).describe(config))
            return
        words = [
            "python",
            "-m",
            "training.run",
            str(config_path),
            *(word for each in changes for word in ("--set", each)),
        ]
        report = train(config, resume=resume, command=shlex.join(words), say=_say)
    except CallmillError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    if _is_first():
        click.echo(report.model_path)


def _say(text: str) -> None:
    if _is_first():
        click.echo(text, err=True)


if __name__ == "__main__":
    main()
