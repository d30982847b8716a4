"""What a `synth` run tells whoever started it."""

from typing import Any

from schemas.record import Record
from schemas.sample import Kind


class Rejected(Record):
    """How many things one reason took."""

    thing: str
    """document, function, pair or candidate; a candidate needs one pair or more."""
    stage: str
    reason: str
    things: int


class DocumentProblem(Record):
    """A document that could not be used."""

    document_path: str
    reason: str
    detail: str | None


class SynthReport(Record):
    """The end of a run, for a person or a program."""

    job_id: str
    run_id: str
    wanted: dict[Kind, int]
    accepted: dict[Kind, int]
    candidates: dict[Kind, int]
    """Tried."""
    passed: dict[Kind, int]
    """Of these; more than accepted where a round tried more than were missing."""
    shortfalls: tuple[str, ...]
    """Why fewer than wanted, one sentence per kind; empty when exactly N were accepted."""
    rejected: tuple[Rejected, ...]
    documents: int
    documents_used: int
    """Documents that at least one accepted sample comes from."""
    document_problems: tuple[DocumentProblem, ...]
    functions: int
    answers_new: int
    answers_reused: int
    requests_sent: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no price is set."""
    teacher: str
    stage_seconds: dict[str, float]
    seconds: float
    dataset_path: str | None
    warehouse_path: str
    examples: tuple[dict[str, Any], ...]
    """Three accepted samples."""
    forecast: dict[str, Any] | None = None
    """What the whole job is expected to take, after a dry run."""


class IngestReport(Record):
    """What `callmill ingest` found."""

    documents: int
    parsed: int
    functions: dict[str, int]
    """accepted, merged, rejected."""
    splits: dict[str, int]
    """Accepted functions per split."""
    domains: int
    repaired: int
    """Functions that cleaning changed."""
    rejected: tuple[Rejected, ...]
    document_problems: tuple[DocumentProblem, ...]
    new_rows: int
    """Documents and functions that the warehouse did not have."""
    warehouse_path: str
