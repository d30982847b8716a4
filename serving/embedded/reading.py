"""Reading prompts: several short ones in one pass, or a long one in pieces."""

import torch

from serving.embedded.cache import RowCache
from serving.embedded.forward import Forward
from serving.embedded.job import Job


class PromptReader:
    """The requests whose prompts are being read; more than one only if one pass reads them all."""

    def __init__(self, forward: Forward, most_tokens: int) -> None:
        self.jobs: list[Job] = []
        self.cache = RowCache(forward.shape)
        self._forward = forward
        self._most_tokens = most_tokens
        self._shared: list[torch.Tensor | None] = []

    def has_room(self, job: Job, shared: int) -> bool:
        """Whether one pass reads this prompt, but for its shared beginning, with the others."""
        longest = max(len(each.prompt) - each.read_tokens for each in self.jobs) if self.jobs else 0
        longest = max(longest, len(job.prompt) - shared)
        return not self.jobs or (len(self.jobs) + 1) * longest <= self._most_tokens

    def add(self, job: Job, shared: torch.Tensor | None) -> None:
        """Begin to read a prompt.

        Args:
            job: the request.
            shared: keys and values of its first tokens, made for an earlier request; copied by the next `read`.
        """
        job.read_tokens = 0 if shared is None else shared.shape[3]
        self.jobs.append(job)
        self._shared.append(shared)

    def read(self) -> torch.Tensor | None:
        """Read on: logits_N_V after the prompts, or None where the one prompt is not at its end."""
        if self._shared:
            self._make_room()
        pieces = [job.prompt[job.read_tokens :][: self._most_tokens] for job in self.jobs]
        logits = self._forward.prefill(self.cache, pieces, [job.read_tokens for job in self.jobs])
        for job, piece in zip(self.jobs, pieces, strict=True):
            job.read_tokens += len(piece)
        return logits if all(job.read_tokens == len(job.prompt) for job in self.jobs) else None

    def _make_room(self) -> None:
        # All rows at once: growing by each would copy the others again and again.
        self.cache.reserve(len(self.jobs), max(len(job.prompt) for job in self.jobs), 0)
        for row, shared in enumerate(self._shared):
            if shared is not None:
                self.cache.write(row, shared)
        self._shared = []

    def clear(self) -> None:
        """Forget all requests and give the memory back."""
        self.jobs.clear()
        self._shared = []
        self.cache.release()
