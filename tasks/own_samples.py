"""Accepted samples of the test split, for the tiers over a user's own documents."""

import json

from eval.tiers.own_cases import OwnSample
from schemas.evaluation_options import Origin
from schemas.sample import Call
from warehouse.store import Warehouse

OWN_MIX: dict[Origin, str] = {"all": "parallel_multiple=1", "own": "simple=1,multiple=1,parallel_multiple=2"}
"""What is made for the tiers over own documents: hard and enterprise share a kind, parallel_multiple."""


def read_own_samples(warehouse: Warehouse, job_id: str) -> list[OwnSample]:
    """The samples that a `synth` job accepted, in order."""
    rows = warehouse.read_named("accepted_samples_of_job", {"job_id": job_id}).to_dicts()
    return [
        OwnSample(
            sample_id=row["sample_id"],
            kind=row["kind"],
            language=row["language"],
            split=row["split"],
            query=row["query"],
            tools=tuple(json.loads(row["tools"])),
            messages=tuple(json.loads(row["messages"])[:-1]),
            calls=tuple(Call(**call) for call in json.loads(row["calls"])),
            function_ids=tuple(row["function_ids"]),
        )
        for row in rows
    ]
