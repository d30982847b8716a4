"""Answer one chat request as the offline teacher: a pure function of messages, seed and model."""

import hashlib
import json
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from llm.offline.chat_answers import plant_in_chat, write_chat_answer
from llm.offline.combining import combine_queries
from llm.offline.judging import judge_calls, judge_refusal
from llm.offline.mistakes import Planted, plant_in_pair, plant_in_query, plant_in_refusal, write_answer
from llm.offline.reading import Question, read_question
from llm.offline.refusing import write_refusal
from llm.offline.writer import write_pair

_COMBINING_SHARE = 0.5
"""Of the share of mistakes in pairs: a combined request rests on pairs that may carry one already."""
_UNREADABLE_SHARE = 0.005


class Written(NamedTuple):
    """The text of an answer, and the mistake planted in it if there is one."""

    prompt: str
    text: str
    finish_reason: str
    mistake: str | None
    request_sha256: str


def write_reply(messages: Sequence[dict[str, Any]], seed: int, model: str, mistakes: float) -> Written:
    """Answer a prompt.

    Args:
        seed: the draw; another seed is another answer.
        mistakes: share of pairs that carry a planted mistake; half as many of the combined requests and refusals.

    Raises:
        UnknownPromptError: the messages are none of our prompts.
        ValueError: a document or call inside a prompt is not JSON.
    """
    question = read_question(messages)
    asked = _original(messages) if question.is_repair else messages
    sha = hash_messages(messages)
    rng = random.Random(f"{hash_messages(asked)}/{seed}/{model}")
    share = 0.0 if question.is_repair else mistakes
    planted = _ANSWERS[question.prompt](question, rng, share)
    finish_reason = "length" if planted.is_cut else "stop"
    return Written(question.prompt, planted.text, finish_reason, planted.mistake or None, sha)


def hash_messages(messages: Sequence[dict[str, Any]]) -> str:
    """SHA-256 of what was asked."""
    text = json.dumps([[message.get("role"), message.get("content")] for message in messages], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _original(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages up to the first answer: what the repair prompt asks to be answered again."""
    ends = [index for index, message in enumerate(messages) if message.get("role") == "assistant"]
    return list(messages[: ends[0]] if ends else messages)


def _answer_pair(question: Question, rng: random.Random, mistakes: float) -> Planted:
    if question.function is None:
        raise ValueError("generate_pair came without a function document; expected one line of JSON in <function>.")
    is_wrong = rng.random() < mistakes
    draft = write_pair(question.function, question.language, question.style, question.optional, rng)
    if is_wrong:
        return plant_in_pair(draft, rng)
    return Planted("", write_answer(draft.query, [{"name": draft.name, "arguments": draft.arguments}]))


def _answer_combination(question: Question, rng: random.Random, mistakes: float) -> Planted:
    is_wrong = rng.random() < mistakes * _COMBINING_SHARE
    parts = [str(json.loads(request)) for request, _ in question.parts]
    query = combine_queries(parts, question.language, rng)
    if is_wrong:
        return plant_in_query(query, parts, question.language, rng)
    return Planted("", json.dumps({"query": query}, ensure_ascii=False))


def _answer_refusal(question: Question, rng: random.Random, mistakes: float) -> Planted:
    if rng.random() < mistakes * _COMBINING_SHARE:
        return plant_in_refusal(question.language, rng)
    answer = write_refusal(question.functions, question.query, question.language, rng)
    return Planted("", json.dumps({"answer": answer}, ensure_ascii=False))


def _answer_chat(question: Question, rng: random.Random, mistakes: float) -> Planted:
    answer = write_chat_answer(question.query, question.language, rng)
    if rng.random() < mistakes:
        return plant_in_chat(answer, question.language, rng)
    return Planted("", answer)


def _judge_calls(question: Question, rng: random.Random, mistakes: float) -> Planted:
    return _judged(judge_calls(question, rng).model_dump_json(), rng)


def _judge_refusal(question: Question, rng: random.Random, mistakes: float) -> Planted:
    return _judged(judge_refusal(question, rng).model_dump_json(), rng)


def _judged(text: str, rng: random.Random) -> Planted:
    """A judge too is unreadable now and then."""
    if rng.random() < _UNREADABLE_SHARE:
        return Planted("", text[: len(text) // 2])
    return Planted("", text)


_ANSWERS = {
    "generate_pair": _answer_pair,
    "combine_queries": _answer_combination,
    "refuse": _answer_refusal,
    "answer_chat": _answer_chat,
    "judge_calls": _judge_calls,
    "judge_refusal": _judge_refusal,
}
