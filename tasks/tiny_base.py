"""Make the tiny base model: rows by the embedded teacher's endless writer, a tokenizer from them, pre-training.

`python -m tasks.tiny_base OUT --tokens 20e6` writes OUT/final; the same command again goes on from OUT/checkpoint.pt.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from llm.offline.student.row import Row
from llm.offline.student.writer import FIRST_ROWS, write_rows
from training.base_model import BaseShape, make_base_model, make_base_tokenizer, save_base
from training.pretrain import PretrainPlan, pretrain
from training.row_batches import ReadRows, TokenRow

VOCABULARY_ROWS = 4_000
LONGEST_ROW = 1_536
_VOCABULARY_SEED_STEP = 1_000_003


def render_pieces(row: Row) -> Iterator[tuple[str, bool]]:
    """A row in ChatML, piece by piece, and whether the piece is to be learnt: the assistant's words and their end."""
    for turn in row.turns:
        yield f"<|im_start|>{turn.role}\n", False
        yield f"{turn.content}<|im_end|>", turn.role == "assistant"
        yield "\n", False


def tokenize(row: Row, tokenizer: Any) -> TokenRow:
    """Token ids, each piece by itself."""
    pieces = list(render_pieces(row))
    encoded = tokenizer([text for text, _ in pieces]).input_ids
    ids = [token for tokens in encoded for token in tokens]
    learnt = [is_learnt for tokens, (_, is_learnt) in zip(encoded, pieces, strict=True) for _ in tokens]
    return TokenRow(ids, learnt)


def make_vocabulary(shape: BaseShape, seed: int) -> Any:
    """A tokenizer from rows of a seed of its own."""
    rows = islice(write_rows(seed + _VOCABULARY_SEED_STEP, FIRST_ROWS), VOCABULARY_ROWS)
    return make_base_tokenizer([turn.content for row in rows for turn in row.turns], shape)


def _keep_vocabulary(kept: Path, shape: BaseShape, seed: int) -> Any:
    """The tokenizer that the training began with, even if the writer has changed since."""
    from transformers import AutoTokenizer

    if not kept.is_dir():
        partial = kept.with_suffix(".tmp")
        make_vocabulary(shape, seed).save_pretrained(partial)
        partial.rename(kept)
    return AutoTokenizer.from_pretrained(kept)


def token_rows(tokenizer: Any, seed: int) -> ReadRows:
    """The writer's rows as tokens; the few that are too long for a batch keep their number but are empty."""

    def read_rows(start: int) -> Iterator[TokenRow]:
        for row in write_rows(seed, start):
            tokens = tokenize(row, tokenizer)
            yield tokens if len(tokens.ids) <= LONGEST_ROW else TokenRow([], [])

    return read_rows


def make_tiny_base(folder: Path, plan: PretrainPlan, shape: BaseShape, *, time_limit_s: float | None = None) -> Path:
    """Pre-train, or go on with it, and write `folder`/final.

    Args:
        folder: gets checkpoint.pt on the way.
        plan: its seed is that of rows, tokenizer and first weights too.
        time_limit_s: cool down early enough to be done by then.
    """
    tokenizer = _keep_vocabulary(folder / "tokenizer", shape, plan.seed)
    model = make_base_model(shape, tokenizer, plan.seed)
    pretrain(
        model,
        token_rows(tokenizer, plan.seed),
        plan,
        folder=folder,
        report=lambda progress: click.echo(str(progress)),
        time_limit_s=time_limit_s,
    )
    save_base(model, tokenizer, folder / "final")
    return folder / "final"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--tokens", default=20e6, show_default=True, help="Of all rows learnt, cool-down included.")
@click.option("--cooldown-tokens", default=1.2e6, show_default=True, help="The last of them.")
@click.option("--learning-rate", default=5e-3, show_default=True)
@click.option("--optimizer", type=click.Choice(["muon", "adamw"]), default="muon", show_default=True)
@click.option("--batch-tokens", default=7000, show_default=True)
@click.option("--compile", "is_compiled", is_flag=True, help="Faster; needs a C++ compiler.")
@click.option("--layers", default=4, show_default=True)
@click.option("--minutes", type=float, help="Be done by then, whatever --tokens says.")
@click.option("--seed", default=0, show_default=True)
def main(
    folder: Path,
    tokens: float,
    cooldown_tokens: float,
    learning_rate: float,
    optimizer: str,
    batch_tokens: int,
    is_compiled: bool,
    layers: int,
    minutes: float | None,
    seed: int,
) -> None:
    """Pre-train the tiny base in FOLDER."""
    plan = PretrainPlan(
        tokens=int(tokens),
        cooldown_tokens=int(cooldown_tokens),
        learning_rate=learning_rate,
        optimizer=optimizer,
        batch_tokens=batch_tokens,
        is_compiled=is_compiled,
        seed=seed,
    )
    limit = None if minutes is None else minutes * 60
    click.echo(f"{make_tiny_base(folder, plan, BaseShape(layers=layers), time_limit_s=limit)}")


if __name__ == "__main__":
    main()
