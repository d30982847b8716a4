"""A data set in the form that another trainer reads: what it holds, and what it could not take along."""

from typing import Literal, get_args

from schemas.dataset import DatasetFile
from schemas.record import Record

ExportFormat = Literal["openai", "hermes", "llamafactory", "ms-swift", "axolotl"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

NotCarried = Literal[
    "unreadable",
    "arguments_no_object",
    "masked_answer",
    "system_not_first",
    "turns_do_not_alternate",
    "no_answer_last",
    "mark_in_text",
]
"""Why a format has no place for a row."""

WHY_NOT_CARRIED: dict[NotCarried, str] = {
    "unreadable": "messages or tools are not in OpenAI's chat form",
    "arguments_no_object": "a call's arguments are not a JSON object",
    "masked_answer": "an answer is shown but not to be learnt (weight 0), and the format would teach it",
    "system_not_first": "a system message stands in the middle",
    "turns_do_not_alternate": "user (or results) and assistant do not take turns",
    "no_answer_last": "the last message is not the assistant's",
    "mark_in_text": "a text holds a mark that the format sets around calls or results",
}


class LeftOutRows(Record):
    """Rows that one reason kept out."""

    reason: NotCarried
    rows: int
    sample_ids: tuple[str, ...]
    """Of every one of them; a row without an id is named by split and place."""


class ExportSource(Record):
    """The data set that was exported; the same whether its folder or its job was named."""

    name: str
    job_id: str | None
    written_by: str | None
    """The model that wrote the rows, where that is known."""
    is_offline: bool
    """Whether that is the embedded offline teacher, which is not an LLM."""
    rows_sha256: str
    """Of ids, messages and tools in their order."""


class FormatManifest(Record):
    """Written last: a folder without it is not an export. It names no moment, so that equal rows give equal folders."""

    format_version: Literal[1] = 1
    export_format: ExportFormat
    source: ExportSource
    rows: int
    splits: dict[str, int]
    left_out: tuple[LeftOutRows, ...]
    files: tuple[DatasetFile, ...]
    """Every other file of the folder."""
    content_sha256: str
    """Of the data files' paths and hashes."""


class FormatReport(Record):
    """What `callmill export` wrote."""

    export_path: str
    manifest_sha256: str
    manifest: FormatManifest
