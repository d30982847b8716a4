"""What leaves the factory: acceptances and exported data sets."""

from typing import Any, Literal

from schemas.document import DocumentFormat
from schemas.record import Record
from schemas.report import Rejected
from schemas.sample import Kind

MANIFEST_VERSION: Literal[1] = 1


class Acceptance(Record):
    """A sample's place in its job's data set."""

    sample_id: str
    kind: Kind
    position: int
    """0, 1, … within the kind, in candidate order."""
    accepted_at: str


class Export(Record):
    """A data set folder whose manifest is written."""

    export_id: str
    export_path: str
    rows: int
    manifest_sha256: str
    exported_at: str


class SourceDocument(Record):
    """A document that the functions of a data set come from."""

    document_path: str
    format: DocumentFormat
    terms: str | None = None
    """Its licence or terms of use in a few words; None: not known, the user's to check."""


class DatasetFacts(Record):
    """What the rows of a data set do not say about themselves."""

    name: str
    """The data set's own name, for people."""
    job_id: str
    run_id: str
    created_at: str
    """UTC, ISO 8601."""
    teacher_model: str
    judge_model: str
    is_offline: bool
    """Whether the embedded offline teacher wrote it, which is not an LLM."""
    judge_draws: int
    """Independent judge answers per sample."""
    prompts: dict[str, str]
    """Prompt name and version to the hash of its file."""
    asked: dict[Kind, int]
    """Samples asked for, per kind."""
    rejected: tuple[Rejected, ...]
    documents: tuple[SourceDocument, ...]
    parameters: dict[str, Any]
    """What the job's identity is made of."""
    settings: dict[str, Any]
    """Places and limits of the run, secrets masked; stands in the manifest only."""
    is_imported: bool = False
    """Whether others made the rows: the teacher is then the imported set's name, and no judge has read them."""
    command: str
    """Makes this data set again, such as `callmill synth --apis examples --samples 500`."""


class DatasetFile(Record):
    """One file of a data set, as it was when the manifest was written."""

    path: str
    """Below the data set's folder, with forward slashes."""
    rows: int | None
    """None for the data card."""
    bytes: int
    sha256: str


class Manifest(DatasetFacts):
    """Written last: a folder without it is not a data set."""

    format_version: Literal[1] = MANIFEST_VERSION
    rows: int
    kinds: dict[Kind, int]
    languages: dict[str, int]
    domains: dict[str, int]
    splits: dict[str, int]
    files: tuple[DatasetFile, ...]
    """Every other file of the folder."""
    content_sha256: str
    """Of the data files' paths and hashes: equal for equal rows, whichever run wrote them, wherever."""
