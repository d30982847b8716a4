"""llguidance as a back end: our grammar in its Lark, over raw token bytes."""

from collections.abc import Sequence
from typing import Any

import llguidance as library
import numpy as np
import numpy.typing as npt

from serving.backends.backend import BackendName, BackendRefusalError, Bitmask
from serving.backends.lark import spell_lark
from serving.backends.pruning import too_deep
from serving.grammar.language import Grammar
from serving.vocabulary import Vocabulary

LIMITS: dict[str, Any] = {
    "initial_lexer_fuel": 50_000_000,
    "step_lexer_fuel": 10_000_000,
    "step_max_items": 1_000_000,
    "max_items_in_row": 20_000,
    "max_grammar_size": 5_000_000,
}
"""The library's own limits stop at about 400 optional properties."""


class _Tokens:
    """A vocabulary as llguidance wants it: every text once, a token for each byte, and an end token, behind ours.

    No byte of 0xF5 and above is in any UTF-8 text, and the library takes a leading 0xFF for a mark of its own.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.by_text: dict[bytes, int] = {}
        self.doubles: list[tuple[int, int]] = []
        texts = [self._keep(token, text) for token, text in enumerate(vocabulary.tokens)]
        texts += [b""] * (vocabulary.mask_words * 32 - vocabulary.size)
        for byte in range(0xF5):
            if bytes((byte,)) not in self.by_text:
                self.by_text[bytes((byte,))] = len(texts)
                texts.append(bytes((byte,)))
        self.doubles_K2 = np.array(self.doubles, dtype=np.uint32).reshape(-1, 2)
        """Each further token of a text, and the first."""
        self.eos_token_id = len(texts)
        self.bos_token_id = None
        self.tokens: Sequence[bytes] = [*texts, b"<|end|>"]
        self.special_token_ids = [self.eos_token_id]

    def _keep(self, token: int, text: bytes) -> bytes:
        if not text or max(text) >= 0xF5:
            return b""
        if (first := self.by_text.setdefault(text, token)) != token:
            self.doubles.append((token, first))
            return b""
        return text

    def __call__(self, text: str | bytes) -> list[int]:
        spelled = text.encode() if isinstance(text, str) else text
        return [self.by_text[spelled[place : place + 1]] for place in range(len(spelled))]


class LlguidanceMatcher:
    """One word, read by llguidance."""

    def __init__(self, matcher: "library.LLMatcher", tokens: _Tokens) -> None:
        self._matcher = matcher
        self._tokens = tokens
        self._first_of = dict(tokens.doubles)
        self._wide_row = np.zeros((len(tokens.tokens) + 31) // 32, dtype=np.int32)

    def fill_mask(self, row: Bitmask) -> None:
        """Overwrite the row with the tokens that may follow.

        Raises:
            BackendRefusalError: the library gave up on this grammar here (its limits); it accepts nothing afterwards.
        """
        self._matcher.unsafe_compute_mask_ptr(self._wide_row.ctypes.data, self._wide_row.nbytes)
        if self._matcher.is_error():
            raise BackendRefusalError(f"llguidance gave up on this grammar: {_first_line(self._matcher.get_error())}")
        row[:] = self._wide_row[: len(row)]
        if self._tokens.doubles:
            self._copy_bits(row.view(np.uint32))

    def _copy_bits(self, row: npt.NDArray[np.uint32]) -> None:
        tokens, firsts = self._tokens.doubles_K2.T
        bits = row[firsts // 32] >> (firsts % 32) & 1
        np.bitwise_or.at(row, tokens // 32, bits << (tokens % 32))

    def accept(self, token: int) -> bool:
        """Go on by a token; False and unchanged if it may not follow."""
        return self._consume([self._first_of.get(token, token)])

    def accept_text(self, text: bytes) -> bool:
        """Go on by text that an earlier token already holds."""
        return max(text, default=0) < 0xF5 and self._consume(self._tokens(text))

    def _consume(self, tokens: list[int]) -> bool:
        # consume_tokens would leave the matcher in an error for good.
        if not all(self._tokens.tokens[each] for each in tokens) or self._matcher.validate_tokens(tokens) < len(tokens):
            return False
        return self._matcher.consume_tokens(tokens)


class LlguidanceGrammar:
    """A compiled grammar."""

    is_exact = True

    def __init__(self, matcher: "library.LLMatcher", tokens: _Tokens) -> None:
        self._matcher = matcher
        self._tokens = tokens

    def matcher(self) -> LlguidanceMatcher:
        """Begin a word."""
        return LlguidanceMatcher(self._matcher.deep_copy(), self._tokens)


class LlguidanceBackend:
    """llguidance over one vocabulary."""

    name: BackendName = "llguidance"

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._tokens = _Tokens(vocabulary)
        wrapper = library.TokenizerWrapper(self._tokens)
        slices = library.LLTokenizer.json_slices()
        self._tokenizer = library.LLTokenizer(wrapper, n_vocab=len(self._tokens.tokens), slices=slices)

    def compile(self, grammar: Grammar) -> LlguidanceGrammar:
        """Make a grammar ready.

        Raises:
            BackendRefusalError: llguidance can't take it.
        """
        try:
            text = spell_lark(grammar)
        except RecursionError:
            raise too_deep() from None
        limits = library.LLParserLimits(**LIMITS)
        matcher = library.LLMatcher(self._tokenizer, text, log_level=0, limits=limits)
        if matcher.is_error():
            raise BackendRefusalError(f"llguidance can't take this grammar: {_first_line(matcher.get_error())}")
        return LlguidanceGrammar(matcher, self._tokens)


def _first_line(message: str) -> str:
    return message.splitlines()[0][:300] if message else "no reason given"
