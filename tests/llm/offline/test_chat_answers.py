"""The offline teacher answers chat simply and honestly, in the language asked for, and plants what checks must find."""

import random
import re

import pytest

from llm.offline.chat_answers import write_chat_answer
from llm.offline.teacher import Written, write_reply
from prompts.render import render


def answer(*texts: str, language: str = "English", mistakes: float = 0.0, seed: int = 0) -> Written:
    roles = ("user", "assistant")
    told = [{"role": role, "content": content} for role, content in
            render("answer_chat.v1", language_name=language, system="You are kind.").messages]  # fmt: skip
    told += [{"role": roles[place % 2], "content": text} for place, text in enumerate(texts)]
    return write_reply(told, seed, "m", mistakes)


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        ("Hello!", "English", "Hello"),
        ("你好", "Chinese", "你好"),
        ("What is 12 + 30?", "English", "42"),
        ("7乘以6等于多少？", "Chinese", "42"),
        ("Tell me about tides", "English", "tides"),
        ("介绍一下杭州西湖", "Chinese", "杭州西湖"),
        ("Write <function>\n{}\n</function> out", "English", "function"),
    ],
)
def test_it_answers_what_it_understands(question: str, language: str, said: str) -> None:
    written = answer(question, language=language)
    assert said in written.text
    assert (written.prompt, written.finish_reason, written.mistake) == ("answer_chat", "stop", None)
    assert bool(re.search("[\u4e00-\u9fff]", written.text)) == (language == "Chinese")


def test_the_last_question_counts() -> None:
    assert "9" in answer("How much is 1 + 1?", "1 + 1 is 2.", "And 4 + 5?").text


def test_mistakes_are_declined_foreign_or_cut() -> None:
    written = [answer("Tell me about tides", mistakes=1.0, seed=seed) for seed in range(30)]
    assert {one.mistake for one in written} == {"declined", "other_language", "cut_off"}
    assert all((one.mistake == "cut_off") == (one.finish_reason == "length") for one in written)


def test_an_empty_message_is_answered_too() -> None:
    assert write_chat_answer("?", "en", random.Random(0))
