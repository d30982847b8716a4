"""What an import tells whoever started it, and what its data set says about itself."""

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from schemas.dataset import DatasetFacts, SourceDocument
from schemas.function import Function, Language, Split
from schemas.imported import ImportedSet, ImportReport
from schemas.job import Job, Run
from schemas.report import Rejected
from schemas.sample import KINDS, Kind
from tasks.run import utc_now
from warehouse.store import Warehouse


class AcceptedRow(NamedTuple):
    """What is still asked of an accepted row once it is stored."""

    sample_id: str
    kind: Kind
    split: Split
    language: Language


class ImportOutcome(NamedTuple):
    """What became of a set's rows."""

    accepted: list[AcceptedRow]
    """In the order of the rows."""
    kinds: Counter[Kind]
    """Of all rows, as far as they could be read."""
    functions_left_out: int
    turns_left_out: int


class Import(NamedTuple):
    """One run at the import of one set."""

    warehouse: Warehouse
    job: Job
    run: Run
    source: ImportedSet


def report_import(
    work: Import, functions: Sequence[Function], outcome: ImportOutcome, folder: str | None, seconds: float
) -> ImportReport:
    """Counts, from the warehouse where it has them."""
    rejects = work.warehouse.read_named("rejects_of_job", {"job_id": work.job.job_id}).to_dicts()
    bad = Counter(str(function.reason) for function in functions if function.state == "rejected")
    rejected = [
        Rejected(thing="row", stage=row["stage"], reason=row["reason"], things=row["things"]) for row in rejects
    ]
    rejected += [Rejected(thing="function", stage="clean", reason=name, things=count) for name, count in bad.items()]
    accepted = Counter(sample.kind for sample in outcome.accepted)
    return ImportReport(
        job_id=work.job.job_id,
        run_id=work.run.run_id,
        source=work.source,
        accepted={kind: accepted[kind] for kind in KINDS},
        rejected=tuple(rejected),
        splits=dict(Counter(sample.split for sample in outcome.accepted)),
        languages=dict(Counter(sample.language for sample in outcome.accepted)),
        functions=sum(function.state == "accepted" for function in functions),
        functions_repaired=sum(bool(function.repairs) for function in functions),
        functions_rejected=bad.total(),
        functions_left_out=outcome.functions_left_out,
        turns_left_out=outcome.turns_left_out,
        seconds=round(seconds, 2),
        dataset_path=folder,
        warehouse_path=str(work.warehouse.path),
    )


def describe_imported(work: Import, report: ImportReport, kinds: Counter[Kind]) -> DatasetFacts:
    """What the rows of the data set do not say about themselves."""
    source = work.source
    return DatasetFacts(
        name=f"callmill import {source.set_name}",
        job_id=work.job.job_id,
        run_id=work.run.run_id,
        created_at=utc_now(),
        teacher_model=source.writer,
        judge_model="none",
        is_offline=False,
        judge_draws=0,
        prompts={},
        asked={kind: kinds[kind] for kind in KINDS},
        rejected=report.rejected,
        documents=(SourceDocument(document_path=source.set_path, format=source.form, terms=source.licence),),
        parameters=work.job.parameters,
        settings=work.run.settings,
        is_imported=True,
        command=f"callmill import {shlex.quote(source.set_path)} --form {source.form}",
    )
