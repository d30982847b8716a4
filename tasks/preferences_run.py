"""Make preference pairs, or recovery rows, of what the warehouse holds: a run of its own, its rows, and a folder."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from schemas.errors import TerminalError, UsageError
from schemas.job import Job
from schemas.preferences import LeftOut, PreferencesReport, RowForm
from schemas.settings import Settings, load_settings
from tasks.preferences import Paired, pair_answers, pair_rejects
from tasks.preferences_folder import write_rows
from tasks.preferences_sources import Origin, find_origin, read_judged, read_rejects
from tasks.recovery_rows import Recovered, recover_pairs
from tasks.run import end_of, open_run
from warehouse.store import Warehouse


class PreferenceWords(NamedTuple):
    """What is asked for."""

    out: Path
    run_id: str | None = None
    job_id: str | None = None
    form: RowForm = "pairs"
    model: str | None = None
    """Label of the model whose wrong answers are taken; none: the first of the evaluation."""
    chosen_from: str | None = None
    """Label of the model whose own right answers are preferred; none: the sample's are taken."""


class _Found(NamedTuple):
    run_id: str | None
    """Whose answers were paired; none: rejects, which may be of any run."""
    paired: Paired
    document_ids: tuple[str, ...]


async def make_preferences(words: PreferenceWords) -> PreferencesReport:
    """Pair, store, write; where there is nothing to write the report names no folder.

    Raises:
        UsageError: run, job or model is not there, or the folder holds something else.
        TerminalError: every case offers functions that are not of the train split.
    """
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    origin = find_origin(warehouse, words.run_id, words.job_id)
    found = await asyncio.to_thread(_find_pairs, warehouse, origin, words)
    parameters = {
        "from_job_id": origin.job_id,
        "from_run_id": found.run_id,
        **{"form": words.form, "model": words.model, "chosen_from": words.chosen_from},
    }
    job = Job(flow="preferences", parameters=parameters, document_ids=found.document_ids, seed=0)
    async with open_run(warehouse, job, settings, {"out": str(words.out)}) as run, end_of(run):
        await run.commit(found.paired.pairs)
        recovered = recover_pairs(found.paired.pairs) if words.form == "recovery" else None
        report = _describe(words, origin, found.paired, recovered, run.job_id, run.run.run_id)
        rows = found.paired.pairs if recovered is None else recovered.rows
        if rows:
            report = await asyncio.to_thread(write_rows, rows, words.out, report)
        run.log_event("ended", **report.model_dump(mode="json"))
    return report


def make_or_refuse(words: PreferenceWords) -> PreferencesReport:
    """`callmill preferences`: the same, and an error where there is nothing to write.

    Raises:
        TerminalError: no row came of it; says why.
    """
    report = asyncio.run(make_preferences(words))
    if report.folder is None:
        told = ", ".join(f"{count} {reason}" for reason, count in report.left_out.items())
        raise TerminalError(f"Nothing to write to {words.out}: job {report.from_job_id} gave no row ({told}).")
    return report


def _find_pairs(warehouse: Warehouse, origin: Origin, words: PreferenceWords) -> _Found:
    if origin.flow == "synth":
        if words.model or words.chosen_from:
            raise UsageError("A synth job's rejects are its teacher's; leave out --model and --chosen-from.")
        return _Found(None, pair_rejects(read_rejects(warehouse, origin.job_id)), origin.document_ids)
    models, answers, document_ids = read_judged(warehouse, origin)
    model = words.model or models[0]
    for named in filter(None, (model, words.chosen_from)):
        if named not in models:
            raise UsageError(f"No model '{named}' in job {origin.job_id}; there are {', '.join(models)}.")
    paired = pair_answers(answers, model, words.chosen_from)
    if not paired.pairs and set(paired.left_out) <= {"held_out", "no_sample"}:
        raise TerminalError(
            f"No case of job {origin.job_id} is a sample whose functions are all of the train split: what a model is "
            "scored on must not be learnt. `callmill rounds` asks cases that may be, and pairs from those."
        )
    return _Found(answers[0].run_id, paired, document_ids)


def _describe(
    words: PreferenceWords, origin: Origin, paired: Paired, recovered: Recovered | None, job_id: str, run_id: str
) -> PreferencesReport:
    rows = paired.pairs if recovered is None else recovered.rows
    left_out: Counter[LeftOut] = paired.left_out + (recovered.left_out if recovered else Counter())
    return PreferencesReport(
        form=words.form,
        job_id=job_id,
        run_id=run_id,
        from_job_id=origin.job_id,
        from_run_ids=tuple(sorted({pair.answered_run_id for pair in paired.pairs})),
        folder=None,
        rows=len(rows),
        sources=_count(row.source for row in rows),
        error_types=_count(row.error_type for row in rows),
        kinds=_count(row.kind for row in rows),
        written_by=_count(row.written_by for row in rows),
        chosen_by=_count(row.chosen_by for row in rows),
        left_out=dict(left_out.most_common()),
    )


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())
