"""Continuous batching: requests join the running batch as they come and leave it as they end, step by step.

A step reads a piece of the waiting prompts, then makes one token for each running request. No threads in here.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from serving.embedded.batch import RunningBatch
from serving.embedded.choice import Chooser, Outcome
from serving.embedded.forward import Forward
from serving.embedded.job import Job
from serving.embedded.prefixes import Kept, PrefixStore, Tokens, shared_length
from serving.embedded.reading import PromptReader
from serving.engine import Piece
from serving.vocabulary import Vocabulary


@dataclass(frozen=True)
class Limits:
    """What the engine may take."""

    rows: int = 64
    """Requests that run at once."""
    waiting: int = 256
    """Requests that may wait; more are refused with 429."""
    prefill_tokens: int = 512
    """Prompt tokens read in one step, so that the running requests go on meanwhile."""
    cache_bytes: int = 4 << 30
    """For keys and values of running requests; at least one request of full length always fits."""
    kept_bytes: int = 1 << 30
    """For those of answered requests; 0: none are kept."""
    least_shared: int = 32
    """Tokens that a prompt must share with an earlier one for copying to be worth it."""


@dataclass
class Counts:
    """Totals since the start."""

    steps: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    finished: int = 0
    cancelled: int = 0
    failed: int = 0
    prefix_hits: int = 0
    prefix_tokens: int = 0
    """Prompt tokens that were copied instead of read."""


Result = tuple[Job, Piece | Exception]


class Scheduler:
    """Owns the caches; called by one thread, but for `waiting.append`."""

    def __init__(self, forward: Forward, vocabulary: Vocabulary, limits: Limits, context_length: int) -> None:
        token_bytes = forward.shape.token_bytes
        most_tokens = max(limits.cache_bytes // token_bytes, context_length)
        self.limits = limits
        self.waiting: deque[Job] = deque()
        self.counts = Counts()
        self.batch = RunningBatch(forward, limits.rows, most_tokens)
        self.reader = PromptReader(forward, limits.prefill_tokens)
        self._chooser = Chooser(vocabulary)
        self._kept = PrefixStore(limits.kept_bytes // token_bytes)

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.waiting or self.reader.jobs or self.batch.jobs)

    def step(self) -> list[Result]:
        """One step of the batch; what it brought whom."""
        self.counts.steps += 1
        self._drop_cancelled()
        results = self._guarded(self.reader, self._read) + self._guarded(self.batch, self._decode)
        for _, result in results:
            self.counts.finished += isinstance(result, Piece) and result.finish is not None
            self.counts.failed += isinstance(result, Exception)
        return results

    def fail_all(self, error: Exception) -> list[Result]:
        """Give every request up and start afresh."""
        jobs = [*self.batch.jobs, *self.reader.jobs]
        while self.waiting:
            jobs.append(self.waiting.popleft())
        self.counts.failed += len(jobs)
        self.batch.clear()
        self.reader.clear()
        self._kept.clear()
        return [(job, error) for job in jobs]

    def _guarded(self, part: RunningBatch | PromptReader, work: Callable[[], list[Result]]) -> list[Result]:
        """What a failed pass of the model takes with it: the requests in it, and no others."""
        try:
            return work()
        except Exception as error:  # such as no memory; the engine goes on with the next requests
            failed: list[Result] = [(job, error) for job in part.jobs]
            part.clear()
            return failed

    def _drop_cancelled(self) -> None:
        for row in reversed(range(len(self.batch.jobs))):
            if self.batch.jobs[row].is_cancelled:
                self.counts.cancelled += 1
                self.batch.leave(row)
        if any(job.is_cancelled for job in self.reader.jobs):
            # Only a long prompt, which is read alone, is here between two steps.
            self.counts.cancelled += len(self.reader.jobs)
            self.reader.clear()
        for job in [job for job in list(self.waiting) if job.is_cancelled]:
            self.counts.cancelled += 1
            self.waiting.remove(job)

    def _read(self) -> list[Result]:
        if not self.reader.jobs:
            self._admit()
        if not self.reader.jobs:
            return []
        logits = self.reader.read()
        if logits is None:
            return []
        jobs = list(self.reader.jobs)
        outcomes = self._choose(jobs, logits)
        for row, (job, outcome) in enumerate(zip(jobs, outcomes, strict=True)):
            storage = self.reader.cache.read(row, len(job.prompt))
            if not _is_over(outcome):
                outcomes[row] = self._join(job, storage) or outcome
            elif isinstance(outcome, Piece):
                self._keep(job, storage)
        self.reader.clear()
        return _results(jobs, outcomes)

    def _join(self, job: Job, storage: torch.Tensor) -> Exception | None:
        try:
            self.batch.join(job, storage)
        except RuntimeError as error:  # torch's out of memory: the others run on
            return error
        return None

    def _decode(self) -> list[Result]:
        if not self.batch.jobs:
            return []
        jobs = list(self.batch.jobs)
        outcomes = self._choose(jobs, self.batch.decode())
        for row in reversed(range(len(jobs))):
            if _is_over(outcomes[row]):
                is_broken = isinstance(outcomes[row], Exception)
                if not is_broken:
                    self._keep(jobs[row], self.batch.cache.read(row, jobs[row].cached_length))
                self.batch.leave(row, is_broken)
        return _results(jobs, outcomes)

    def _choose(self, jobs: Sequence[Job], logits_N_V: torch.Tensor) -> list[Outcome]:  # noqa: N803
        before = sum(len(job.answer) for job in jobs)
        outcomes = self._chooser.choose(self._chooser.prepare(jobs), logits_N_V)
        self.counts.answer_tokens += sum(len(job.answer) for job in jobs) - before
        return outcomes

    def _admit(self) -> None:
        """Move waiting requests to the reader, in order, as long as there is room for them."""
        while self.waiting and self.batch.has_room([*self.reader.jobs, self.waiting[0]]):
            job = self.waiting[0]
            shared, storage = self._find_shared(job.prompt_tokens)
            if not self.reader.has_room(job, shared) or self._could_share_more(job.prompt_tokens, shared):
                return
            self.waiting.popleft()
            self.reader.add(job, storage)
            self.counts.prompt_tokens += len(job.prompt)
            self.counts.prefix_hits += shared > 0
            self.counts.prefix_tokens += shared

    def _find_shared(self, tokens: Tokens) -> tuple[int, torch.Tensor | None]:
        """The longest beginning of this prompt that is read already; the last token is always read anew."""
        best, kept = self._kept.find(tokens[:-1])
        row: int | None = None
        for place, job in enumerate(self.batch.jobs):
            if (shared := shared_length(job.prompt_tokens, tokens[:-1])) > best:
                best, row = shared, place
        if best < self.limits.least_shared:
            return 0, None
        if row is not None:
            return best, self.batch.cache.read(row, best)
        return best, self._use(kept, best)

    def _use(self, kept: Kept | None, length: int) -> torch.Tensor | None:
        if kept is None:
            return None
        self._kept.use(kept)
        return kept.storage[:, :, :, :length]

    def _could_share_more(self, tokens: Tokens, shared: int) -> bool:
        """Whether a prompt of the group shares so much with this one that waiting for it saves reading it twice."""
        gains = [shared_length(job.prompt_tokens, tokens[:-1]) - shared for job in self.reader.jobs]
        return any(gain >= self.limits.least_shared for gain in gains)

    def _keep(self, job: Job, storage: torch.Tensor) -> None:
        tokens = [*job.prompt, *job.answer][: storage.shape[3]]
        if len(tokens) < self.limits.least_shared:
            return
        try:
            self._kept.add(tokens, storage)
        except RuntimeError:  # torch's out of memory: what is kept only saves time
            self._kept.clear()


def _is_over(outcome: Outcome) -> bool:
    return isinstance(outcome, Exception) or (outcome is not None and outcome.finish is not None)


def _results(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> list[Result]:
    return [(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True) if outcome is not None]
