"""Accepted samples of the test split, for suites over a user's own documents."""

import json
from typing import NamedTuple

from eval.tiers.own_cases import OwnSample
from schemas.evaluation_options import EvaluationOptions
from schemas.report import SynthReport
from schemas.sample import Call
from warehouse.store import Warehouse

_TIERS_MIX = {"all": "parallel_multiple=1", "own": "simple=1,multiple=1,parallel_multiple=2"}
"""Hard and enterprise share a kind, parallel_multiple."""
_KINDS_MIX = "simple=1,multiple=1,parallel=1,parallel_multiple=1,irrelevance=1"


class MadeSamples(NamedTuple):
    """What became of a user's documents."""

    report: SynthReport | None = None
    """Of the run that made samples from them; none: no documents were given, or nothing could be made."""
    problem: str | None = None
    """Why nothing could be made."""


def own_mix(options: EvaluationOptions) -> str | None:
    """Which kinds of sample the suite needs of the user's documents; none: none."""
    if options.suite == "kinds":
        return _KINDS_MIX
    return _TIERS_MIX.get(options.origin) if options.suite == "tiers" else None


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
