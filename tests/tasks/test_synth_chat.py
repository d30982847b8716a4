"""Questions answered anew: turn by turn, exactly N in candidate order, every answer checked, its writer stored."""

import asyncio
import json
from pathlib import Path

import pytest

from schemas.chat_data import ChatAnswerReason, ChatOptions, ChatSample, WrittenWords
from schemas.errors import UsageError
from tasks.synth_chat import (
    Batch,
    Candidate,
    accept_chats,
    answer_batch,
    find_accepted,
    find_answer_problem,
    rounds,
)
from tasks.synth_chat_report import export_chats, report_chats
from tasks.synth_chat_run import Questions, choose_questions, open_synth_chat
from tests.tasks.chat_rows import openai, shared, write_lines
from training.rows import find_files, read_conversations


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path / "home"))
    for name in ("BASE_URL", "MODEL", "API_KEY"):
        monkeypatch.delenv(f"CALLMILL_TEACHER_{name}", raising=False)
    monkeypatch.setenv("CALLMILL_TEACHER_OFFLINE_MISTAKES", "0.2")
    return tmp_path / "home"


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    rows = [openai(f"Tell me about river number {place}", "old", "And its source?") for place in range(40)]
    chinese = [shared(f"介绍一下第{place}座山", "旧答案", system_prompt="回答要简短。") for place in range(20)]
    return write_lines(tmp_path / "chats.jsonl", [*rows, *chinese, {"text": "no chat"}])


async def work(
    options: ChatOptions, questions: Questions, out: Path, most_rounds: int = 99
) -> tuple[list[ChatSample], int]:
    """The flow without Prefect; ends like a killed one after some rounds."""
    async with open_synth_chat(options, questions, None, None) as run:
        for number, candidates in enumerate(rounds(run)):
            if number == most_rounds:
                return [], run.client.stats.requests_sent
            missing = [each for each in candidates if each.index not in run.samples]
            made = await answer_batch.fn(Batch(run, missing))
            run.samples.update({sample.index: sample for sample in made})
        accepted = await accept_chats(run)
        await report_chats(run, accepted, await export_chats(run, accepted, str(out)))
        rows = run.warehouse.read_named("chat_answers").to_dicts()
        assert [row["position"] for row in rows] == [
            position for position, sample in enumerate(accepted) for _ in sample.written_by
        ]
        assert {row["written_by"] for row in rows} == {"callmill-offline-1:mistakes=0.2"}
        return accepted, run.client.stats.requests_sent


def test_exactly_n_answered_anew_and_the_same_after_a_kill(tmp_path: Path, chats: Path) -> None:
    options = ChatOptions(samples=25, languages=("en", "zh"), turns="all")
    questions = choose_questions([str(chats)], options)
    assert (questions.usable, questions.left_out) == (60, {"no_messages": 1})
    _, first = asyncio.run(work(options, questions, tmp_path / "out", most_rounds=1))
    accepted, second = asyncio.run(work(options, questions, tmp_path / "out"))
    assert first > 25
    assert 0 < second < first
    again, third = asyncio.run(work(options, questions, tmp_path / "out"))
    assert (again, third) == (accepted, 0)
    learnt = list(read_conversations(find_files(tmp_path / "out")))
    assert len(learnt) == len(accepted) == 25
    for conversation, sample in zip(learnt, accepted, strict=True):
        roles = [message["role"] for message in conversation.messages]
        is_english = sample.language == "en"
        assert roles == (["user", "assistant"] * 2 if is_english else ["system", "user", "assistant"])
        assert not any(message["content"] in ("old", "旧答案") for message in conversation.messages)
    line = json.loads((tmp_path / "out" / "train.jsonl").read_text().splitlines()[0])
    assert (line["kind"], line["written_by"]) == ("chat", ["callmill-offline-1:mistakes=0.2"])


def test_the_order_of_the_files_rows_plays_no_part(tmp_path: Path, chats: Path) -> None:
    options = ChatOptions(samples=20, languages=("en",))
    lines = chats.read_text().splitlines()
    turned = tmp_path / "turned.jsonl"
    turned.write_text("\n".join(reversed(lines)))
    one, other = (choose_questions([str(path)], options).asked for path in (chats, turned))
    assert [each.question_id for each in one] == [each.question_id for each in other]
    assert len({each.question_id for each in one}) == 40
    another_seed = choose_questions([str(chats)], options.model_copy(update={"seed": 1})).asked
    assert [each.question_id for each in another_seed] != [each.question_id for each in one]


def test_a_set_without_a_question_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [openai("你好", "好")])
    with pytest.raises(UsageError, match="hold no question in en: 1 other_language"):
        choose_questions([str(path)], ChatOptions(samples=1, languages=("en",)))


@pytest.mark.parametrize(
    ("text", "language", "is_cut", "reason"),
    [
        ("Bread needs flour, water and time.", "en", False, None),
        ("面包需要面粉和水。", "zh", False, None),
        ("```python\nprint(1)\n```", "zh", False, None),
        ("42", "zh", False, None),
        ("An AI model is a function with many numbers; I am glad that you ask.", "en", False, None),
        ("人工智能的发展很快。", "zh", False, None),
        ("", "en", False, "no_answer"),
        ("Bread needs", "en", True, "cut_off"),
        ("I'm sorry, but I can't help with that.", "en", False, "refusal"),
        ("As an AI language model, I have no taste.", "en", False, "refusal"),
        ("抱歉，我无法回答这个问题。", "zh", False, "refusal"),
        ("作为一个人工智能，我没有味觉。", "zh", False, "refusal"),
        ("I cannot assist with this.", "zh", False, "refusal"),
        ("Bread needs flour, water and time.", "zh", False, "other_language"),
        ("面包需要面粉和水。", "en", False, "other_language"),
    ],
)
def test_answers_are_checked(text: str, language: str, is_cut: bool, reason: ChatAnswerReason | None) -> None:
    words = WrittenWords(text=text, written_by="m", is_cut=is_cut)
    problem = find_answer_problem(words, "zh" if language == "zh" else "en")
    assert (problem.reason if problem else None) == reason


def sample(index: int, is_good: bool) -> ChatSample:
    return ChatSample(
        sample_id=str(index), index=index, question_id="q", language="en", source="s", source_row=0, messages=(),
        written_by=(), answer_ids=(), state="passed" if is_good else "rejected",
    )  # fmt: skip


def test_the_accepted_are_the_first_that_passed_up_to_the_first_undecided() -> None:
    samples = {index: sample(index, index % 2 == 0) for index in (0, 1, 2, 3, 4, 6)}
    assert [one.index for one in find_accepted(samples, 2)] == [0, 2]
    assert [one.index for one in find_accepted(samples, 9)] == [0, 2, 4]


def test_a_candidate_ends_at_its_first_answer_that_cannot_be_used(chats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_TEACHER_OFFLINE_MISTAKES", "1")
    options = ChatOptions(samples=3, languages=("en",), turns="all")
    questions = choose_questions([str(chats)], options)

    async def ask() -> list[ChatSample]:
        async with open_synth_chat(options, questions, None, None) as run:
            return list(await answer_batch.fn(Batch(run, [Candidate(n, questions.asked[n]) for n in range(3)])))

    for made in asyncio.run(ask()):
        assert (made.state, made.messages, len(made.answer_ids)) == ("rejected", (), 1)
        assert made.reason in ("cut_off", "refusal", "other_language")
