"""What earlier attempts at a job have decided already: it stands, whatever an endpoint or our own code says today."""

import json
from typing import Any

from schemas.sample import Call, Cell, Pair, Sample
from schemas.verdict import Check
from warehouse.store import Warehouse


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
