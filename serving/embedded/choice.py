"""The next token of each row: drawn from the model's logits, within each row's constraint."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from serving.embedded.job import Job
from serving.embedded.protocol import TokenConstraint
from serving.embedded.sampler import NOTHING, draw_tokens
from serving.engine import Piece
from serving.refusals import RefusedError
from serving.vocabulary import Vocabulary

MOST_REFUSED = 3
"""Draws refused by a constraint before its exact mask is asked for, which is slower."""

Outcome = Piece | Exception | None
"""What a step brought a request: something to tell, its failure, or nothing yet."""


class Chooser:
    """Fills masks, draws, and hands each token to its request."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def prepare(self, jobs: Sequence[Job]) -> "Prepared":
        """Ask the constraints what may follow; needs no logits, so it can be done while the model runs."""
        return Prepared(jobs, self._vocabulary.mask_words)

    def choose(self, prepared: "Prepared", logits_N_V: torch.Tensor) -> list[Outcome]:  # noqa: N803
        """Draw a token for each request and take it in; the logits are changed."""
        jobs, forced = prepared.jobs, prepared.forced
        for row, job in enumerate(jobs):
            if job.sampler.has_penalty:
                job.sampler.penalise(logits_N_V[row])
        apply_masks(logits_N_V, prepared.masks, prepared.masked_rows)
        drawn = [NOTHING] * len(jobs)
        free = [row for row in range(len(jobs)) if row not in forced and row not in prepared.failures]
        if free:
            rows = logits_N_V if len(free) == len(jobs) else logits_N_V[free]
            for row, token in zip(free, draw_tokens(rows, [jobs[row].sampler for row in free]), strict=True):
                drawn[row] = token
        return [self._take(prepared, row, drawn[row], logits_N_V[row]) for row in range(len(jobs))]

    def _take(self, prepared: "Prepared", row: int, token: int, logits_V: torch.Tensor) -> Outcome:  # noqa: N803
        if row in prepared.failures:
            return prepared.failures[row]
        job = prepared.jobs[row]
        was_talking = job.constraint is None or job.constraint.is_talking
        try:
            if job.constraint is not None:
                token = self._agree(job, job.constraint, prepared.forced.get(row, NOTHING), token, logits_V)
            if token != NOTHING:
                return job.advance(token, was_talking)
        except Exception as error:  # a constraint's failure is its own request's
            return error
        return _stuck(job, logits_V)

    def _agree(
        self,
        job: Job,
        constraint: TokenConstraint,
        forced: int,
        token: int,
        logits_V: torch.Tensor,  # noqa: N803
    ) -> int:
        """The first token that the constraint accepts, or NOTHING."""
        if forced != NOTHING:
            if constraint.accept(forced):
                return forced
            self._narrow(constraint, logits_V)
            token = draw_tokens(logits_V[None], [job.sampler])[0]
        refused = 0
        while token != NOTHING and not constraint.accept(token):
            logits_V[token] = float("-inf")
            refused += 1
            if refused == MOST_REFUSED:
                self._narrow(constraint, logits_V)
            token = draw_tokens(logits_V[None], [job.sampler])[0]
        return token

    def _narrow(self, constraint: TokenConstraint, logits_V: torch.Tensor) -> None:  # noqa: N803
        row = np.full((1, self._vocabulary.mask_words), -1, dtype=np.int32)
        constraint.mask_exactly(row[0])
        apply_masks(logits_V[None], row, [0])


class Prepared:
    """What the constraints of a step said before its logits were there."""

    def __init__(self, jobs: Sequence[Job], words: int) -> None:
        self.jobs = list(jobs)
        self.forced: dict[int, int] = {}
        self.failures: dict[int, Exception] = {}
        self.masks: npt.NDArray[np.int32] = np.zeros((len(jobs), words), dtype=np.int32)
        self.masked_rows: list[int] = []
        for row, job in enumerate(jobs):
            if job.constraint is not None:
                self._ask(row, job, job.constraint)

    def _ask(self, row: int, job: Job, constraint: TokenConstraint) -> None:
        try:
            token = constraint.forced(job.remaining)
            if token is not None:
                self.forced[row] = token
            elif constraint.mask(self.masks[row]):
                self.masked_rows.append(row)
        except Exception as error:  # a constraint's failure is its own request's
            self.failures[row] = error


def apply_masks(logits_N_V: torch.Tensor, masks: npt.NDArray[np.int32], rows: list[int]) -> None:  # noqa: N803
    """Put -inf, in place, where the bitmask of these rows has a 0."""
    if not rows:
        return
    bits = torch.from_numpy(np.unpackbits(masks[rows].view(np.uint8), axis=1, bitorder="little"))
    is_banned = bits[:, : logits_N_V.shape[1]].to(logits_N_V.device) == 0
    if len(rows) == len(logits_N_V):
        logits_N_V.masked_fill_(is_banned, float("-inf"))
    else:
        logits_N_V[rows] = logits_N_V[rows].masked_fill(is_banned, float("-inf"))


def _stuck(job: Job, logits_V: torch.Tensor) -> Outcome:  # noqa: N803
    """No token was left: the budget holds nothing legal, or the model's numbers are broken."""
    if job.constraint is not None and not bool(logits_V.isnan().any()) and not bool(logits_V.isposinf().any()):
        return job.end_early()
    return RefusedError(
        "The model's logits are not finite numbers; the request failed. Load the model with --dtype float32 or "
        "bfloat16, or check its weights.",
        status=500,
        code="engine_error",
    )
