"""5,000 rows of about 2,000 tokens are read, tokenized and packed in under a minute."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from schemas.training import TrainConfig
from tests.training.example_rows import calls, result, user, words, write_rows
from training.mixture import mix_stage
from training.tokens import open_tokenizer

SUBJECTS = ("flight", "hotel", "meeting", "invoice", "file", "city", "message", "price", "order", "train")
VERBS = ("find", "book", "cancel", "list", "send", "count", "move", "show", "compare", "open")


def make_rows(number: int, tools: int) -> list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Many functions offered, two questions, a call with its result, words."""
    source = random.Random(0)
    made = []
    for place in range(number):
        offered = [make_tool(source, f"{index} of row {place}") for index in range(tools)]
        call = calls((offered[0]["function"]["name"], {"a": place, "b": "北京" * 5}))
        talk = [user(f"Please {VERBS[place % 10]} it."), call, result(0, "done " * 50), words("It is done.")]
        made.append(([*talk, user("谢谢"), words("不客气。")], offered))
    return made


def make_tool(source: random.Random, words: str) -> dict[str, Any]:
    """Four parameters, described."""
    names = [f"{source.choice(SUBJECTS)}_{source.choice(VERBS)}_{letter}" for letter in "abcd"]
    properties = {
        name: {"type": source.choice(("string", "integer")), "description": f"Which {name} it is, {words}."}
        for name in names
    }
    function = {
        "name": f"{source.choice(VERBS)}_{source.choice(SUBJECTS)}",
        "description": f"{source.choice(VERBS)} a {source.choice(SUBJECTS)}.",
        "parameters": {"type": "object", "properties": properties, "required": names[:2]},
    }
    return {"type": "function", "function": function}


@pytest.mark.slow
def test_5000_rows_of_real_size_tokenize_and_pack_in_under_a_minute(tmp_path: Path, tiny_model: Path) -> None:
    rows = make_rows(5000, 9)
    data = write_rows(tmp_path / "rows.parquet", rows)
    values = {"base_model": str(tiny_model), "output": "none", "data": [{"path": str(data)}], "packing": True}
    config = TrainConfig.model_validate({**values, "max_tokens": 8192})
    tokenizer = open_tokenizer(config, str(tiny_model)).tokenizer
    started = time.monotonic()
    mixture = mix_stage(config.all_stages[0], config, tokenizer)
    seconds = time.monotonic() - started
    (source,) = mixture.sources
    tokens = source.tokens / source.used
    print(f"{source.used} rows, {tokens:.0f} tokens a row, {len(mixture.training)} packs, {seconds:.1f} s")
    assert source.used == 5000
    assert tokens > 1900
    assert seconds < 60
