"""Perplexity on held-out chat, before and after: whether learning to call made the model worse at talking."""

import math
from itertools import islice
from pathlib import Path
from typing import Any

from schemas.errors import UsageError
from training.masks import IGNORED, tokenize_conversations
from training.rows import find_files, read_conversations


def measure_perplexity(model: Any, tokenizer: Any, source: str | Path, most_rows: int, max_tokens: int) -> float:
    """Of the assistant's words, each token counting alike.

    Args:
        model: is left as it was.
        tokenizer: with the chat template that the rows are rendered by.
        source: Parquet with `messages`.
        most_rows: the first ones; rows above max_tokens are left out.
        max_tokens: of a row.

    Raises:
        UsageError: there is no row that fits.
    """
    import torch

    conversations = islice(read_conversations(find_files(source)), most_rows)
    rows = [row for each in tokenize_conversations(conversations, tokenizer, tokenizer.eos_token) for row in each]
    rows = [row for row in rows if len(row.ids) <= max_tokens]
    if not rows:
        raise UsageError(f"chat_check {source} has no row of up to {max_tokens} tokens with an answer; name another.")
    was_training = model.training
    model.eval()
    total, counted = 0.0, 0
    with torch.no_grad():
        for row in rows:
            ids = torch.tensor(row.ids, dtype=torch.long, device=model.device)[None]
            labels = torch.tensor(row.labels, dtype=torch.long, device=model.device)[1:]
            logits = model(input_ids=ids, use_cache=False).logits[0, :-1]
            is_counted = labels != IGNORED
            total += float(
                torch.nn.functional.cross_entropy(logits[is_counted].float(), labels[is_counted], reduction="sum")
            )
            counted += int(is_counted.sum())
    model.train(was_training)
    return math.exp(min(total / counted, 700.0))
