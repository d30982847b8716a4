"""`callmill long-rows`: rows of 16,000 tokens and more from accepted samples, as a data set of their own."""

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from schemas.chat_data import LongRowsReport, RowsFacts, SourceFile
from schemas.errors import FellShortError, UsageError
from schemas.function import Language
from schemas.job import Job
from schemas.settings import OFFLINE_MODEL, Settings, load_settings
from tasks.compose_long import LongComposer, LongRow, make_shelf
from tasks.count_tokens import open_counter
from tasks.export import verify_dataset
from tasks.rows_folder import FolderRow, RowsWriter
from tasks.run import describe_run
from warehouse.store import Warehouse

_TRIES_PER_ROW = 6
_ABOUT = (
    "Each is a long conversation of about {tokens:,} tokens: many functions offered, earlier requests with calls and"
    " long results, and last the request whose calls are to be learnt. Requests and calls are accepted samples of"
    " {name} (`made_from` names them, the last one's first); the results of earlier calls are made up by the embedded"
    " teacher. Messages with `weight` 0 are shown and not learnt."
)


def make_long_rows(
    dataset: str,
    tokens: int,
    samples: int,
    tokenizer: str | None,
    language: Language | None,
    seed: int,
    out: str | None,
) -> LongRowsReport:
    """Compose, write and record long rows.

    Args:
        dataset: folder of a data set with its manifest; only its train split is used.
        tokens: of each row, within a tenth.
        samples: rows to end with.
        tokenizer: folder; none: tokens are estimated from characters.
        language: rows of this one alone; none: each in its last request's.
        seed: another seed, other rows.
        out: folder; none: below the home folder.

    Raises:
        TerminalError: the data set is not complete or not as written.
        UsageError: it has no row of the train split or no sample with a call, or the tokenizer can't be opened.
        FellShortError: fewer rows could be made; what there is is written.
    """
    manifest = verify_dataset(Path(dataset))
    if "train" not in manifest.splits:
        raise UsageError(
            f"{dataset} has no row of the train split, only {', '.join(manifest.splits)}: what a model is scored on"
            " must not be learnt. Give a data set of `callmill synth --split train`."
        )
    shelf = make_shelf(_read_lines(Path(dataset) / "train.jsonl"), "train")
    counter = open_counter(tokenizer)
    composer = LongComposer(shelf, tokens, counter.count, seed)
    finals = composer.finals(language)
    if not finals:
        raise UsageError(f"{dataset} has no sample{f' in {language}' if language else ''} with a request and a call.")
    settings = load_settings(Settings)
    job = Job(
        flow="long-rows",
        parameters={"tokens": tokens, "samples": samples, "language": language, "counted_by": counter.told},
        document_ids=(manifest.content_sha256,),
        seed=seed,
    )
    run = describe_run(job, settings.model_dump(mode="json"), (manifest.run_id,))
    folder = Path(out) if out else settings.datasets_dir / f"long-{job.job_id[:8]}"
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    left_out: Counter[str] = Counter()
    lengths: list[int] = []
    with RowsWriter(folder) as writer:
        for number in range(samples * _TRIES_PER_ROW):
            row = composer.compose(finals[number % len(finals)], number)
            if not isinstance(row, LongRow):
                left_out[row] += 1
                continue
            writer.add(to_row(row, manifest.teacher_model))
            lengths.append(row.tokens)
            if writer.rows == samples:
                break
        warehouse.commit([job, run], job.job_id, run.run_id)
        if writer.rows:
            facts = RowsFacts(
                name=f"callmill long rows {job.job_id[:8]}",
                job_id=job.job_id,
                run_id=run.run_id,
                created_at=run.started_at,
                about=_ABOUT.format(tokens=tokens, name=manifest.name),
                sources=(SourceFile(path=dataset, sha256=manifest.content_sha256),),
                counts={f"attempts left out: {reason}": count for reason, count in sorted(left_out.items())},
                parameters=job.parameters,
                command=_command(dataset, tokens, samples, tokenizer, language, seed),
            )
            warehouse.commit([writer.finish(facts).export], job.job_id, run.run_id)
    report = LongRowsReport(
        job_id=job.job_id,
        run_id=run.run_id,
        wanted=samples,
        written=writer.rows,
        tokens=_describe_lengths(lengths),
        counted_by=counter.told,
        languages=dict(sorted(writer.languages.items())),
        left_out=dict(sorted(left_out.items())),
        dataset_path=str(folder) if writer.rows else None,
    )
    if writer.rows < samples:
        told = ", ".join(f"{count} {reason}" for reason, count in report.left_out.items())
        raise FellShortError(
            f"{writer.rows} of {samples} long rows could be made; the others came to nothing: {told}. Give a data set"
            " with more samples and functions, or ask for fewer --tokens.",
            report,
        )
    return report


def to_row(row: LongRow, teacher: str) -> FolderRow:
    """A composed row as a row of a data set."""
    return FolderRow(
        sample_id=row.row_id,
        kind="long",
        language=row.final.language,
        domain=row.final.domain,
        messages=row.messages,
        tools=row.tools,
        calls=[call.model_dump(mode="json") for call in row.final.calls],
        made_from=row.made_from,
        written_by=list(dict.fromkeys([teacher, OFFLINE_MODEL])),
    )


def _read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _describe_lengths(lengths: list[int]) -> dict[str, int]:
    if not lengths:
        return {}
    return {"fewest": min(lengths), "mean": sum(lengths) // len(lengths), "most": max(lengths)}


def _command(
    dataset: str, tokens: int, samples: int, tokenizer: str | None, language: Language | None, seed: int
) -> str:
    words = ["callmill", "long-rows", dataset, "--tokens", str(tokens), "--samples", str(samples), "--seed", str(seed)]
    words += ["--tokenizer", tokenizer] if tokenizer else []
    return shlex.join([*words, *(["--language", language] if language else [])])
