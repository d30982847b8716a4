"""Pre-training: the same seed gives the same weights, a resumed run too, and batches hold what they should."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from serving.embedded.load import load_model
from training.base_model import BaseShape, make_base_model, make_base_tokenizer, save_base
from training.pretrain import CHECKPOINT, PretrainPlan, Progress, pretrain
from training.row_batches import Place, TokenRow, cut_pool, draw_batches, read_parquet
from training.tiny_model import MARK_TOKENS, SPECIAL_TOKENS
from training.tiny_texts import make_texts

torch.set_num_threads(1)
SHAPE = BaseShape(hidden=64, layers=2, heads=2, key_value_heads=1, intermediate=96, vocabulary=512)
TOKENIZER = make_base_tokenizer(make_texts(0), SHAPE)
PLAN = PretrainPlan(tokens=4_000, cooldown_tokens=1_000, warmup_tokens=500, batch_tokens=500)


def read_rows(start: int) -> Iterator[TokenRow]:
    """Rows whose second half repeats the first; only that half is learnt."""
    number = start
    while True:
        source = random.Random(number)
        half = [source.randrange(10, len(TOKENIZER)) for _ in range(source.randint(5, 20))]
        yield TokenRow(half * 2, [False] * len(half) + [True] * len(half))
        number += 1


def train(folder: Path, plan: PretrainPlan = PLAN) -> tuple[dict[str, torch.Tensor], list[Progress]]:
    """Weights and reports of a run."""
    model = make_base_model(SHAPE, TOKENIZER, seed=1)
    reports: list[Progress] = []
    pretrain(model, read_rows, plan, folder=folder, report=reports.append)
    return dict(model.state_dict()), reports


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two sets of weights are equal to the last bit."""
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_the_same_seed_gives_the_same_weights(tmp_path: Path, optimizer: str) -> None:
    plan = PLAN.model_copy(update={"tokens": 1_000, "optimizer": optimizer})
    first, _ = train(tmp_path / "a", plan)
    second, _ = train(tmp_path / "b", plan)
    other, _ = train(tmp_path / "c", plan.model_copy(update={"seed": 5}))
    assert same(first, second)
    assert not same(first, other)


def test_a_run_that_was_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole, reports = train(tmp_path / "whole")

    class KilledError(Exception):
        """As a kill would, it leaves the last checkpoint behind."""

    def read_until_killed(start: int) -> Iterator[TokenRow]:
        for number, row in enumerate(read_rows(start)):
            if start + number >= 512:
                raise KilledError
            yield row

    model = make_base_model(SHAPE, TOKENIZER, seed=1)
    long_plan = PLAN.model_copy(update={"tokens": 20_000})
    with pytest.raises(KilledError):
        pretrain(model, read_until_killed, long_plan, folder=tmp_path / "cut", report=print, checkpoint_every_s=0)
    resumed, _ = train(tmp_path / "cut", long_plan)
    straight, _ = train(tmp_path / "straight", long_plan)
    assert same(resumed, straight)
    assert not same(whole, straight)
    assert reports[-1].tokens >= 4_000


def test_a_checkpoint_becomes_a_model_by_a_short_cool_down(tmp_path: Path) -> None:
    train(tmp_path, PLAN)
    _, reports = train(tmp_path, PLAN.model_copy(update={"tokens": 6_000}))
    assert reports[-1].tokens >= 6_000
    assert reports[-1].learning_rate == 0.0


def test_a_time_limit_ends_a_run_with_its_cool_down_done(tmp_path: Path) -> None:
    model = make_base_model(SHAPE, TOKENIZER, seed=1)
    plan = PLAN.model_copy(update={"tokens": 10**9})
    last = pretrain(model, read_rows, plan, folder=tmp_path, report=lambda _: None, time_limit_s=0)
    assert last.tokens < 8_000, "the first steps, which are too slow to tell the speed, and no more"
    assert last.learning_rate == 0.0
    assert (tmp_path / CHECKPOINT).exists()


def test_only_learnt_tokens_are_in_the_loss(tmp_path: Path) -> None:
    model = make_base_model(SHAPE, TOKENIZER, seed=1)
    row = next(read_rows(0))
    plan = PLAN.model_copy(update={"tokens": 1, "bf16": False})
    last = pretrain(model, lambda start: iter([row][start:]), plan, folder=tmp_path, report=lambda _: None)
    fresh = make_base_model(SHAPE, TOKENIZER, seed=1)
    with torch.no_grad():
        logits = fresh(torch.tensor([row.ids])).logits[0, :-1]
    half = len(row.ids) // 2
    expected = torch.nn.functional.cross_entropy(logits[half - 1 :], torch.tensor(row.ids[half:]))
    assert last.loss == pytest.approx(expected.item(), abs=1e-4)


def test_padding_at_the_end_changes_no_row() -> None:
    """Why no mask is needed: a causal row does not see what comes after it."""
    model = make_base_model(SHAPE, TOKENIZER, seed=1).eval()
    row = next(read_rows(0)).ids
    with torch.no_grad():
        alone = model(torch.tensor([row])).logits[0]
        padded = model(torch.tensor([row + [0] * 9])).logits[0, : len(row)]
    assert torch.allclose(alone, padded, atol=1e-5)


def test_batches_hold_every_row_once_with_little_padding() -> None:
    pool = [row for _, row in zip(range(300), read_rows(0), strict=False)]
    batches = cut_pool([*pool, TokenRow([], [])], 500)
    assert sorted(row.ids for batch in batches for row in batch) == sorted(row.ids for row in pool)
    padded = sum(len(batch) * max(len(row.ids) for row in batch) for batch in batches)
    assert padded < 1.05 * sum(len(row.ids) for row in pool)
    assert all(len(batch) * max(len(row.ids) for row in batch) <= 500 for batch in batches)


def test_batches_go_on_from_any_place() -> None:
    stream = draw_batches(read_rows, 500, 0, Place())
    first = [next(stream) for _ in range(60)]
    again = draw_batches(read_rows, 500, 0, first[24].following)
    assert [next(again) for _ in range(35)] == first[25:]


def test_rows_come_from_parquet_too(tmp_path: Path) -> None:
    rows = [row for _, row in zip(range(50), read_rows(0), strict=False)]
    table = pa.table({"ids": [row.ids for row in rows], "learnt": [row.learnt for row in rows]})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=7)
    assert list(read_parquet(tmp_path / "rows.parquet")(11)) == rows[11:]


def test_every_mark_is_one_token_and_digits_stand_apart() -> None:
    assert len(TOKENIZER) <= SHAPE.vocabulary
    for mark in (*SPECIAL_TOKENS, *MARK_TOKENS):
        assert len(TOKENIZER(mark).input_ids) == 1
    assert TOKENIZER.tokenize("2026") == ["2", "0", "2", "6"]


def test_the_folder_loads_in_transformers_and_in_the_embedded_engine(tmp_path: Path) -> None:
    model = make_base_model(SHAPE, TOKENIZER, seed=1)
    save_base(model, TOKENIZER, tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    assert torch.allclose(loaded.model.norm.weight, model.model.norm.weight)
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == TOKENIZER.chat_template
    assert load_model(tmp_path).tokenise("<|im_start|>user\n7")[0] == TOKENIZER.convert_tokens_to_ids("<|im_start|>")
