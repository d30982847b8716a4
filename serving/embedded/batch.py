"""The requests that make tokens together: rows of one cache, joined and left at any step."""

from collections.abc import Sequence

import torch

from serving.embedded.cache import RowCache
from serving.embedded.forward import Forward
from serving.embedded.job import Job


class RunningBatch:
    """Row i of the cache is request i."""

    def __init__(self, forward: Forward, most_rows: int, most_tokens: int) -> None:
        self.jobs: list[Job] = []
        self.cache = RowCache(forward.shape)
        self._forward = forward
        self._most_rows = most_rows
        self._most_tokens = most_tokens

    def has_room(self, newcomers: Sequence[Job]) -> bool:
        """Whether all of these can run to their ends beside those that run."""
        jobs = [*self.jobs, *newcomers]
        longest = max(job.reserved_length for job in jobs)
        return len(jobs) <= self._most_rows and (len(jobs) == 1 or len(jobs) * longest <= self._most_tokens)

    def join(self, job: Job, storage: torch.Tensor) -> None:
        """Take a request in whose prompt was read elsewhere."""
        row = len(self.jobs)
        longest = max(each.cached_length for each in [*self.jobs, job])
        self.cache.reserve(row + 1, longest + 1, self._most_tokens)
        self.cache.write(row, storage)
        self.jobs.append(job)

    def leave(self, row: int, is_broken: bool = False) -> None:
        """Close the gap with the last row."""
        if is_broken:
            self.cache.clear(row)
        last = len(self.jobs) - 1
        if row != last:
            self.cache.move(last, row, self.jobs[last].cached_length)
            self.jobs[row] = self.jobs[last]
        self.jobs.pop()

    def decode(self) -> torch.Tensor:
        """Run the model on each request's last token: logits_N_V."""
        lengths = [job.cached_length for job in self.jobs]
        self.cache.reserve(len(self.jobs), max(lengths) + 1, self._most_tokens)
        return self._forward.decode(self.cache, [job.answer[-1] for job in self.jobs], lengths)

    def clear(self) -> None:
        """Forget all requests and give the memory back."""
        self.jobs.clear()
        self.cache.release()
