"""Conversations without functions: rows, what was left out and why, and the folders that hold them."""

from typing import Any, Literal, get_args

from pydantic import Field

from schemas.dataset import DatasetFile
from schemas.errors import UsageError
from schemas.function import Language
from schemas.record import Record

ChatRole = Literal["system", "user", "assistant"]
ChatTurns = Literal["first", "all"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
TURNS: tuple[ChatTurns, ...] = get_args(ChatTurns)

LeftOutReason = Literal[
    "not_json",
    "no_messages",
    "unknown_role",
    "has_calls",
    "not_text",
    "empty_turn",
    "broken_turns",
    "toxic",
    "redacted",
    "other_language",
    "duplicate",
]
"""Why a row of somebody's chat set is not taken."""

ChatAnswerReason = Literal["no_answer", "request_refused", "cut_off", "other_language", "refusal"]
"""Why a teacher's answer in words can't be used."""


class ChatMessage(Record):
    """One turn, in words."""

    role: ChatRole
    content: str


class Chat(Record):
    """One conversation of a set."""

    chat_id: str
    """Content hash of its messages."""
    language: Language
    messages: tuple[ChatMessage, ...]
    """A system message or none, then user and assistant in turn."""
    source: str
    """Name of the file that it stands in."""
    row: int
    """Its place there, from 0."""
    written_by: str | None = None
    """Model that wrote the answers, where the set says so."""


class LeftOut(Record):
    """How many rows one reason took."""

    reason: LeftOutReason
    rows: int


class SourceFile(Record):
    """A file that rows were read from."""

    path: str
    sha256: str


class RowsFacts(Record):
    """What the rows of a folder do not say about themselves."""

    name: str
    """For people."""
    job_id: str
    run_id: str
    created_at: str
    """UTC, ISO 8601."""
    about: str
    """What a row is, in a sentence or two; stands on the card."""
    sources: tuple[SourceFile, ...]
    counts: dict[str, int] = Field(default_factory=dict)
    """What was read and left out on the way, by name."""
    parameters: dict[str, Any]
    """What the job's identity is made of."""
    command: str
    """Makes the folder again."""


class RowsManifest(RowsFacts):
    """Written last: a folder without it is not a data set."""

    format_version: Literal[1] = 1
    rows: int
    kinds: dict[str, int]
    languages: dict[str, int]
    files: tuple[DatasetFile, ...]
    """Every other file of the folder."""
    content_sha256: str
    """Of the data files' paths and hashes."""


class ChatDataReport(Record):
    """What `callmill chat-data` made."""

    job_id: str
    run_id: str
    read: int
    """Rows looked at; fewer than there are where --limit was reached."""
    written: int
    languages: dict[str, int]
    left_out: tuple[LeftOut, ...]
    files: int
    dataset_path: str | None
    """None where no row was left."""


class ChatOptions(Record):
    """What was asked of `synth --chat`; everything here is part of the job's identity."""

    samples: int = Field(ge=1)
    """Accepted conversations to end with, exactly."""
    languages: tuple[Language, ...]
    """Of the questions, and so of the answers."""
    turns: ChatTurns = "first"
    """Answer the first question alone, or every question of the row in order."""
    seed: int = 0


class ChatQuestion(Record):
    """What is asked anew: a conversation without its answers."""

    question_id: str
    """Content hash of system message and questions."""
    language: Language
    system: str | None
    questions: tuple[str, ...]
    source: str
    """Name of the file that it stands in."""
    source_row: int
    """Its place there, from 0."""


class WrittenWords(Record):
    """A teacher's answer in words."""

    text: str
    """Without the thoughts that some models write first."""
    written_by: str
    """Model that the endpoint says answered, else the one asked for."""
    is_cut: bool
    """Whether it ends at the token limit."""


class ChatAnswer(Record):
    """One answer to one question of a candidate."""

    sample_id: str
    turn: int
    """From 0."""
    question: str
    answer: str | None
    """None: there is none."""
    written_by: str | None
    reason: ChatAnswerReason | None = None
    """Why it can't be used; None where it can."""
    detail: str | None = None
    answer_ids: tuple[str, ...]


class ChatSample(Record):
    """One candidate: a question row with new answers, or why there are none."""

    sample_id: str
    """Content hash of job and index."""
    index: int
    """Its place in the order of candidates."""
    question_id: str
    language: Language
    source: str
    source_row: int
    messages: tuple[dict[str, str], ...]
    """OpenAI chat form, new answers included; empty where one could not be used."""
    written_by: tuple[str, ...]
    """Model of each answer, in order."""
    answer_ids: tuple[str, ...]
    state: Literal["passed", "rejected"]
    reason: ChatAnswerReason | None = None
    """Of the first answer that could not be used."""
    detail: str | None = None


class ChatAcceptance(Record):
    """A conversation's place in its job's data set."""

    sample_id: str
    position: int
    """0, 1, … in candidate order."""
    accepted_at: str


class ChatSynthReport(Record):
    """The end of a run of `synth --chat`."""

    job_id: str
    run_id: str
    wanted: int
    accepted: int
    candidates: int
    """Tried."""
    questions: int
    """There are at most so many candidates."""
    rejected: dict[str, int]
    """Candidates by reason."""
    left_out: tuple[LeftOut, ...]
    """Rows of the given files that are no question to ask."""
    shortfall: str | None
    """Why fewer than wanted; None when exactly so many were accepted."""
    written_by: dict[str, int]
    """Accepted answers by the model that wrote them."""
    answers_new: int
    answers_reused: int
    requests_sent: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no price is set."""
    seconds: float
    dataset_path: str | None
    warehouse_path: str


class LongRowsReport(Record):
    """What `callmill long-rows` made."""

    job_id: str
    run_id: str
    wanted: int
    written: int
    tokens: dict[str, int]
    """fewest, mean and most tokens of a row."""
    counted_by: str
    """The tokenizer, or the estimate."""
    languages: dict[str, int]
    left_out: dict[str, int]
    """Attempts that came to nothing, by reason."""
    dataset_path: str | None


def describe_chat_options(samples: int, language: Language | None, turns: ChatTurns, seed: int) -> ChatOptions:
    """Options as a record.

    Raises:
        UsageError: says which word is off.
    """
    if samples < 1:
        raise UsageError(f"--samples {samples} is too few; ask for 1 or more.")
    return ChatOptions(samples=samples, languages=(language,) if language else LANGUAGES, turns=turns, seed=seed)
