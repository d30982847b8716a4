"""Our constraint as a structured-output back end of vLLM's engine process; everything else goes to xgrammar as before.

vLLM's scheduler asks it for masks and tells it the tokens, in the order that counts, whatever runs ahead: asynchronous
scheduling, several workers (tensor parallel), preemption and drafts (rollback) are its business.
"""

import json
import os
import threading
from functools import lru_cache, partial
from typing import Any

import torch
from vllm.v1.structured_output.backend_guidance import GuidanceBackend
from vllm.v1.structured_output.backend_types import (
    StructuredOutputBackend,
    StructuredOutputGrammar,
    StructuredOutputOptions,
)
from vllm.v1.structured_output.backend_xgrammar import XgrammarBackend

from serving.backends.open import open_backend
from serving.call_formats.open import open_call_format
from serving.calls import LateLanguage
from serving.constraint import Constrainer
from serving.vllm.spec import MARK, ReadSpec, read_spec
from serving.vllm.strict import Risks, StrictConstraint
from serving.vocabulary import read_vocabulary

BACKEND_VARIABLE = "CALLMILL_SERVE_BACKEND"


class LegalGrammar(StructuredOutputGrammar):  # type: ignore[misc]  # vLLM is not installed where mypy runs
    """One answer under way."""

    def __init__(self, constrainer: Constrainer, risks: Risks, spec: ReadSpec) -> None:
        # One token is kept for the end, so that a complete answer never says length.
        budget = max(1, spec.max_tokens - 1)
        self._open = partial(StrictConstraint, constrainer, risks, spec.language, budget)
        self._constraint = self._open()
        self._taken: list[int] = []

    def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:
        """Go on by tokens; False ends the request with an error."""
        for token in tokens:
            if self._constraint.is_ended:
                return True
            if not self._constraint.take(token):
                return False
            self._taken.append(token)
        return True

    def validate_tokens(self, tokens: list[int]) -> list[int]:
        """The drafts that would be accepted."""
        before = len(self._taken)
        good = 0
        while good < len(tokens) and self.accept_tokens("", tokens[good : good + 1]):
            good += 1
        if good:
            self.rollback(len(self._taken) - before)
        return tokens[:good]

    def rollback(self, num_tokens: int) -> None:
        """Take tokens back."""
        taken = self._taken[: len(self._taken) - num_tokens]
        self.reset()
        self.accept_tokens("", taken)

    def fill_bitmask(self, bitmask: torch.Tensor, batch_index: int) -> None:
        """Say which tokens may follow."""
        self._constraint.fill(bitmask[batch_index].numpy())

    def is_terminated(self) -> bool:
        """Whether the answer has ended."""
        return self._constraint.is_ended

    def reset(self) -> None:
        """Begin again."""
        self._constraint = self._open()
        self._taken = []


class LegalBackend(StructuredOutputBackend):  # type: ignore[misc]  # as above
    """Reads our specifications; hands on others, which only direct users of vLLM's port send."""

    def __init__(self, vllm_config: Any, tokenizer: Any) -> None:
        super().__init__(vllm_config, tokenizer, vllm_config.model_config.get_vocab_size())
        self._others: list[Any] = []
        self._lock = threading.Lock()
        self._constrainers: dict[frozenset[int], tuple[Constrainer, Risks]] = {}
        self._know = lru_cache(4096)(_know)

    def compile_grammar(
        self, request_type: StructuredOutputOptions, grammar_spec: str, stop_token_ids: set[int] | None = None
    ) -> Any:
        """Begin an answer."""
        if request_type != StructuredOutputOptions.GRAMMAR or not grammar_spec.startswith(MARK):
            return self._compile_other(request_type, grammar_spec, stop_token_ids)
        constrainer, risks = self._constrainer(frozenset(stop_token_ids or ()))
        return LegalGrammar(constrainer, risks, read_spec(grammar_spec, open_call_format, self._know))

    def prepare(self) -> None:
        """Do once, before the first request, what takes seconds for a large vocabulary."""
        self._constrainer(frozenset(_find_end_ids(self.vllm_config, self.tokenizer)))

    def allocate_token_bitmask(self, max_num_seqs: int) -> torch.Tensor:
        """Masks of a batch."""
        return torch.full((max_num_seqs, (self.vocab_size + 31) // 32), -1, dtype=torch.int32)

    def destroy(self) -> None:
        """Let go."""
        for other in self._others:
            other.destroy()

    def _constrainer(self, end_ids: frozenset[int]) -> tuple[Constrainer, Risks]:
        with self._lock:
            if end_ids not in self._constrainers:
                vocabulary = read_vocabulary(self.tokenizer, self.vocab_size, tuple(sorted(end_ids)))
                name: Any = os.environ.get(BACKEND_VARIABLE, "xgrammar")
                backend = open_backend(name, vocabulary)
                self._constrainers[end_ids] = Constrainer(vocabulary, backend), Risks(vocabulary)
            return self._constrainers[end_ids]

    def _compile_other(self, request_type: Any, grammar_spec: str, stop_token_ids: set[int] | None) -> Any:
        with self._lock:
            if not self._others:
                words = (self.vllm_config, self.tokenizer, self.vocab_size)
                self._others = [XgrammarBackend(*words), GuidanceBackend(*words)]
        try:
            return self._others[0].compile_grammar(request_type, grammar_spec, stop_token_ids=stop_token_ids)
        except (RuntimeError, ValueError):  # what vLLM's `auto` would have given to guidance
            return self._others[1].compile_grammar(request_type, grammar_spec, stop_token_ids=stop_token_ids)


def _know(schema: str) -> LateLanguage:
    return LateLanguage(json.loads(schema))


def _find_end_ids(vllm_config: Any, tokenizer: Any) -> set[int]:
    """The ids that vLLM stops at: the tokenizer's end token and the generation config's."""
    found = {tokenizer.eos_token_id}
    configured = vllm_config.model_config.try_get_generation_config().get("eos_token_id")
    found |= set(configured) if isinstance(configured, list) else {configured}
    return {each for each in found if each is not None}
