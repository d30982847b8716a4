"""xgrammar as a back end: our grammar in its EBNF, over raw token bytes. Compiling releases the interpreter lock."""

import os
from typing import Any

import numpy as np
import xgrammar as library

from serving.backends.backend import BackendName, BackendRefusalError, Bitmask
from serving.backends.ebnf import spell_ebnf
from serving.backends.pruning import too_deep
from serving.grammar.language import Grammar
from serving.vocabulary import Vocabulary


class XgrammarMatcher:
    """One word, read by xgrammar."""

    def __init__(self, compiled: Any, words: int) -> None:
        self._matcher = library.GrammarMatcher(compiled)
        self._wide_row = np.zeros((1, words), dtype=np.int32)

    def fill_mask(self, row: Bitmask) -> None:
        """Overwrite the row with the tokens that may follow."""
        self._matcher.fill_next_token_bitmask(self._wide_row)
        row[:] = self._wide_row[0, : len(row)]

    def accept(self, token: int) -> bool:
        """Go on by a token; False and unchanged if it may not follow."""
        return bool(self._matcher.accept_token(token))

    def accept_text(self, text: bytes) -> bool:
        """Go on by text that an earlier token already holds."""
        return not text or bool(self._matcher.accept_string(text))


class XgrammarGrammar:
    """A compiled grammar; matchers of several threads may share it."""

    def __init__(self, compiled: Any, words: int, is_exact: bool) -> None:
        self._compiled = compiled
        self._words = words
        self.is_exact = is_exact

    def matcher(self) -> XgrammarMatcher:
        """Begin a word."""
        return XgrammarMatcher(self._compiled, self._words)


class XgrammarBackend:
    """xgrammar over one vocabulary."""

    name: BackendName = "xgrammar"

    def __init__(self, vocabulary: Vocabulary) -> None:
        # The end token is one of our own, behind the row's last word: xgrammar allows an end token nowhere else, and
        # no row shows it.
        padding = vocabulary.mask_words * 32 + 1 - vocabulary.size
        tokens = [*vocabulary.tokens, *[b""] * padding]
        info = library.TokenizerInfo(
            tokens, library.VocabType.RAW, vocab_size=len(tokens), stop_token_ids=[len(tokens) - 1]
        )
        self._words = (len(tokens) + 31) // 32
        threads = min(8, os.cpu_count() or 1)
        self._compiler = library.GrammarCompiler(info, max_threads=threads, cache_enabled=False)

    def compile(self, grammar: Grammar) -> XgrammarGrammar:
        """Make a grammar ready.

        Raises:
            BackendRefusalError: xgrammar can't take it.
        """
        try:
            text, is_exact = spell_ebnf(grammar)
            compiled = self._compiler.compile_grammar(text)
        except RecursionError:
            raise too_deep() from None
        except RuntimeError as error:
            raise BackendRefusalError(f"xgrammar can't take this grammar: {str(error)[:300]}") from error
        return XgrammarGrammar(compiled, self._words, is_exact)
