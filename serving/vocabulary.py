"""The text of every token, whichever kind of tokenizer made it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Vocabulary:
    """Token texts by id."""

    tokens: tuple[bytes, ...]
    """UTF-8 bytes of each token, possibly part of a character; b"" for control tokens and padding, which no text
    holds. As long as the model's logits are wide."""
    end_ids: tuple[int, ...]
    """Tokens that end an answer."""
    added: dict[bytes, int] = field(default_factory=dict)
    """Whole marks that are one token, such as <tool_call>."""

    @property
    def size(self) -> int:
        """Width of the logits."""
        return len(self.tokens)

    @property
    def mask_words(self) -> int:
        """Words of a bitmask row."""
        return (len(self.tokens) + 31) // 32

    @cached_property
    def ordered(self) -> tuple[list[bytes], list[int]]:
        """Texts in byte order, and their ids; without empty ones. Tokens of one prefix are a range of it."""
        pairs = sorted((text, token) for token, text in enumerate(self.tokens) if text)
        return [text for text, _ in pairs], [token for _, token in pairs]

    @cached_property
    def by_text(self) -> dict[bytes, int]:
        """A token of each text: the last one, as SentencePiece lists single bytes before real pieces."""
        return {text: token for token, text in enumerate(self.tokens) if text}

    @cached_property
    def longest(self) -> list[int]:
        """Bytes of the longest token by its first byte."""
        found = [0] * 256
        for text in self.by_text:
            found[text[0]] = max(found[text[0]], len(text))
        return found

    @cached_property
    def longest_token(self) -> int:
        """Bytes of the longest token of all."""
        return max(self.longest)

    @cached_property
    def added_ids(self) -> frozenset[int]:
        """Tokens that are whole marks."""
        return frozenset(self.added.values())

    def row(self, ids: Iterable[int]) -> npt.NDArray[np.int32]:
        """A bitmask row that allows these tokens."""
        allowed = np.zeros(self.mask_words * 32, dtype=np.uint8)
        allowed[list(ids)] = 1
        return np.packbits(allowed, bitorder="little").view(np.int32)

    def text(self, ids: list[int]) -> bytes:
        """The bytes of several tokens."""
        return b"".join(self.tokens[each] for each in ids)


def read_vocabulary(tokenizer: Any, width: int, end_ids: tuple[int, ...]) -> Vocabulary:
    """The vocabulary of a Hugging Face fast tokenizer: byte-level BPE or SentencePiece with byte fallback.

    Args:
        tokenizer: a `PreTrainedTokenizerFast`.
        width: of the model's logits; ids above the tokenizer's own are padding.
        end_ids: from the generation config and the tokenizer.

    Raises:
        ValueError: the decoder is of another kind.
    """
    decoder = str(tokenizer.backend_tokenizer.decoder)
    texts: list[bytes] = [b""] * width
    spell = _byte_level() if "ByteLevel" in decoder else _byte_fallback if "ByteFallback" in decoder else None
    if spell is None:
        raise ValueError(
            f"A tokenizer with the decoder {decoder[:120]} is not known; byte-level and byte-fallback are."
        )
    added = tokenizer.added_tokens_decoder
    for piece, token in tokenizer.get_vocab().items():
        if token < width:
            texts[token] = spell(piece) if token not in added else b""
    marks: dict[bytes, int] = {}
    for token, entry in added.items():
        is_mark = not entry.special or "tool_call" in entry.content  # some tokenizers count marks of calls as special
        if token < width and is_mark and token not in end_ids:
            texts[token] = entry.content.encode()
            marks[texts[token]] = token
    return Vocabulary(tuple(texts), end_ids, marks)


def _byte_level() -> Any:
    # GPT-2's table: printable bytes stand for themselves, the others for code points from 256 on.
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}
    return lambda piece: bytes(table[char] for char in piece)


def _byte_fallback(piece: str) -> bytes:
    if len(piece) == 6 and piece.startswith("<0x"):
        return bytes([int(piece[3:5], 16)])
    return piece.replace("▁", " ").encode()
