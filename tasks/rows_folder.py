"""Write rows that are no samples of `synth` (chat, long rows) as a data set folder: JSON Lines, Parquet, manifest.

The files are named as those of tasks/export.py, so that trainers and `load_dataset` find them in the same way; rows
come one by one, since a chat set may be larger than memory.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from schemas.chat_data import RowsFacts, RowsManifest
from schemas.dataset import Export
from schemas.record import content_id, json_text
from tasks.export import CARD, MANIFEST, hash_content, refuse_foreign
from tasks.whole_folder import beside, describe_files, put_in_place, sha256_of

COLUMNS = ("sample_id", "kind", "language", "domain", "messages", "tools", "calls", "made_from", "written_by")
_NESTED = ("messages", "tools", "calls", "made_from", "written_by")
_ROWS_AT_ONCE = 1000
_LINES = "train.jsonl"
_PARQUET = "data/train-00000-of-00001.parquet"


class FolderRow(NamedTuple):
    """One row; what is nested is JSON text in the files, since Arrow would merge the structures of all rows."""

    sample_id: str
    kind: str
    language: str
    domain: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    made_from: list[str]
    """What the row was made from: samples, or file and place."""
    written_by: list[str]
    """Models that wrote its answers, where that is known."""


class Written(NamedTuple):
    """A folder in its place."""

    export: Export
    manifest: RowsManifest


class RowsWriter:
    """Takes rows one by one; nothing is at the target before `finish`.

    Raises:
        UsageError: the target holds something that is not a data set's.
    """

    def __init__(self, target: Path) -> None:
        self._target = target.resolve()
        self._shown = target
        refuse_foreign(self._target)
        self._beside = beside(self._target)
        self._open = ExitStack()
        self._waiting: list[list[str]] = []
        self.rows = 0
        self.kinds: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()

    def __enter__(self) -> "RowsWriter":
        """Open the files beside the target."""
        self._temporary = self._beside.__enter__()
        (self._temporary / "data").mkdir(parents=True)
        self._lines = self._open.enter_context((self._temporary / _LINES).open("w", encoding="utf-8", newline="\n"))
        schema = pa.schema([(name, pa.string()) for name in COLUMNS])
        self._table = self._open.enter_context(pq.ParquetWriter(self._temporary / _PARQUET, schema, compression="zstd"))
        return self

    def __exit__(self, *about: Any) -> None:
        """Whatever was not finished goes."""
        self._open.close()
        self._beside.__exit__(*about)

    def add(self, row: FolderRow) -> None:
        """Write one row."""
        values = row._asdict()
        cells = [json_text(values[name]) if name in _NESTED else str(values[name]) for name in COLUMNS]
        texts = [cell if name in _NESTED else json_text(cell) for name, cell in zip(COLUMNS, cells, strict=True)]
        parts = [f'"{name}": {text}' for name, text in zip(COLUMNS, texts, strict=True)]
        self._lines.write(f"{{{', '.join(parts)}}}\n")
        self._waiting.append(cells)
        if len(self._waiting) == _ROWS_AT_ONCE:
            self._flush()
        self.rows += 1
        self.kinds[row.kind] += 1
        self.languages[row.language] += 1

    def finish(self, facts: RowsFacts) -> Written:
        """Write card and manifest and put the folder in its place."""
        self._flush()
        self._open.close()
        (self._temporary / CARD).write_text(write_rows_card(facts, self.rows, self.languages), encoding="utf-8")
        files = describe_files(self._temporary, {_PARQUET: self.rows, _LINES: self.rows, CARD: None})
        manifest = RowsManifest(
            **dict(facts),
            rows=self.rows,
            kinds=dict(sorted(self.kinds.items())),
            languages=dict(sorted(self.languages.items())),
            files=files,
            content_sha256=hash_content(files),
        )
        text = manifest.model_dump_json(indent=2) + "\n"
        (self._temporary / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
        put_in_place(self._temporary, self._target)
        export = Export(
            export_id=content_id(manifest.run_id, str(self._target), manifest.content_sha256),
            export_path=str(self._shown),
            rows=manifest.rows,
            manifest_sha256=sha256_of(self._target / MANIFEST),
            exported_at=manifest.created_at,
        )
        return Written(export, manifest)

    def _flush(self) -> None:
        if self._waiting:
            columns = zip(*self._waiting, strict=True)
            self._table.write_table(pa.table({name: list(cells) for name, cells in zip(COLUMNS, columns, strict=True)}))
            self._waiting = []


def write_rows(rows: Iterable[FolderRow], target: Path, facts: RowsFacts) -> Written:
    """Write a folder from rows that are all there."""
    with RowsWriter(target) as writer:
        for row in rows:
            writer.add(row)
        return writer.finish(facts)


def write_rows_card(facts: RowsFacts, rows: int, languages: Counter[str]) -> str:
    """The folder's README.md with the front matter that Hugging Face `datasets` reads; it names no run."""
    front = {
        "pretty_name": facts.name,
        "license": "other",
        "license_name": "terms-of-the-sources",
        "language": sorted(languages),
        "task_categories": ["text-generation"],
        # The JSON Lines hold the same rows; named here they would be loaded a second time.
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}],
    }
    counts = [f"- {name}: {count:,}" for name, count in {**facts.counts, **dict(sorted(languages.items()))}.items()]
    sources = [f"- {Path(source.path).name} (SHA-256 {source.sha256[:16]}…)" for source in facts.sources]
    return (
        "\n\n".join(
            [
                f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---",
                f"# {facts.name}",
                f"{rows:,} rows. {facts.about}",
                "In Parquet `messages`, `tools`, `calls`, `made_from` and `written_by` are JSON text; `train.jsonl`"
                " holds the same rows as JSON.",
                "## Counts",
                "\n".join(counts),
                "## Sources and their terms",
                "\n".join(sources),
                "Their terms are not read; checking them before this is passed on is up to you.",
                f"## Again\n\n```\n{facts.command}\n```",
            ]
        )
        + "\n"
    )
