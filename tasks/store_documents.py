"""Bring documents and their functions into the warehouse, and make the job's catalog of them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from schemas.document import Document
from schemas.errors import NoFunctionError
from schemas.function import Function
from schemas.job import Job
from schemas.record import Record
from schemas.report import DocumentProblem, IngestReport
from schemas.settings import Settings, load_settings
from tasks.ingest import Ingested, ingest_documents
from tasks.plan import Catalog, build_catalog
from tasks.report import as_rejected, count_document_rejects
from tasks.run import describe_run
from tasks.synth_run import SynthRun
from warehouse.store import Warehouse

log = logging.getLogger("callmill")


def records_of(ingested: Sequence[Ingested]) -> list[Record]:
    """Documents and functions, parsed or not."""
    return [record for one in ingested for record in (one.document, *one.functions)]


def usable_functions(ingested: Sequence[Ingested], split: str) -> list[Function]:
    """Accepted functions of a split, in an order that does not depend on where the files lie."""
    functions = [function for one in ingested for function in one.functions]
    kept = [function for function in functions if function.state == "accepted" and function.split == split]
    return sorted(kept, key=lambda function: (function.document_id, function.position))


async def read_documents(apis: Sequence[str]) -> list[Ingested]:
    """Read and clean documents, without holding up the event loop."""
    return await asyncio.to_thread(ingest_documents, [Path(api) for api in apis])


async def store_functions(run: SynthRun, ingested: Sequence[Ingested]) -> Catalog:
    """Store what was read, and choose the functions that this job may use.

    Raises:
        NoFunctionError: no document has a usable function.
    """
    with run.timed("ingest"):
        for one in ingested:
            if one.document.state == "rejected":
                log.info("Not used: %s (%s).", one.document.document_path, one.document.reason)
        await run.commit(records_of(ingested))
        functions = usable_functions(ingested, run.options.split)
    if not functions:
        raise NoFunctionError(
            f"None of the {len(ingested)} documents has a usable function of split {run.options.split}: "
            f"{_count_splits(ingested)}. Functions fall into splits by a hash of name and shape, 8 : 1 : 1, so few "
            "documents may have none; give more, or another split. `callmill sql documents` says what was rejected."
        )
    return build_catalog(functions)


def _count_splits(ingested: Sequence[Ingested]) -> str:
    counts = Counter(function.split for one in ingested for function in one.functions if function.state == "accepted")
    return ", ".join(f"{counts[split]} of {split}" for split in ("train", "validation", "test"))


def ingest_into_warehouse(apis: Sequence[str]) -> IngestReport:
    """`callmill ingest`: documents and functions into the warehouse, as a job of their own."""
    settings = load_settings(Settings)
    ingested = ingest_documents([Path(api) for api in apis])
    documents: list[Document] = [one.document for one in ingested]
    job = Job(flow="ingest", parameters={}, document_ids=tuple(sorted({d.document_id for d in documents})), seed=0)
    run = describe_run(job, settings.model_dump(mode="json"), ())
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    added = warehouse.commit([job, run, *records_of(ingested)], job.job_id, run.run_id) - 2
    functions = [function for one in ingested for function in one.functions]
    rejects = count_document_rejects(ingested)
    return IngestReport(
        documents=len(documents),
        parsed=sum(document.state == "parsed" for document in documents),
        functions={state: sum(f.state == state for f in functions) for state in ("accepted", "merged", "rejected")},
        splits={split: sum(f.split == split and f.state == "accepted" for f in functions)
                for split in ("train", "validation", "test")},
        domains=len({function.domain for function in functions}),
        repaired=sum(bool(function.repairs) for function in functions),
        rejected=as_rejected(rejects),
        document_problems=tuple(
            DocumentProblem(document_path=d.document_path, reason=str(d.reason), detail=d.detail)
            for d in documents
            if d.state == "rejected"
        ),
        new_rows=max(added, 0),
        warehouse_path=str(settings.warehouse_path),
    )  # fmt: skip
