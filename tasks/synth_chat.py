"""Have the teacher answer questions anew, turn by turn, and accept exactly as many conversations as were asked for.

One candidate: the questions of a row; each new answer stands in the next question's history in place of the old one.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from prefect import task

from llm.ask import Asked
from llm.client import TeacherClient
from prompts.render import render
from schemas.answer import Message, Request
from schemas.chat_data import (
    ChatAcceptance,
    ChatAnswer,
    ChatAnswerReason,
    ChatQuestion,
    ChatSample,
    WrittenWords,
)
from schemas.errors import RequestRefusedError, TerminalError
from schemas.function import Language
from schemas.record import Record, content_id
from schemas.settings import TeacherSettings
from tasks.batches import HEALING, StageBar, ask_all, gather_all
from tasks.chat_language import has_words, language_told
from tasks.generate import LANGUAGE_NAMES
from tasks.run import utc_now
from tasks.synth_chat_run import PROMPT, SynthChatRun

_FIRST_GUESS = 0.9  # share of candidates that pass, before anything is measured
_MARGIN = 1.05
_MAX_GROWTH = 4
_BUDGET_ROUND = 32
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_OPENING = 160
"""Characters: somebody who declines says so at once; later the same words may be part of an answer."""
_REFUSALS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:as|i am|i['’]m) an? (?:ai|(?:large )?language model)\b"
        r"|\bi(?:['’]?m| am) (?:sorry|afraid)\b.{0,40}\b(?:can(?:no|['’])t|unable|not able)"
        r"|\bi (?:can(?:no|['’])t|am unable to|am not able to|won['’]?t)\b.{0,20}"
        r"\b(?:assist|help|answer|provide|fulfil)",
        re.IGNORECASE | re.DOTALL,
    ),
    "zh": re.compile(
        r"作为(?:一个|一名|一款)(?:ai|人工智能|大?语言模型)|作为(?:ai|大?语言)(?:模型|助手)|(?:抱歉|对不起|很遗憾|不好意思).{0,12}(?:无法|不能|没办法|不便)"
        r"|我(?:无法|不能)(?:回答|提供|协助|帮助|满足)",
        re.IGNORECASE | re.DOTALL,
    ),
}


@dataclass(frozen=True)
class Candidate:
    """A question row and its place in the order of candidates."""

    index: int
    question: ChatQuestion


class AnswerProblem(NamedTuple):
    """Why an answer can't be used."""

    reason: ChatAnswerReason
    detail: str


class Batch:
    """What one task works on; a plain class, which Prefect passes on without walking through it."""

    def __init__(self, run: SynthChatRun, candidates: Sequence[Candidate]) -> None:
        self.run = run
        self.candidates = candidates


@dataclass
class Thread:
    """A candidate while its questions are answered one after another."""

    sample_id: str
    candidate: Candidate
    answers: list[ChatAnswer] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether there is a question left to ask, and every answer so far can stand before it."""
        asked = self.candidate.question.questions
        return len(self.answers) < len(asked) and all(answer.reason is None for answer in self.answers)

    def messages(self) -> list[dict[str, str]]:
        """System message, and questions with their new answers as far as there are any."""
        question = self.candidate.question
        told = [{"role": "system", "content": question.system}] if question.system else []
        for answer in self.answers:
            told.append({"role": "user", "content": answer.question})
            told.append({"role": "assistant", "content": answer.answer or ""})
        return told

    def decide(self) -> ChatSample:
        """The candidate as a row: passed, or rejected for its first answer that can't be used."""
        question = self.candidate.question
        bad = next((answer for answer in self.answers if answer.reason), None)
        return ChatSample(
            sample_id=self.sample_id,
            index=self.candidate.index,
            question_id=question.question_id,
            language=question.language,
            source=question.source,
            source_row=question.source_row,
            messages=() if bad else tuple(self.messages()),
            written_by=tuple(answer.written_by for answer in self.answers if answer.written_by),
            answer_ids=tuple(answer_id for answer in self.answers for answer_id in answer.answer_ids),
            state="rejected" if bad else "passed",
            reason=bad.reason if bad else None,
            detail=bad.detail if bad else None,
        )


def chat_request(thread: Thread, teacher: TeacherSettings) -> Request:
    """The next question of a candidate, with what was said before it."""
    question = thread.candidate.question
    rendered = render(PROMPT, language_name=LANGUAGE_NAMES[question.language], system=question.system or "")
    told = [Message(role="system", content=content) for _, content in rendered.messages]
    told += [
        Message(role="user" if each["role"] == "user" else "assistant", content=each["content"])
        for each in thread.messages()
        if each["role"] != "system"
    ]
    told.append(Message(role="user", content=question.questions[len(thread.answers)]))
    return Request(
        prompt=PROMPT,
        model=teacher.writer_model_name,
        messages=tuple(told),
        temperature=teacher.temperature,
        max_tokens=teacher.max_tokens,
    )


async def ask_in_words(client: TeacherClient, request: Request) -> Asked[WrittenWords]:
    """Ask for words; a request that the endpoint refuses is a reason, not an error.

    Raises:
        TransientError: the step may be tried again.
        TerminalError: it may not.
    """
    try:
        answer = await client.answer(request, 0)
    except RequestRefusedError as error:
        return Asked(None, "request_refused", str(error), ())
    words = WrittenWords(
        text=_THOUGHTS.sub("", answer.text).strip(),
        written_by=answer.served_model or answer.model,
        is_cut=answer.finish_reason == "length",
    )
    return Asked(words, None, None, (answer.answer_id,))


def find_answer_problem(words: WrittenWords, language: Language) -> AnswerProblem | None:
    """Why an answer can't be used, or None: cut, empty, a refusal by rote, or in another language than the question."""
    if words.is_cut:
        return AnswerProblem("cut_off", "it ends at the token limit")
    if not words.text:
        return AnswerProblem("no_answer", "the answer is empty")
    opening = words.text[:_OPENING]
    if refusal := _REFUSALS[language].search(opening) or _REFUSALS["en"].search(opening):
        return AnswerProblem("refusal", f"it says “{refusal.group()}”")
    if has_words(words.text) and (told := language_told([words.text])) != language:
        return AnswerProblem("other_language", f"it is in {told or 'another language'}, the question in {language}")
    return None


def read_words(thread: Thread, asked: Asked[WrittenWords]) -> ChatAnswer:
    """What came back for the next question of a candidate."""
    question = thread.candidate.question
    words = asked.value
    if words is None:
        # Where words are asked for, nothing is parsed: of all reasons only these two can come.
        reason: ChatAnswerReason = "request_refused" if asked.reason == "request_refused" else "no_answer"
        problem: AnswerProblem | None = AnswerProblem(reason, asked.detail or "")
    else:
        problem = find_answer_problem(words, question.language)
    return ChatAnswer(
        sample_id=thread.sample_id,
        turn=len(thread.answers),
        question=question.questions[len(thread.answers)],
        answer=words.text if words else None,
        written_by=words.written_by if words else None,
        reason=problem.reason if problem else None,
        detail=problem.detail if problem else None,
        answer_ids=asked.answer_ids,
    )


@task(name="answer batch", **HEALING)
async def answer_batch(batch: Batch) -> list[ChatSample]:
    """Answer a batch of candidates, question after question, stored in one commit."""
    run = batch.run
    threads = [Thread(content_id(run.job_id, "chat", each.index), each) for each in batch.candidates]
    requests: list[Record] = []
    while waiting := [thread for thread in threads if thread.is_open]:
        questions = [chat_request(thread, run.teacher) for thread in waiting]
        await run.recall(run.client, [(request, 0) for request in questions])
        asked = await ask_all([ask_in_words(run.client, request) for request in questions])
        for thread, one in zip(waiting, asked, strict=True):
            thread.answers.append(read_words(thread, one))
        requests += questions
    samples = [thread.decide() for thread in threads]
    await run.commit([*requests, *(answer for thread in threads for answer in thread.answers), *samples])
    return samples


async def answer_candidates(run: SynthChatRun, candidates: Sequence[Candidate]) -> None:
    """Decide on every candidate that no attempt has decided on yet; `run.samples` holds them all afterwards."""
    missing = [candidate for candidate in candidates if candidate.index not in run.samples]
    size = run.settings.batch_size
    batches = [missing[start : start + size] for start in range(0, len(missing), size)]
    slots = asyncio.Semaphore(2 + -(-run.teacher.concurrency // size))
    bar = StageBar(run, "answer", len(missing))

    async def run_one(part: Sequence[Candidate]) -> None:
        async with slots:
            made = await answer_batch(Batch(run, part))
        run.samples.update({sample.index: sample for sample in made})
        await bar.advance(len(part))

    work: list[Awaitable[None]] = [run_one(part) for part in batches]
    with run.timed("answer"):
        await bar.start()
        await gather_all(work)


def rounds(run: SynthChatRun) -> Iterator[list[Candidate]]:
    """Candidates to try, round after round, until there are enough or no question is left."""
    questions, planned = run.questions.asked, 0
    while True:
        missing = run.options.samples - len(find_accepted(run.samples, run.options.samples))
        tried = [run.samples[index] for index in range(planned) if index in run.samples]
        rate = sum(sample.state == "passed" for sample in tried) / len(tried) if tried else _FIRST_GUESS
        wanted = math.ceil(missing / rate * _MARGIN) if rate else missing * _MAX_GROWTH
        wanted = min(wanted, missing * _MAX_GROWTH, len(questions) - planned)
        if run.budget_usd is not None:  # small rounds: what was spent when the budget ends has become rows
            wanted = min(wanted, _BUDGET_ROUND)
        if missing <= 0 or wanted <= 0:
            return
        yield [Candidate(index, questions[index]) for index in range(planned, planned + wanted)]
        planned += wanted


def find_accepted(samples: Mapping[int, ChatSample], wanted: int) -> list[ChatSample]:
    """The first `wanted` that passed, in candidate order, up to the first that is not decided yet."""
    chosen: list[ChatSample] = []
    for index in count():
        if index not in samples or len(chosen) == wanted:
            return chosen
        if samples[index].state == "passed":
            chosen.append(samples[index])
    return chosen


async def accept_chats(run: SynthChatRun) -> list[ChatSample]:
    """Store which candidates make up the data set.

    Raises:
        TerminalError: a data rule is broken: a bug of ours, never the data's fault.
    """
    accepted = find_accepted(run.samples, run.options.samples)
    now = utc_now()
    with run.timed("accept"):
        await run.commit(
            ChatAcceptance(sample_id=sample.sample_id, position=position, accepted_at=now)
            for position, sample in enumerate(accepted)
        )
        broken = await asyncio.to_thread(run.warehouse.broken_rules, run.job_id)
    if broken:
        raise TerminalError(
            f"Data rules are broken in job {run.job_id}: {', '.join(broken)}; nothing is exported, please report this."
        )
    return accepted
