"""The tiny base: rows become tokens of which the assistant's are learnt; the whole line makes a model that loads."""

from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from llm.offline.student.writer import FIRST_ROWS, write_rows
from tasks.tiny_base import make_tiny_base, render_pieces, token_rows, tokenize
from training.base_model import BaseShape, make_base_tokenizer
from training.pretrain import PretrainPlan

ROWS = list(islice(write_rows(0, FIRST_ROWS), 120))
TOKENIZER = make_base_tokenizer([turn.content for row in ROWS for turn in row.turns], BaseShape())


def test_exactly_the_answers_and_their_ends_are_learnt() -> None:
    for row in ROWS:
        tokens = tokenize(row, TOKENIZER)
        learnt = [token for token, is_learnt in zip(tokens.ids, tokens.learnt, strict=True) if is_learnt]
        answers = [turn.content for turn in row.turns if turn.role == "assistant"]
        assert TOKENIZER.decode(learnt) == "".join(f"{answer}<|im_end|>" for answer in answers)


def test_a_row_is_spelled_as_the_chat_template_spells_it() -> None:
    for row in ROWS:
        chat = [{"role": turn.role, "content": turn.content} for turn in row.turns]
        text = "".join(piece for piece, _ in render_pieces(row))
        assert text == TOKENIZER.apply_chat_template(chat, tokenize=False)


def test_no_mark_of_a_call_is_in_any_row() -> None:
    marks = set(TOKENIZER.convert_tokens_to_ids(["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]))
    assert not any(marks & set(tokenize(row, TOKENIZER).ids) for row in ROWS)


def test_rows_are_mostly_short() -> None:
    lengths = sorted(len(tokens.ids) for tokens in islice(token_rows(TOKENIZER, 0)(FIRST_ROWS), 200))
    assert lengths[100] < 540
    assert lengths[-1] <= 1_536


@pytest.mark.slow
def test_the_line_makes_a_model_folder(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    plan = PretrainPlan(tokens=20_000, cooldown_tokens=5_000)
    folder = make_tiny_base(tmp_path, plan, BaseShape(layers=2))
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() < 3_000_000
    assert sum(file.stat().st_size for file in folder.iterdir()) < 8_000_000
