"""How many tokens a text has: by a given tokenizer, or estimated from its characters."""

import re
from collections.abc import Callable
from typing import NamedTuple

from schemas.errors import UsageError

_IDEOGRAPH = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
_DIGIT = re.compile(r"[0-9]")
# Byte-pair vocabularies of 100,000 and more (Qwen2.5, Llama 3): two Chinese characters make one to two tokens, four
# letters of English or JSON one; Qwen splits every digit.
_PER_IDEOGRAPH = 0.7
_PER_DIGIT = 1.0
_PER_OTHER = 0.27


class TokenCounter(NamedTuple):
    """Counts tokens, and says how."""

    count: Callable[[str], int]
    told: str


def open_counter(tokenizer: str | None) -> TokenCounter:
    """A counter by a tokenizer's folder, or by the estimate.

    Raises:
        UsageError: the folder holds no tokenizer, or transformers is not installed.
    """
    if tokenizer is None:
        return TokenCounter(estimate_tokens, "an estimate from characters")
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise UsageError("--tokenizer needs transformers; `pip install -e '.[serve]'`, or leave it out.") from None
    try:
        opened = AutoTokenizer.from_pretrained(tokenizer)
    except (OSError, ValueError) as error:
        raise UsageError(f"There is no tokenizer at {tokenizer} ({str(error).splitlines()[0]}).") from None
    return TokenCounter(lambda text: len(opened(text, add_special_tokens=False).input_ids), tokenizer)


def estimate_tokens(text: str) -> int:
    """About what a large vocabulary would count."""
    ideographs, digits = len(_IDEOGRAPH.findall(text)), len(_DIGIT.findall(text))
    others = len(text) - ideographs - digits
    return round(ideographs * _PER_IDEOGRAPH + digits * _PER_DIGIT + others * _PER_OTHER)
