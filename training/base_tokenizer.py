"""The base model's tokenizer: byte-level BPE in which a word is cut alike wherever it stands.

The usual BPE cuts ` Plauzen` and `"Plauzen` into different tokens, so a small model that copies a value out of a
sentence into JSON has to know each pair by heart. Here the merges inside words come first, and a space joins the
finished first piece of its word last: ` Pla|u|zen` and `Pla|u|zen` differ in that one piece. Digits and Chinese
characters stand alone; `deliveryCity` is cut at its hump.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from training.tiny_model import MARK_TOKENS, SPECIAL_TOKENS, wrap_tokenizer

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
    plain = _build(vocabulary, merges)
    for piece, _ in Counter(_first_pieces(plain, texts)).most_common(joined):
        if SPACE + piece not in vocabulary:
            vocabulary[SPACE + piece] = len(vocabulary)
            merges.append((SPACE, piece))
    return wrap_tokenizer(_build(vocabulary, merges), context_length)


def _learn_words(texts: Sequence[str], size: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges, no space joined to a word."""
    import json

    from tokenizers import pre_tokenizers, trainers

    tokenizer = _build({}, [])
    apart = pre_tokenizers.Split(" ", "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([_words(), apart, _bytes()])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def _first_pieces(tokenizer: Any, texts: Sequence[str]) -> Iterator[str]:
    """What follows a space that is a token of its own."""
    for encoding in tokenizer.encode_batch(list(texts)):
        tokens = encoding.tokens
        yield from (after for before, after in pairwise(tokens) if before == SPACE)


def _build(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges) if vocabulary else models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([_words(), _bytes()])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _words() -> Any:
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Split(Regex(_WORDS), "isolated")


def _bytes() -> Any:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
