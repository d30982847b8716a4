"""Many answers of a randomly initialised model at temperature 2, and what each must be."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from serving.call_formats.format import CallFormat
from serving.calls import CallLanguage, build_language
from serving.engine import Engine, FinishReason, Generation, Sampling
from serving.refusals import RefusedError

Mode = Literal["none", "auto", "required", "named", "one"]
MODES: tuple[Mode, ...] = ("none", "auto", "required", "named", "one")
"""tool_choice, and "one": required with parallel_tool_calls false."""

PROMPT = "<|im_start|>user\nPlease help.<|im_end|>\n<|im_start|>assistant\n"


@dataclass(frozen=True)
class Question:
    """One request."""

    tools: list[dict[str, Any]]
    mode: Mode
    seed: int
    max_tokens: int = 512

    def language(self, call_format: CallFormat) -> CallLanguage:
        """What may be said."""
        choice: Any = {"named": _named(self.tools[self.seed % len(self.tools)]), "one": "required"}.get(
            self.mode, self.mode
        )
        return build_language(self.tools, choice, self.mode != "one", call_format)


def _named(tool: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool["function"]["name"]}}


@dataclass
class Tally:
    """What came of them."""

    answers: int = 0
    refused: int = 0
    """With 400, before anything was made."""
    forced: int = 0
    forced_complete: int = 0
    calls: int = 0
    cut: int = 0
    held_back: int = 0
    """Calls of widened functions that their validator failed: refused with 422."""
    problems: list[str] = field(default_factory=list)
    by_mode: Counter[str] = field(default_factory=Counter)


async def ask_all(engine: Engine, call_format: CallFormat, questions: Sequence[Question], at_once: int = 64) -> Tally:
    """Ask and judge each answer by its own functions' schemas."""
    tally = Tally()
    places = asyncio.Semaphore(at_once)

    async def ask(question: Question) -> None:
        async with places:
            try:
                language = question.language(call_format)
                text, finish = await _generate(engine, language, question)
            except RefusedError:
                tally.refused += 1
                return
        judge(tally, question, language, text, finish)

    await asyncio.gather(*map(ask, questions))
    return tally


async def _generate(engine: Engine, language: CallLanguage, question: Question) -> tuple[str, FinishReason | None]:
    sampling = Sampling(temperature=2.0, seed=question.seed)
    text, finish = "", None
    async for piece in engine.generate(Generation(PROMPT, language, question.max_tokens, sampling)):
        text += piece.text
        finish = piece.finish
    return text, finish


def judge(tally: Tally, question: Question, language: CallLanguage, text: str, finish: FinishReason | None) -> None:
    """Count one answer; what must not be becomes a problem."""
    answer = language.call_format.parse(text)
    is_forced = question.mode in ("required", "named", "one")
    tally.answers += 1
    tally.by_mode[question.mode] += 1
    tally.forced += is_forced
    if finish == "length":
        tally.cut += 1
        return  # nothing of it is returned as a call
    problems = [f"{question.mode}: {each}" for each in _find_problems(tally, question, language, answer, is_forced)]
    tally.problems += [f"{problem} in {text[-300:]!r}" for problem in problems]
    tally.calls += len(answer.calls)
    tally.forced_complete += is_forced and bool(answer.calls) and not problems


def _find_problems(tally: Tally, question: Question, language: CallLanguage, answer: Any, is_forced: bool) -> list[str]:
    problems = []
    if answer.is_cut:
        problems.append("a call was begun and not ended")
    if is_forced and not answer.calls:
        problems.append("no call")
    if question.mode == "none" and answer.calls:
        problems.append("a call")
    if question.mode == "one" and len(answer.calls) != 1:
        problems.append(f"{len(answer.calls)} calls")
    offered = {function.name: function for function in language.functions}
    for call in answer.calls:
        function = offered.get(call.name)
        if function is None:
            problems.append(f"{call.name} was not offered")
        elif problem := function.find_problem(call.arguments):
            if function.arguments.widened:
                tally.held_back += 1
            else:
                problems.append(f"{problem} by {json.dumps(function.language.schema)[:1500]}")
    return problems


def draw_questions(tools: Sequence[dict[str, Any]], number: int, seed: int, max_tokens: int = 512) -> list[Question]:
    """Requests that offer 1 to 6 of these tools, modes in turn."""
    rng = random.Random(seed)
    questions = []
    for place in range(number):
        picked = rng.sample(tools, min(len(tools), rng.randint(1, 6)))
        unique = {tool["function"]["name"]: tool for tool in picked}
        questions.append(Question(list(unique.values()), MODES[place % len(MODES)], seed + place, max_tokens))
    return questions
