"""Draw one token per row from logits, all rows at once; each row with its own settings and its own random numbers."""

import random
from collections import Counter
from collections.abc import Sequence

import torch

from serving.engine import Sampling

FIRST_WIDTH = 1024
"""Likeliest tokens that top_p looks at before it sorts the whole vocabulary."""

LEAST_TEMPERATURE = 1e-5
"""Less is none: 1e-50 is 0 in float32, and 0 / 0 is no number."""

NOTHING = -1
"""Drawn where a row holds no finite number."""


class RowSampler:
    """How one request draws; what it drew before counts for penalties."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int]) -> None:
        self.sampling = sampling
        self.temperature = sampling.temperature if sampling.temperature >= LEAST_TEMPERATURE else 0.0
        self.is_filtered = sampling.top_p < 1 or sampling.top_k > 0
        self.has_penalty = sampling.repetition_penalty != 1 or bool(
            sampling.frequency_penalty or sampling.presence_penalty
        )
        self._random = random.Random(sampling.seed)
        self._prompt = frozenset(prompt) if sampling.repetition_penalty != 1 else frozenset()
        self._drawn: Counter[int] = Counter()

    def chance(self) -> float:
        """This row's next random number: what others draw in the same step has no part in it."""
        return self._random.random()

    def note(self, token: int) -> None:
        """Remember a token of the answer."""
        if self.has_penalty:
            self._drawn[token] += 1

    def penalise(self, logits_V: torch.Tensor) -> None:  # noqa: N803  axes in the name
        """Change the logits in place: repetition as in transformers, the other two as in OpenAI's API."""
        if self.sampling.repetition_penalty != 1 and (seen := self._prompt | self._drawn.keys()):
            ids = torch.tensor(sorted(seen), device=logits_V.device)
            scores, penalty = logits_V[ids], self.sampling.repetition_penalty
            logits_V[ids] = torch.where(scores < 0, scores * penalty, scores / penalty)
        if self._drawn:
            ids = torch.tensor(list(self._drawn), device=logits_V.device)
            counts = torch.tensor(list(self._drawn.values()), dtype=logits_V.dtype, device=logits_V.device)
            logits_V[ids] -= self.sampling.frequency_penalty * counts + self.sampling.presence_penalty


def draw_tokens(logits_N_V: torch.Tensor, samplers: Sequence[RowSampler]) -> list[int]:  # noqa: N803
    """One token per row, NOTHING where the row holds NaN or only -inf; the logits stay as they are."""
    best, choice = logits_N_V.max(dim=1)
    tokens: list[int] = choice.tolist()
    is_finite: list[bool] = best.isfinite().tolist()
    tokens = [token if fine else NOTHING for token, fine in zip(tokens, is_finite, strict=True)]
    for wants_filter in (False, True):
        rows = [
            row
            for row, sampler in enumerate(samplers)
            if sampler.temperature > 0 and is_finite[row] and sampler.is_filtered == wants_filter
        ]
        if rows:
            drawn = _draw_warm(logits_N_V, best, rows, [samplers[row] for row in rows])
            for row, token in zip(rows, drawn, strict=True):
                tokens[row] = token
    return tokens


def _draw_warm(
    logits_N_V: torch.Tensor,  # noqa: N803
    best: torch.Tensor,
    rows: list[int],
    samplers: list[RowSampler],
) -> list[int]:
    device = logits_N_V.device
    temperatures = torch.tensor([each.temperature for each in samplers], device=device)[:, None]
    chances = torch.tensor([each.chance() for each in samplers], dtype=torch.float64, device=device)[:, None]
    warm, best = (logits_N_V, best) if len(rows) == len(logits_N_V) else (logits_N_V[rows], best[rows])
    # The largest score is 0: a temperature near 0 overflows to -inf, never to NaN.
    scores = (warm - best[:, None]) / temperatures
    if not samplers[0].is_filtered:
        picked: list[int] = _pick(scores.softmax(dim=1), chances).flatten().tolist()
        return picked
    return _draw_filtered(scores, chances, samplers, FIRST_WIDTH)


def _draw_filtered(scores: torch.Tensor, chances: torch.Tensor, samplers: list[RowSampler], width: int) -> list[int]:
    """top_k, then top_p over what is left, as vLLM and transformers do; sorts no more than it has to."""
    device, size = scores.device, scores.shape[1]
    top_k = torch.tensor([each.sampling.top_k or size for each in samplers], device=device)[:, None]
    top_p = torch.tensor([each.sampling.top_p for each in samplers], device=device)[:, None]
    width = min(size, max([width, *(each.sampling.top_k for each in samplers)]))
    values, ids = scores.topk(width, dim=1)
    kept = values.masked_fill(torch.arange(width, device=device) >= top_k, float("-inf"))
    total = torch.where(top_k < size, kept.logsumexp(1, keepdim=True), scores.logsumexp(1, keepdim=True))
    shares = (kept - total).exp()
    sums = shares.cumsum(1)
    if width < size and bool(((sums[:, -1:] < top_p) & (top_k >= size)).any()):
        return _draw_filtered(scores, chances, samplers, size)
    is_in = (sums - shares) < top_p
    is_in[:, 0] = True
    picked: list[int] = ids.gather(1, _pick(shares * is_in, chances)).flatten().tolist()
    return picked


def _pick(weights: torch.Tensor, chances: torch.Tensor) -> torch.Tensor:
    """Index of the weight that each chance falls on, never one of weight 0; [rows, 1]."""
    # float64: over 150,000 tokens float32 sums lose the tail.
    sums = weights.cumsum(1, dtype=torch.float64)
    total = sums[:, -1:]
    targets = torch.minimum(chances * total, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(sums, targets, right=True)
