"""The base model's tokenizer: byte-level BPE in which a word is cut alike wherever it stands.

The usual BPE cuts ` Plauzen` and `"Plauzen` into different tokens, so a small model that copies a value out of a
sentence into JSON has to know each pair by heart. Here the merges inside words come first, and a space joins the
finished first piece of its word last: ` Pla|u|zen` and `Pla|u|zen` differ in that one piece. Digits and Chinese
characters stand alone; `deliveryCity` is cut at its hump. All of this is in the merges: transformers cuts the text of
any Qwen2 before them in one way, whatever a tokenizer's file says, and so does vLLM.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from training.tiny_model import MARK_TOKENS, SPECIAL_TOKENS, byte_alphabet, cut_as_qwen2, wrap_tokenizer

SPACE = "Ġ"
"""How byte-level BPE spells a space."""
_WORDS = r"\d|\p{Han}| ?\p{Lu}?\p{Ll}+| ?\p{Lu}+|[^\p{L}\d]+|\p{L}+"
_SHARE_JOINED = 0.33
"""Of the vocabulary: pieces with a space before them."""


def learn_tokenizer(texts: Sequence[str], vocabulary_size: int, context_length: int) -> Any:
    """A tokenizer learnt from these texts, marks of calls included.

    Args:
        vocabulary_size: most tokens, the special ones included.
        context_length: of the model, in tokens.
    """
    marks = len(SPECIAL_TOKENS) + len(MARK_TOKENS)
    joined = int(_SHARE_JOINED * vocabulary_size)
    vocabulary, merges = _learn_words(texts, vocabulary_size - marks - joined)
    plain = wrap_tokenizer(vocabulary, merges, context_length)
    for piece, _ in Counter(_first_pieces(plain, texts)).most_common(joined):
        if SPACE + piece not in vocabulary:
            vocabulary[SPACE + piece] = len(vocabulary)
            merges.append((SPACE, piece))
    return wrap_tokenizer(vocabulary, merges, context_length)


def _learn_words(texts: Sequence[str], size: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges, no space joined to a word."""
    import json

    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    first, last = cut_as_qwen2()
    words, spaces = (pre_tokenizers.Split(cut, "isolated") for cut in (Regex(_WORDS), " "))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([first, words, spaces, last])
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=byte_alphabet(), show_progress=False)
    )
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def _first_pieces(tokenizer: Any, texts: Sequence[str]) -> Iterator[str]:
    """What follows a space that is a token of its own."""
    for encoding in tokenizer.backend_tokenizer.encode_batch(list(texts)):
        tokens = encoding.tokens
        yield from (after for before, after in pairwise(tokens) if before == SPACE)
