"""What is there already: answers, and what earlier attempts at a job decided.

A decision stands, whatever an endpoint or our own code says today.
"""

import json
import logging
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from llm.journal import Segment, recover
from schemas.answer import Answer
from schemas.errors import CallmillError
from schemas.sample import Call, Cell, Pair, Sample
from schemas.verdict import Check
from warehouse.store import Warehouse

log = logging.getLogger("callmill")


def read_pairs(warehouse: Warehouse, job_id: str) -> dict[Cell, Pair]:
    """Pairs of a job by their cell."""
    pairs = {}
    for row in _rows_of(warehouse, "core_pairs", job_id):
        call = Call(**json.loads(row["call"])) if row["call"] else None
        pair = Pair(**{**row, "call": call, "answer_ids": tuple(row["answer_ids"])})
        pairs[Cell(function_id=pair.function_id, ordinal=pair.ordinal, language=pair.language)] = pair
    return pairs


def read_samples(warehouse: Warehouse, job_id: str) -> dict[tuple[str, int], Sample]:
    """Candidates of a job by kind and index, composed or rejected."""
    samples: dict[tuple[str, int], Sample] = {}
    for row in _rows_of(warehouse, "core_samples", job_id):
        nested = {name: tuple(json.loads(row[name])) for name in ("tools", "messages")}
        nested["calls"] = tuple(Call(**call) for call in json.loads(row["calls"]))
        lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
        sample = Sample(**{**row, **nested, **lists})
        samples[sample.kind, sample.index] = sample
    return samples


def read_checks(warehouse: Warehouse, job_id: str) -> dict[str, Check]:
    """Semantic checks of a job by sample."""
    rows = _rows_of(warehouse, "core_checks", job_id)
    return {row["sample_id"]: Check(**row) for row in rows if row["check_name"] == "semantic"}


def _rows_of(warehouse: Warehouse, table: str, job_id: str) -> list[dict[str, Any]]:
    rows = warehouse.read(f"select * exclude (job_id, run_id) from {table} where job_id = $job_id", {"job_id": job_id})  # noqa: S608 (a table name of ours)
    return rows.to_dicts()


def read_answers(warehouse: Warehouse, answer_ids: Sequence[str]) -> list[Answer]:
    """Stored answers by id."""
    return _to_answers(
        warehouse, "select * from raw_answers where answer_id in (select unnest($ids))", {"ids": list(answer_ids)}
    )


def read_answers_of_job(warehouse: Warehouse, job_id: str) -> list[Answer]:
    """Stored answers that a job has paid for."""
    return _to_answers(warehouse, "select * from raw_answers where job_id = $job_id", {"job_id": job_id})


def read_repairs(warehouse: Warehouse, models: Sequence[str]) -> list[Answer]:
    """Stored answers to repair requests: these are not known before the answer they repair is read."""
    sql = "select * from raw_answers where starts_with(prompt, 'repair.') and model in (select unnest($models))"
    return _to_answers(warehouse, sql, {"models": list(models)})


def _to_answers(warehouse: Warehouse, sql: str, parameters: dict[str, Any]) -> list[Answer]:
    rows = warehouse.read(sql, parameters).drop("job_id", "run_id").to_dicts()
    return [Answer(**{**row, "answered_at": row["answered_at"].isoformat()}) for row in rows]


def recover_answers(warehouse: Warehouse, journal_dir: Path) -> int:
    """Load the answers that a killed run left in its journal; they are deleted there once they are safe here."""
    recovered = 0
    for segment in recover(journal_dir):
        with segment:
            try:
                recovered += _load(warehouse, segment)
            except CallmillError:
                raise
            except Exception:
                # Or one answer that no column can hold would end every later run in this home.
                kept = segment.set_aside()
                log.warning("The answers in %s could not be loaded and are set aside.", kept, exc_info=True)
            else:
                segment.discard()
    return recovered


def _load(warehouse: Warehouse, segment: Segment) -> int:
    by_owner = groupby(segment.lines, key=lambda line: (line.job_id, line.run_id))
    return sum(warehouse.commit([line.answer for line in lines], *owner) for owner, lines in by_owner)
