"""Write preference pairs or recovery rows as a folder that `callmill train` reads: Parquet, a card, a manifest last.

The file names no run and no moment, so that the same pairs made again are the same bytes, and a training on them the
same job; `pair_id` leads to both through `callmill sql preferences`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.preferences import Preference, PreferencesReport, RecoveryRow
from schemas.record import json_text
from tasks.export import CARD, MANIFEST, hash_content, refuse_foreign
from tasks.whole_folder import beside, describe_files, put_in_place

_FILE = "data/train-00000-of-00001.parquet"
_COMMON = ("pair_id", "source", "sample_id", "kind", "language", "written_by", "chosen_by", "error_type")
_MEANING = {
    "pairs": "`prompt`, `chosen` and `rejected` (OpenAI messages) and `tools`, all as JSON text, for `method: dpo`",
    "recovery": "`messages` and `tools` as JSON text, for supervised training; the wrong call has `weight` 0: it is "
    "shown and not learnt",
}


def write_rows(
    rows: Sequence[Preference] | Sequence[RecoveryRow], folder: Path, report: PreferencesReport
) -> PreferencesReport:
    """Write a folder in one rename; the report comes back with its files.

    Args:
        rows: of one class, at least one.
        folder: may be absent, a data set (replaced) or an unfinished one.
        report: what the rows don't say.

    Raises:
        UsageError: the folder holds something that is not a data set's.
    """
    target = folder.resolve()
    refuse_foreign(target)
    with beside(target) as temporary:
        (temporary / _FILE).parent.mkdir(parents=True)
        _write_parquet(rows, temporary / _FILE)
        (temporary / CARD).write_text(_card(report), encoding="utf-8", newline="\n")
        files = describe_files(temporary, {_FILE: len(rows), CARD: None})
        done = report.model_copy(update={"folder": str(folder), "files": files, "content_sha256": hash_content(files)})
        (temporary / MANIFEST).write_text(done.model_dump_json(indent=2) + "\n", encoding="utf-8", newline="\n")
        put_in_place(temporary, target)
    return done


def _write_parquet(rows: Sequence[Preference] | Sequence[RecoveryRow], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: [getattr(row, name) for row in rows] for name in _COMMON}
    nested = [_nested(row) for row in rows]
    columns |= {name: [json_text(each[name]) for each in nested] for name in nested[0]}
    schema = pa.schema([(name, pa.string()) for name in columns])
    pq.write_table(pa.table(columns, schema=schema), path, compression="zstd")


def _nested(row: Preference | RecoveryRow) -> dict[str, Any]:
    """What a training reads; answers are lists of one message."""
    if isinstance(row, RecoveryRow):
        return {"messages": row.messages, "tools": row.tools}
    return {"prompt": row.prompt, "chosen": [row.chosen], "rejected": [row.rejected], "tools": row.tools}


def _card(report: PreferencesReport) -> str:
    counts = {"source": report.sources, "kind": report.kinds, "error type": report.error_types}
    counts |= {"wrong answer by": report.written_by, "right answer by": report.chosen_by}
    tables = [
        "\n".join([f"| {name} | rows |", "|---|---:|", *(f"| {value} | {count} |" for value, count in each.items())])
        for name, each in counts.items()
    ]
    words = f"{report.rows} rows made by callmill from job `{report.from_job_id}`: {_MEANING[report.form]}."
    provenance = "`callmill sql preferences` tells of every `pair_id` the run in which its wrong answer was given."
    return "\n\n".join([f"# callmill {report.form} {report.job_id[:8]}", words, provenance, *tables]) + "\n"
