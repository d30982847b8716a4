"""Rows that others made, brought in from a data set of theirs."""

from typing import Any, Literal

from pydantic import Field

from schemas.record import Record
from schemas.report import Rejected
from schemas.sample import Kind

ImportForm = Literal["toolace", "xlam", "glaive", "hermes"]
"""ToolACE; xLAM function calling 60k; Glaive function calling v2, its sharegpt copies too; Hermes function calling."""

RowReason = Literal[
    "not_json",
    "wrong_form",
    "no_functions",
    "bad_function",
    "same_name_twice",
    "no_request",
    "no_answer",
    "decoder_failed",
    "mixed_splits",
    "same_call_twice",
]
"""Why a row is rejected, besides the reasons of a call and of the checks.

not_json, wrong_form: it cannot be read at all. no_functions: it offers none. bad_function: one that is called cannot be
used. same_name_twice: two functions share a name. no_request, no_answer: nobody asks, or nothing answers.
decoder_failed: a call's text cannot be read (BFCL's word). mixed_splits: it calls functions of several splits.
"""


class CallRead(Record):
    """A call as a row spells it, before its function's name is cleaned."""

    name: str
    arguments: dict[str, Any]


class Turn(Record):
    """One message of an imported conversation."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[CallRead, ...] = ()


class Conversation(Record):
    """A row in whatever form it came, read; the text that only lists the functions is left out."""

    tools: tuple[dict[str, Any], ...]
    """As the row has them, bare or wrapped; their schemas are not cleaned yet."""
    turns: tuple[Turn, ...]


class ImportedRow(Record):
    """One row of an imported set, as it came."""

    sample_id: str
    document_id: str
    position: int
    """0, 1, … over all files of the set."""
    row_path: str
    """File and row, such as `train.jsonl:17`, counted from 1."""
    text: str


class ImportedSet(Record):
    """A data set that others made."""

    document_id: str
    set_name: str
    set_path: str
    form: ImportForm
    licence: str | None
    """What its own card or licence file says; none: not known."""
    licence_path: str | None
    """The file that says so."""
    sha256: str
    """Over the files' names and contents."""
    rows: int

    @property
    def writer(self) -> str:
        """Who wrote the rows, in the place where our own name the teacher's model."""
        return f"import:{self.set_name}"


class ImportReport(Record):
    """What became of an imported set."""

    job_id: str
    run_id: str
    source: ImportedSet
    accepted: dict[Kind, int]
    rejected: tuple[Rejected, ...]
    splits: dict[str, int]
    """Accepted rows per split."""
    languages: dict[str, int]
    functions: int
    """Different usable functions."""
    functions_repaired: int
    functions_rejected: int
    functions_left_out: int
    """Offers of functions that were taken out of their row: of another split, or not usable, and not called."""
    turns_left_out: int
    """Turns after the answer that a row ends with."""
    seconds: float
    dataset_path: str | None
    warehouse_path: str

    @property
    def rows_accepted(self) -> int:
        """Over all kinds."""
        return sum(self.accepted.values())

    unchecked: tuple[str, ...] = Field(
        default=("semantic: no judge has read these rows", "contamination with public benchmarks")
    )
    """Checks that were not made."""
