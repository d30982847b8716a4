"""`callmill import`: a data set of others through the checks that our own rows go through, as a job of its own."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from schemas.dataset import Acceptance
from schemas.document import Document
from schemas.errors import FellShortError, TerminalError
from schemas.imported import ImportedRow, ImportedSet, ImportForm, ImportReport
from schemas.job import Job, RunEvent
from schemas.record import Record, content_id
from schemas.sample import Kind, Sample
from schemas.settings import Settings, load_settings
from schemas.verdict import Check
from tasks.cleaning.clean_text import file_slug
from tasks.compose import find_duplicates
from tasks.export import refuse_foreign, write_dataset
from tasks.importing.forms import READERS, choose_form
from tasks.importing.functions import FunctionShelf
from tasks.importing.make_sample import SampleMade, SampleMaker, sample_id_of
from tasks.importing.read_rows import RawRow, find_files, hash_files, read_rows
from tasks.importing.report_import import AcceptedRow, Import, ImportOutcome, describe_imported, report_import
from tasks.importing.row import UnreadableRowError
from tasks.importing.set_facts import find_licence, refuse_evaluation_only
from tasks.job_lock import hold_job
from tasks.run import describe_run, utc_now
from warehouse.store import Warehouse

_VERSION = 1
"""Part of a job's identity: raise it when the readers or the checks change, so that stored rows are not mixed."""
_LOOKED_AT = 100
"""Rows that tell a set's form."""
_BATCH = 2000
_JUDGE_RULE = "assert_every_accepted_sample_has_two_passing_votes"  # no judge reads imported rows


def import_data_set(path: Path, form: ImportForm | None, out: Path | None) -> ImportReport:
    """Read a set, check every row, store all of them, and write those that pass as a data set of ours.

    Args:
        path: a file, or a folder of files.
        form: of its rows; none: found out.
        out: folder of the data set; none: below the home folder.

    Raises:
        UsageError: there is nothing to read, its form is not known, or it is for evaluation only.
        FellShortError: no row was accepted; carries the report.
    """
    started = time.monotonic()
    files = find_files(path)
    refuse_evaluation_only(path)
    if out is not None:
        refuse_foreign(out)
    settings = load_settings(Settings)
    source, document = _describe_set(path, files, form)
    parameters = {"form": source.form, "set_name": source.set_name, "sha256": source.sha256, "version": _VERSION}
    job = Job(flow="import", parameters=parameters, document_ids=(document.document_id,), seed=0)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    with hold_job(settings.journal_dir, job.job_id):
        run = describe_run(job, settings.model_dump(mode="json"), ())
        work = Import(warehouse, job, run, source)
        _commit(work, [job, run, document, _event(work, "started")])
        shelf = FunctionShelf(document)
        outcome = _store_rows(work, shelf, files)
        _accept(work, outcome.accepted)
        folder = out or settings.datasets_dir / f"import-{job.job_id[:8]}"
        place = str(folder) if outcome.accepted else None
        report = report_import(work, shelf.functions, outcome, place, time.monotonic() - started)
        ending: list[Record] = [_event(work, "ended" if place else "fell_short", **report.model_dump(mode="json"))]
        if outcome.accepted:
            rows = warehouse.read_named("samples", {"job_id": job.job_id})
            ending.append(write_dataset(rows, folder, describe_imported(work, report, outcome.kinds)))
        _commit(work, ending)
    if not outcome.accepted:
        raise FellShortError(
            f"None of the {report.source.rows} rows of {path} was accepted; `callmill sql rejected_per_reason` says"
            " why.",
            report,
        )
    return report


def _describe_set(path: Path, files: list[Path], form: ImportForm | None) -> tuple[ImportedSet, Document]:
    first = islice((row.value for row in read_rows(files) if row.value is not None), _LOOKED_AT)
    form = form or choose_form(first)
    sha256, name = hash_files(files), path.resolve().name
    document_id = content_id(name, form, sha256)
    licence = find_licence(path)
    source = ImportedSet(
        document_id=document_id, set_name=name, set_path=path.as_posix(), form=form, licence=licence.words,
        licence_path=licence.path, sha256=sha256, rows=sum(1 for _ in read_rows(files)),
    )  # fmt: skip
    document = Document(
        document_id=document_id, document_path=path.as_posix(), format=form, title=name, domain=file_slug(Path(name)),
        language="en", state="parsed", text="",  # its rows are in raw_imported_rows, each by itself
    )  # fmt: skip
    return source, document


def _commit(work: Import, records: Sequence[Record]) -> None:
    work.warehouse.commit(records, work.job.job_id, work.run.run_id)


def _event(work: Import, event: str, **detail: object) -> RunEvent:
    return RunEvent(
        run_id=work.run.run_id, job_id=work.job.job_id, event_at=utc_now(), event=event, detail=dict(detail)
    )


def _store_rows(work: Import, shelf: FunctionShelf, files: list[Path]) -> ImportOutcome:
    """Read, check and store every row, batch by batch."""
    maker = SampleMaker(work.job.job_id, work.source.writer, shelf.domain, shelf)
    fingerprints: dict[str, str] = {}
    outcome = ImportOutcome([], Counter(), 0, 0)
    for batch in _in_batches(read_rows(files)):
        made = [make_sample(maker, work.source.form, row) for row in batch]
        composed = [one.sample for one in made if one.sample.state == "composed"]
        checks = find_duplicates(composed, fingerprints)
        _commit(work, [*(_raw(work, row) for row in batch), *(one.sample for one in made), *checks])
        outcome = _add(outcome, made, composed, checks)
    _commit(work, [work.source, *shelf.functions])
    return outcome


def _add(
    outcome: ImportOutcome, made: Sequence[SampleMade], composed: Sequence[Sample], checks: Sequence[Check]
) -> ImportOutcome:
    new = [
        AcceptedRow(sample.sample_id, sample.kind, sample.split, sample.language)
        for sample, check in zip(composed, checks, strict=True)
        if check.state == "passed"
    ]
    return ImportOutcome(
        outcome.accepted + new,
        outcome.kinds + Counter(one.sample.kind for one in made),
        outcome.functions_left_out + sum(one.functions_left_out for one in made),
        outcome.turns_left_out + sum(one.turns_left_out for one in made),
    )


def make_sample(maker: SampleMaker, form: ImportForm, row: RawRow) -> SampleMade:
    """One row's sample, composed or rejected."""
    if row.value is None:
        return SampleMade(maker.reject(row, "read", "not_json", f"{row.row_path} is no JSON object: {row.text[:100]}"))
    try:
        conversation = READERS[form](row.value)
    except UnreadableRowError as error:
        return SampleMade(maker.reject(row, "read", error.reason, error.detail))
    return maker.make(row, conversation)


def _in_batches(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _raw(work: Import, row: RawRow) -> ImportedRow:
    return ImportedRow(
        sample_id=sample_id_of(work.job.job_id, row), document_id=work.source.document_id, position=row.position,
        row_path=row.row_path, text=row.text,
    )  # fmt: skip


def _accept(work: Import, rows: Sequence[AcceptedRow]) -> None:
    """Store which rows make up the data set, numbered within their kind.

    Raises:
        TerminalError: a data rule is broken: a bug of ours, never the data's fault.
    """
    places: Counter[Kind] = Counter()
    acceptances, now = [], utc_now()
    for row in rows:
        place = places[row.kind]
        acceptances.append(Acceptance(sample_id=row.sample_id, kind=row.kind, position=place, accepted_at=now))
        places[row.kind] += 1
    _commit(work, acceptances)
    broken = [name for name in work.warehouse.broken_rules(work.job.job_id) if name != _JUDGE_RULE]
    if broken:
        raise TerminalError(
            f"Data rules are broken in job {work.job.job_id}: {', '.join(broken)}; nothing is exported, please report"
            " this."
        )
