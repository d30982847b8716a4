"""What a `synth --chat` job is, which questions it may ask, and the opening of a run at it."""

import contextlib
import heapq
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from prompts.render import prompt_hashes
from schemas.chat_data import (
    ChatOptions,
    ChatQuestion,
    ChatSample,
    LeftOutReason,
    SourceFile,
)
from schemas.errors import UsageError
from schemas.job import Job
from schemas.record import content_id
from schemas.settings import Settings, TeacherSettings, load_settings, load_teacher
from tasks.clean_chats import read_question
from tasks.read_chats import describe_files, find_chat_files, read_rows
from tasks.run import end_of, flow_occurrence
from tasks.teacher_run import TeacherRun, open_teacher_run
from warehouse.store import Warehouse

PROMPT = "answer_chat.v1"
_TRIES_PER_SAMPLE = 4  # a teacher that can't use three of four questions is the wrong one, or they are
_MIN_TRIES = 60


class Questions(NamedTuple):
    """What may be asked, in the order of candidates."""

    asked: tuple[ChatQuestion, ...]
    """At most a few times as many as are wanted."""
    usable: int
    """How many the files hold."""
    left_out: Counter[LeftOutReason]
    sources: tuple[SourceFile, ...]


@dataclass(kw_only=True)
class SynthChatRun(TeacherRun):
    """What the tasks of one `synth --chat` run share."""

    options: ChatOptions
    questions: Questions
    samples: dict[int, ChatSample] = field(default_factory=dict)
    """Candidates decided on so far, by index."""


def choose_questions(paths: Sequence[str], options: ChatOptions) -> Questions:
    """As many questions as may be needed, drawn by a hash of seed and words: the order of the files plays no part.

    Raises:
        UsageError: a path can't be read, or holds no question of the languages.
    """
    files = find_chat_files([Path(path) for path in paths])
    left_out: Counter[LeftOutReason] = Counter()
    seen: set[bytes] = set()

    def usable() -> Iterator[ChatQuestion]:
        for row in read_rows(files):
            question = read_question(row, options.languages, options.turns)
            if not isinstance(question, ChatQuestion):
                left_out[question] += 1
            elif (key := bytes.fromhex(question.question_id)) in seen:
                left_out["duplicate"] += 1
            else:
                seen.add(key)
                yield question

    most = max(_MIN_TRIES, _TRIES_PER_SAMPLE * options.samples)
    chosen = heapq.nsmallest(most, usable(), key=lambda one: content_id(options.seed, one.question_id))
    if not chosen:
        told = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "they are empty"
        raise UsageError(f"{', '.join(paths)} hold no question in {' or '.join(options.languages)}: {told}.")
    return Questions(tuple(chosen), len(seen), left_out, describe_files(files))


def describe_synth_chat(
    options: ChatOptions, teacher: TeacherSettings, sources: Sequence[SourceFile], occurrence: str | None
) -> Job:
    """The job that these words ask for; places, budget and speed are not part of it."""
    parameters = {
        **options.model_dump(mode="json", exclude={"seed"}),
        "writer_model": teacher.writer_model_name,
        "temperature": teacher.temperature,
        "max_tokens": teacher.max_tokens,
        "prompts": {PROMPT: prompt_hashes()[PROMPT]},
    }
    document_ids = tuple(sorted(source.sha256 for source in sources))
    return Job(
        flow="synth-chat", parameters=parameters, document_ids=document_ids, seed=options.seed, occurrence=occurrence
    )


@contextlib.asynccontextmanager
async def open_synth_chat(
    options: ChatOptions, questions: Questions, occurrence: str | None, budget_usd: float | None
) -> AsyncIterator[SynthChatRun]:
    """Open a run at the job that these words ask for, on the warehouse and the teacher of the environment."""
    settings, teacher = load_settings(Settings), load_teacher()
    job = describe_synth_chat(options, teacher, questions.sources, flow_occurrence(occurrence))
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    described = {"sources": [source.path for source in questions.sources]}
    async with open_teacher_run(warehouse, job, settings, teacher, budget_usd, described) as base:
        run = SynthChatRun(
            **vars(base),
            options=options,
            questions=questions,
            samples=read_chat_samples(warehouse, job.job_id),
        )
        async with end_of(run):
            yield run


def read_chat_samples(warehouse: Warehouse, job_id: str) -> dict[int, ChatSample]:
    """Candidates that earlier attempts at a job have decided on; a decision stands."""
    sql = "select * exclude (job_id, run_id) from core_chat_samples where job_id = $job_id"
    rows = warehouse.read(sql, {"job_id": job_id}).to_dicts()
    samples = [ChatSample(**{**row, "messages": tuple(json.loads(row["messages"]))}) for row in rows]
    return {sample.index: sample for sample in samples}
