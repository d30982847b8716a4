"""`callmill chat-data`: any chat set, cleaned and filtered by language, as a folder that `callmill train` reads.

{"messages": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "你好！"}], "language": "zh", …}
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from schemas.chat_data import LANGUAGES, Chat, ChatDataReport, LeftOut, LeftOutReason, RowsFacts, SourceFile
from schemas.errors import UsageError
from schemas.function import Language
from schemas.job import Job, Run
from schemas.settings import Settings, load_settings
from tasks.clean_chats import read_chat
from tasks.read_chats import describe_files, find_chat_files, read_rows
from tasks.rows_folder import FolderRow, RowsWriter
from tasks.run import describe_run
from warehouse.store import Warehouse

_ABOUT = "Each is a conversation in words, without functions, for keeping a model's general ability."


class ChatReader:
    """Chats of some files one by one; counts what it leaves out."""

    def __init__(self, files: Sequence[Path], languages: Sequence[Language]) -> None:
        self._files = files
        self._languages = languages
        self.read = 0
        self.left_out: Counter[LeftOutReason] = Counter()

    def __iter__(self) -> Iterator[Chat]:
        """Whole conversations of the languages, no two with the same words."""
        seen: set[bytes] = set()
        for row in read_rows(self._files):
            self.read += 1
            chat = read_chat(row, self._languages)
            if not isinstance(chat, Chat):
                self.left_out[chat] += 1
                continue
            key = bytes.fromhex(chat.chat_id)
            if key in seen:
                self.left_out["duplicate"] += 1
                continue
            seen.add(key)
            yield chat


def parse_languages(text: str) -> tuple[Language, ...]:
    """`en,zh` as a list.

    Raises:
        UsageError: one is not known.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    known = tuple(language for language in LANGUAGES if language in words)
    if not words or len(known) < len(set(words)):
        raise UsageError(f"--language {text!r} is not one of {', '.join(LANGUAGES)}, or both with a comma between.")
    return known


def make_chat_data(
    paths: Sequence[str], language: str, limit: int | None, out: str | None, skip: int = 0
) -> ChatDataReport:
    """Read, filter, write and record a chat set.

    Args:
        paths: files and folders.
        language: `en`, `zh` or `en,zh`.
        limit: end after so many chats were taken, in the order of the files.
        out: folder; none: below the home folder.
        skip: pass over so many chats first, so that two data sets of one source (two stages, a held-out check) share
            none.

    Raises:
        UsageError: a path can't be read, or a language is not known.
    """
    languages = parse_languages(language)
    files = find_chat_files([Path(path) for path in paths])
    sources = describe_files(files)
    settings = load_settings(Settings)
    job = describe_chat_job(sources, languages, limit, skip)
    run = describe_run(job, settings.model_dump(mode="json"), ())
    folder = Path(out) if out else settings.datasets_dir / f"chat-{job.job_id[:8]}"
    reader = ChatReader(files, languages)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    with RowsWriter(folder) as writer:
        for chat in islice(reader, skip, None):
            writer.add(to_row(chat))
            if writer.rows == limit:
                break
        records = [job, run]
        if writer.rows:
            command = f"callmill chat-data {shlex.join(paths)} --language {','.join(languages)}"
            command += f" --limit {limit}" * bool(limit) + f" --skip {skip}" * bool(skip)
            written = writer.finish(_describe(job, run, reader, sources, command))
            warehouse.commit([*records, written.export], job.job_id, run.run_id)
        else:
            warehouse.commit(records, job.job_id, run.run_id)
    return ChatDataReport(
        job_id=job.job_id,
        run_id=run.run_id,
        read=reader.read,
        written=writer.rows,
        languages=dict(sorted(writer.languages.items())),
        left_out=as_left_out(reader.left_out),
        files=len(files),
        dataset_path=str(folder) if writer.rows else None,
    )


def describe_chat_job(
    sources: Sequence[SourceFile], languages: Sequence[Language], limit: int | None, skip: int
) -> Job:
    """The job that these words ask for; where the files lie is not part of it, their order is: limit and skip count."""
    return Job(
        flow="chat-data",
        parameters={"languages": list(languages), "limit": limit, "skip": skip},
        document_ids=tuple(source.sha256 for source in sources),
        seed=0,
    )


def to_row(chat: Chat) -> FolderRow:
    """A chat as a row of a data set."""
    return FolderRow(
        sample_id=chat.chat_id,
        kind="chat",
        language=chat.language,
        domain="chat",
        messages=[message.model_dump() for message in chat.messages],
        tools=[],
        calls=[],
        made_from=[f"{chat.source}:{chat.row}"],
        written_by=[chat.written_by] if chat.written_by else [],
    )


def as_left_out(counts: Counter[LeftOutReason]) -> tuple[LeftOut, ...]:
    """Counts as records, by reason."""
    return tuple(LeftOut(reason=reason, rows=rows) for reason, rows in sorted(counts.items()))


def _describe(job: Job, run: Run, reader: ChatReader, sources: tuple[SourceFile, ...], command: str) -> RowsFacts:
    return RowsFacts(
        name=f"callmill chat {job.job_id[:8]}",
        job_id=job.job_id,
        run_id=run.run_id,
        created_at=run.started_at,
        about=_ABOUT,
        sources=sources,
        counts={"rows read": reader.read, **{f"left out: {k}": n for k, n in sorted(reader.left_out.items())}},
        parameters=job.parameters,
        command=command,
    )
