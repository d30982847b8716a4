"""A job is what was asked for; a run is one attempt at it."""

from typing import Any

from pydantic import Field

from schemas.errors import UsageError
from schemas.function import Language, Split
from schemas.record import Record, content_id
from schemas.sample import KINDS, Kind

DEFAULT_MIX = "simple=25,multiple=25,parallel=15,parallel_multiple=20,irrelevance=15"


class SynthOptions(Record):
    """What was asked of `synth`; everything here is part of the job's identity."""

    samples: int = Field(500, ge=1)
    """Accepted samples to end with, exactly."""
    mix: dict[Kind, float]
    """Weight of each kind."""
    language: Language | None = None
    """Language of every query; none: each document's own."""
    split: Split = "train"
    """Only functions of this split are used, distractors included."""
    seed: int = 0
    judge_draws: int = Field(3, ge=2)
    """Independent judge answers per sample."""


class Job(Record):
    """The same request is the same job, whoever runs it, wherever, however often."""

    flow: str
    parameters: dict[str, Any]
    """Options, models, sampling settings and prompt hashes."""
    document_ids: tuple[str, ...]
    """Sorted."""
    seed: int
    occurrence: str | None = None
    """A schedule's date; none for a command."""

    @property
    def job_id(self) -> str:
        """Content hash of what was asked for."""
        return content_id(self.flow, self.parameters, self.document_ids, self.seed, self.occurrence)


class Run(Record):
    """One attempt at a job, written at its start."""

    run_id: str
    job_id: str
    flow: str
    started_at: str
    settings: dict[str, Any]
    git_commit: str | None
    is_dirty: bool | None
    packages: dict[str, str]
    prompts: dict[str, str]
    """Prompt name and version to the hash of its file."""
    seed: int
    parents: tuple[str, ...] = ()
    """Earlier runs of the same job."""


class RunEvent(Record):
    """Something that happened to a run; appended, never changed."""

    run_id: str
    job_id: str
    event_at: str
    event: str
    """started, stage_ended, fell_short, failed, ended."""
    stage: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


def parse_mix(text: str) -> dict[Kind, float]:
    """Read `simple=25,multiple=25`: weights by kind.

    Raises:
        ValueError: says which part could not be read and what was expected.
    """
    mix: dict[Kind, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, weight = part.partition("=")
        kind = next((known for known in KINDS if known == name.strip()), None)
        if kind is None:
            raise ValueError(f"Unknown kind '{name.strip()}' in --mix; expected {', '.join(KINDS)}.")
        if kind in mix:
            raise ValueError(f"Kind '{kind}' stands twice in --mix; give each kind one weight.")
        try:
            value = float(weight)
        except ValueError:
            raise ValueError(f"Weight '{weight}' of {kind} in --mix is not a number; write {kind}=25.") from None
        if not 0 <= value < float("inf"):
            raise ValueError(f"Weight {weight} of {kind} in --mix must be 0 or more and finite.")
        mix[kind] = value
    if not sum(mix.values()):
        raise ValueError("--mix has no weight above 0; expected for example simple=25,multiple=25.")
    return mix


def share_out(total: int, mix: dict[Kind, float]) -> dict[Kind, int]:
    """Split `total` by weights, rounded by largest remainder; ties go to the kind named first in KINDS."""
    weight = sum(mix.values())
    exact = {kind: total * mix[kind] / weight for kind in KINDS if mix.get(kind)}
    counts = {kind: int(value) for kind, value in exact.items()}
    by_remainder = sorted(exact, key=lambda kind: counts[kind] - exact[kind])
    for kind in by_remainder[: total - sum(counts.values())]:
        counts[kind] += 1
    return counts


def describe_options(
    samples: int, mix: str, language: Language | None, split: Split, seed: int, judge_draws: int
) -> SynthOptions:
    """Options as a record.

    Raises:
        UsageError: says which word is off.
    """
    if samples < 1:
        raise UsageError(f"--samples {samples} is too few; ask for 1 or more.")
    try:
        weights = parse_mix(mix)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return SynthOptions(
        samples=samples, mix=weights, language=language, split=split, seed=seed, judge_draws=judge_draws
    )
