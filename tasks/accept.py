"""Exactly N: how many candidates to try next, and which of those that passed make up the data set."""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.dataset import Acceptance
from schemas.errors import TerminalError
from schemas.job import SynthOptions, share_out
from schemas.sample import Kind, Plan, Sample
from schemas.verdict import Check
from tasks.plan import Catalog, plan_candidate
from tasks.run import utc_now
from tasks.synth_run import SynthRun

_FIRST_GUESS = 0.85  # share of candidates that pass, before anything is measured
_MARGIN = 1.05
_MAX_GROWTH = 4  # a round is never larger than this many times what is missing: a low rate may be bad luck
DRY_RUN_CANDIDATES = 20
_BUDGET_ROUND = 32
_TRIES_PER_SAMPLE = 12  # APIGen's weakest generator passes 34 %; below 8 % something is broken
_MIN_TRIES = 60


class Outcome(NamedTuple):
    """What became of one candidate."""

    sample_id: str
    is_good: bool


@dataclass
class Quota:
    """How one kind stands."""

    kind: Kind
    wanted: int
    impossible: str | None = None
    """Why no candidate can be made at all."""
    planned: int = 0
    """Candidates 0 … planned-1 have been asked for."""
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    @property
    def accepted(self) -> list[str]:
        """The first `wanted` that passed, in candidate order.

        Stops at the first candidate that is not decided yet (a budget ran out): what comes later must not take the
        place of one that a resumed job may still find good.
        """
        chosen: list[str] = []
        for index in range(self.planned):
            if index not in self.outcomes or len(chosen) == self.wanted:
                break
            if self.outcomes[index].is_good:
                chosen.append(self.outcomes[index].sample_id)
        return chosen

    @property
    def pass_rate(self) -> float:
        """Share of decided candidates that passed; a guess before there are any."""
        if not self.outcomes:
            return _FIRST_GUESS
        return sum(outcome.is_good for outcome in self.outcomes.values()) / len(self.outcomes)

    def next_indices(self) -> range:
        """Candidates to try now; empty when there are enough, or no hope."""
        missing = self.wanted - len(self.accepted)
        allowed = max(_MIN_TRIES, _TRIES_PER_SAMPLE * self.wanted) - self.planned
        if self.impossible or missing <= 0 or allowed <= 0:
            return range(0)
        tries = missing * _MAX_GROWTH if not self.pass_rate else missing / self.pass_rate * _MARGIN
        count = min(math.ceil(tries), missing * _MAX_GROWTH, allowed)
        return range(self.planned, self.planned + count)

    @property
    def shortfall(self) -> str | None:
        """Why there are fewer than wanted, in words, or None."""
        missing = self.wanted - len(self.accepted)
        if not missing:
            return None
        why = (
            self.impossible or f"{len(self.outcomes)} of {self.planned} candidates decided, {self.pass_rate:.0%} passed"
        )
        return f"{self.kind}: {len(self.accepted)} of {self.wanted} accepted ({why})"


def open_quotas(catalog: Catalog, options: SynthOptions) -> dict[Kind, Quota]:
    """How many of each kind are wanted, and which can't be made of these functions at all."""
    counts = share_out(options.samples, options.mix)
    return {kind: Quota(kind, count, catalog.shortfall(kind)) for kind, count in counts.items()}


def rounds(run: SynthRun, catalog: Catalog, quotas: Mapping[Kind, Quota], is_dry: bool) -> Iterator[list[Plan]]:
    """Plans to try, round after round, until every kind is full or without hope; dry: 20 candidates, once."""
    while True:
        if is_dry:
            tried = share_out(DRY_RUN_CANDIDATES, run.options.mix)
            tried = {kind: count for kind, count in tried.items() if not quotas[kind].impossible}
            wanted = [(kind, index) for kind, count in tried.items() for index in range(count)]
        else:
            wanted = [(kind, index) for kind, quota in quotas.items() for index in quota.next_indices()]
        if run.budget_usd is not None:  # small rounds: what was spent when the budget ends has become samples
            wanted = sorted(wanted, key=lambda one: one[1])[:_BUDGET_ROUND]
        if not wanted:
            return
        for kind, index in wanted:
            quotas[kind].planned = max(quotas[kind].planned, index + 1)
        yield [plan_candidate(catalog, kind, index, run.plan_seed, run.options.language) for kind, index in wanted]
        if is_dry:
            return


def settle(quotas: Mapping[Kind, Quota], samples: Sequence[Sample], checks: Sequence[Check]) -> None:
    """Write down what became of a round's candidates."""
    good = {check.sample_id for check in checks if check.state == "passed"}
    for sample in samples:
        quotas[sample.kind].outcomes[sample.index] = Outcome(sample.sample_id, sample.sample_id in good)


def acceptances(quotas: Mapping[Kind, Quota]) -> list[Acceptance]:
    """The data set's rows with their places."""
    now = utc_now()
    return [
        Acceptance(sample_id=sample_id, kind=kind, position=position, accepted_at=now)
        for kind, quota in quotas.items()
        for position, sample_id in enumerate(quota.accepted)
    ]


async def accept_samples(run: SynthRun, quotas: Mapping[Kind, Quota], is_dry: bool) -> None:
    """Store which samples make up the data set; a dry run accepts none.

    Raises:
        TerminalError: a data rule is broken: a bug of ours, never the data's fault.
    """
    if is_dry:
        return
    with run.timed("accept"):
        await run.commit(acceptances(quotas))
        broken = await asyncio.to_thread(run.warehouse.broken_rules, run.job_id)
    if broken:
        names = ", ".join(f"{name} ({rows.height} rows)" for name, rows in broken.items())
        raise TerminalError(
            f"Data rules are broken in job {run.job_id}: {names}; nothing is exported, please report this."
        )
