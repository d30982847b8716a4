"""A stage's sources become token rows: counted, kept apart for validation, mixed in shares, packed."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from schemas.errors import TerminalError, UsageError
from schemas.training import DataSource, Stage, TrainConfig
from schemas.training_report import SourceReport
from training.masks import IGNORED, TokenPreference, TokenRow, tokenize_conversations, tokenize_preferences
from training.rows import find_files, hash_files, read_conversations, read_preferences

Example = tuple[TokenRow, ...] | TokenPreference


class Mixture(NamedTuple):
    """What a stage learns from."""

    training: Any
    """A `datasets.Dataset`."""
    validation: Any | None
    sources: tuple[SourceReport, ...]


class _Source(NamedTuple):
    training: list[Example]
    validation: list[Example]
    report: SourceReport


def mix_stage(stage: Stage, config: TrainConfig, tokenizer: Any) -> Mixture:
    """Read, tokenize and mix a stage's rows; the same for the same seed.

    Raises:
        UsageError: a source is missing.
        TerminalError: a row can't be read, is too long where that is refused, or nothing is left to learn from.
    """
    sources = [_read_source(each, config, tokenizer, place) for place, each in enumerate(stage.data)]
    wanted = _count_rows(stage, [len(each.training) for each in sources])
    chosen = [example for each, count in zip(sources, wanted, strict=True) for example in each.training[:count]]
    if not chosen:
        told = [_describe_nothing(each.report, config.max_tokens) for each in sources]
        raise TerminalError(
            f"Stage '{stage.name}' has no row to learn from: {'; '.join(told)}. Raise max_tokens or name other data."
        )
    random.Random(config.seed).shuffle(chosen)
    kept_apart = [example for each in sources for example in each.validation]
    return Mixture(
        make_dataset(chosen, config.max_tokens if config.packing else None),
        make_dataset(kept_apart, None) if kept_apart else None,
        tuple(_complete(each, count) for each, count in zip(sources, wanted, strict=True)),
    )


def _describe_nothing(source: SourceReport, max_tokens: int) -> str:
    return (
        f"{source.path} has {source.rows} rows, {source.too_long} of them above {max_tokens} tokens (the longest "
        f"{source.longest_tokens}) and {source.without_answer} without an answer"
    )


def _read_source(source: DataSource, config: TrainConfig, tokenizer: Any, place: int) -> _Source:
    files = find_files(source.path)
    end = str(tokenizer.eos_token)
    examples: list[Example] = []
    if config.method == "dpo":
        examples += tokenize_preferences(read_preferences(files), tokenizer, end)
    else:
        examples += tokenize_conversations(read_conversations(files), tokenizer, end)
    answered = [each for each in examples if each]
    short = [each for each in answered if _longest(each) <= config.max_tokens]
    longest = max((_longest(each) for each in answered), default=0)
    if len(short) < len(answered) and config.too_long == "refuse":
        raise UsageError(
            f"{source.path} has {len(answered) - len(short)} rows above max_tokens {config.max_tokens}, the longest of "
            f"{longest}; raise it, or set too_long: leave_out."
        )
    random.Random(f"{config.seed} {place}").shuffle(short)
    apart = round(len(short) * config.validation_share)
    if config.validation_share and short and not apart:
        raise UsageError(
            f"validation_share {config.validation_share} of {len(short)} rows of {source.path} is no row; raise it."
        )
    report = SourceReport(
        path=source.path,
        sha256=hash_files(files),
        rows=len(examples),
        used=0,
        validation=apart,
        left_for_shares=0,
        too_long=len(answered) - len(short),
        longest_tokens=longest,
        without_answer=len(examples) - len(answered),
        split_rows=sum(not isinstance(each, TokenPreference) and len(each) > 1 for each in short),
        tokens=0,
        trained_tokens=0,
    )
    return _Source(short[apart:], short[:apart], report)


def _longest(example: Example) -> int:
    if isinstance(example, TokenPreference):
        return len(example.prompt) + max(len(example.chosen), len(example.rejected))
    return max(len(row.ids) for row in example)


def _count_rows(stage: Stage, available: Sequence[int]) -> list[int]:
    """Rows to take of each source, so that the shares hold and none is used twice."""
    shares = [each.share for each in stage.data if each.share is not None]
    if not shares:
        return list(available)
    total = min(count / share for count, share in zip(available, shares, strict=True))
    return [min(count, round(total * share)) for count, share in zip(available, shares, strict=True)]


def _complete(source: _Source, used: int) -> SourceReport:
    tokens = trained = 0
    for example in source.training[:used]:
        if isinstance(example, TokenPreference):
            answers = len(example.chosen) + len(example.rejected)
            tokens += 2 * len(example.prompt) + answers
            trained += answers
        else:
            tokens += sum(len(row.ids) for row in example)
            trained += sum(int((row.labels != IGNORED).sum()) for row in example)
    change = {
        "used": used,
        "left_for_shares": len(source.training) - used,
        "tokens": tokens,
        "trained_tokens": trained,
    }
    return source.report.model_copy(update=change)


def make_dataset(examples: Sequence[Example], pack_tokens: int | None) -> Any:
    """Token rows as TRL takes them once prepared.

    Args:
        examples: sequences, or preferences.
        pack_tokens: join sequences up to that many tokens, best fit first; None: leave them apart.
    """
    from datasets import Dataset

    preferences = [each for each in examples if isinstance(each, TokenPreference)]
    if preferences:
        columns = {f"{name}_ids": _list_array([getattr(each, name) for each in preferences]) for name in _ANSWERS}
        return Dataset(_table(columns))
    rows = [row for each in examples for row in each if isinstance(row, TokenRow)]
    table = _table(
        {"input_ids": _list_array([row.ids for row in rows]), "labels": _list_array([r.labels for r in rows])}
    )
    if pack_tokens is None:
        import pyarrow as pa

        # What grouping by length reads instead of every row.
        return Dataset(table.append_column("length", pa.array([len(row.ids) for row in rows])))
    from trl import pack_dataset  # type: ignore[attr-defined]  # trl exports lazily

    return pack_dataset(Dataset(table), pack_tokens, "bfd")


_ANSWERS = ("prompt", "chosen", "rejected")


def _table(columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.table(columns)


def _list_array(rows: Sequence[Any]) -> Any:
    import pyarrow as pa

    offsets = np.cumsum([0, *(len(row) for row in rows)])
    flat = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(flat, pa.int64()))
