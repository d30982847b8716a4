"""Which record goes into which table, and how a record becomes columns."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import polars as pl

from schemas.answer import Answer, Request
from schemas.chat_data import ChatAcceptance, ChatAnswer, ChatSample
from schemas.dataset import Acceptance, Export
from schemas.document import Document
from schemas.evaluation import Case, Score
from schemas.function import Function
from schemas.general import GeneralAnswer, GeneralScore
from schemas.imported import ImportedRow, ImportedSet
from schemas.job import Job, Run, RunEvent
from schemas.preferences import Preference
from schemas.record import Record
from schemas.sample import Pair, Sample
from schemas.training_report import TrainingReport
from schemas.verdict import Check, Vote


class Table(NamedTuple):
    """A table of the warehouse."""

    name: str
    key: tuple[str, ...]
    """Columns that name a row; a row whose key is there already changes nothing."""
    derived: Mapping[str, Callable[[Any], Any]] = {}
    """Columns that are not fields of the record, and fields that are stored otherwise."""


_TRAINING: dict[str, Callable[[Any], Any]] = {
    "base_model": lambda report: report.config.base_model,
    "method": lambda report: report.config.method,
    "call_format": lambda report: report.config.call_format,
    "first_loss": lambda report: report.stages[0].losses[0].loss if report.stages[0].losses else None,
    "last_loss": lambda report: report.stages[-1].losses[-1].loss if report.stages[-1].losses else None,
}
"""What is asked of a training most often, beside its whole config and stages."""

TABLES: dict[type[Record], Table] = {
    Job: Table(
        "core_jobs",
        ("job_id",),
        {"job_id": lambda job: job.job_id, "created_at": lambda _: datetime.now(UTC).isoformat()},
    ),
    Run: Table("core_runs", ("run_id",)),
    RunEvent: Table("core_run_events", ("run_id", "event_at", "event", "stage")),
    Document: Table("raw_documents", ("document_id",)),
    Function: Table("core_functions", ("function_id",), {"tool": lambda function: function.tool}),
    Request: Table(
        "raw_requests",
        ("request_id",),
        {"request_id": lambda request: request.request_id, "messages": lambda request: request.messages_json()},
    ),
    Answer: Table("raw_answers", ("answer_id",)),
    Pair: Table("core_pairs", ("pair_id",)),
    Sample: Table("core_samples", ("sample_id",)),
    Check: Table("core_checks", ("sample_id", "check_name")),
    Vote: Table("core_votes", ("sample_id", "draw")),
    Acceptance: Table("core_acceptances", ("sample_id",)),
    Export: Table("core_exports", ("export_id",)),
    Case: Table("core_cases", ("suite", "case_id", "category")),
    Score: Table(
        "core_scores",
        ("run_id", "model", "mode", "sampling", "repeat", "suite", "category", "case_id"),
        {"scored_at": lambda _: datetime.now(UTC).isoformat()},
    ),
    Preference: Table("core_preferences", ("pair_id",)),
    GeneralScore: Table("core_general_scores", ("run_id", "model", "task", "metric", "filter")),
    GeneralAnswer: Table("core_general_cases", ("run_id", "model", "task", "doc_id", "metric", "filter")),
    ImportedSet: Table("core_imported_sets", ("job_id",)),
    ImportedRow: Table("raw_imported_rows", ("sample_id",)),
    ChatSample: Table("core_chat_samples", ("sample_id",)),
    ChatAnswer: Table("core_chat_answers", ("sample_id", "turn")),
    ChatAcceptance: Table("core_chat_acceptances", ("sample_id",)),
    TrainingReport: Table("core_trainings", ("model_path", "config_sha256", "data_sha256", "started_at"), _TRAINING),
}


_POLARS_TYPES = {
    "VARCHAR": pl.String(),
    "BIGINT": pl.Int64(),
    "DOUBLE": pl.Float64(),
    "BOOLEAN": pl.Boolean(),
    "VARCHAR[]": pl.List(pl.String()),
    "TIMESTAMP": pl.Datetime("us"),
}


def to_frame(
    table: Table, records: Sequence[Record], columns: Mapping[str, str], constants: Mapping[str, str]
) -> pl.DataFrame:
    """Turn records into columns; nested values become JSON text, so that Arrow cannot merge their structures.

    Args:
        table: where they go.
        records: of one class; a later record with the key of an earlier one is left out.
        columns: column name to DuckDB type, as the table has them.
        constants: columns with one value, such as run_id.
    """
    unique: dict[tuple[Any, ...], Record] = {}
    for record in records:
        key = (constants[name] if name in constants else _value(table, record, name) for name in table.key)
        unique.setdefault(tuple(key), record)
    kept = list(unique.values())
    data = {
        name: [constants[name]] * len(kept) if name in constants else _column(table, kept, name, kind)
        for name, kind in columns.items()
    }
    return pl.DataFrame(data, schema={name: _POLARS_TYPES[kind] for name, kind in columns.items()})


def _value(table: Table, record: Record, name: str) -> Any:
    derive = table.derived.get(name)
    return derive(record) if derive else getattr(record, name)


def _column(table: Table, records: Sequence[Record], name: str, kind: str) -> list[Any]:
    """One column's values; what is not text goes into a text column as JSON."""
    values = [_value(table, record, name) for record in records]
    if kind == "VARCHAR":
        return [value if value is None or isinstance(value, str) else _json_text(value) for value in values]
    if kind == "TIMESTAMP":
        return [_utc_moment(value) for value in values]
    return values


def _utc_moment(text: str) -> datetime:
    """ISO 8601 as UTC without a zone; DuckDB's own cast to timestamp drops an offset instead of applying it."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _json_text(value: Any) -> str:
    """JSON with the order of keys as it came: a tool's parameters keep their order."""
    return json.dumps(value, ensure_ascii=False, default=lambda record: record.model_dump(mode="json"))
