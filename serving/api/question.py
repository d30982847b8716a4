"""A request in either protocol, read: what is asked of the engine, and the language its answer is made in."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_json

from serving.api.limits import ApiOptions
from serving.call_formats.format import CallFormat, Template
from serving.calls import CallLanguage, build_language
from serving.engine import Engine, Generation, Sampling
from serving.refusals import RefusedError


@dataclass(frozen=True)
class Question:
    """What both protocols ask, in the words of chat completions."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    tool_choice: str | dict[str, Any] | None
    parallel_tool_calls: bool
    max_tokens: int | None
    sampling: Sampling
    stop: tuple[str, ...] = ()
    choices: int = 1


@dataclass(frozen=True)
class Ready:
    """A question as the engine takes it: one generation for each choice."""

    generations: tuple[Generation, ...]
    language: CallLanguage
    prompt_tokens: int


async def prepare(
    question: Question, engine: Engine, call_format: CallFormat, template: Template, options: ApiOptions
) -> Ready:
    """Render the prompt and build the language.

    Raises:
        RefusedError: 400, naming what can't be done.
    """
    if question.choices > options.max_choices:
        raise RefusedError(f"n: {question.choices} were asked for; at most {options.max_choices}.", param="n")
    language, prompt = await asyncio.to_thread(_build, question, call_format, template, not engine.is_constrained)
    prompt_tokens = await engine.count_tokens(prompt)
    room = engine.context_length - prompt_tokens
    if room < 1:
        message = f"The prompt has {prompt_tokens} tokens; the context holds {engine.context_length} with the answer."
        raise RefusedError(message, param="messages", code="context_length_exceeded")
    most = min(room, question.max_tokens or engine.default_max_tokens or room)
    generation = Generation(prompt, language, most, question.sampling, question.stop)
    return Ready(tuple(_choices(generation, question.choices)), language, prompt_tokens)


def _build(question: Question, call_format: CallFormat, template: Template, is_free: bool) -> tuple[CallLanguage, str]:
    _check_numbers(question.tools)
    words = (question.tools, question.tool_choice, question.parallel_tool_calls)
    language = build_language(*words, call_format, is_free)
    return language, call_format.render(question.messages, question.tools, template)


def _check_numbers(tools: Sequence[dict[str, Any]]) -> None:
    # 1e999 is read as infinity, which has no spelling. Spelled by Rust first: 200 KB in a millisecond.
    if b"Infinity" not in to_json(tools, inf_nan_mode="constants"):
        return
    for place, tool in enumerate(tools):
        try:
            json.dumps(tool, allow_nan=False)
        except ValueError:
            name = f"tools[{place}].function.parameters"
            raise RefusedError(f"{name}: a number is too large.", param=name) from None


def _choices(generation: Generation, count: int) -> list[Generation]:
    seed = generation.sampling.seed
    if seed is None:
        return [generation] * count
    # The same seed would make the same text n times.
    return [replace(generation, sampling=replace(generation.sampling, seed=seed + each)) for each in range(count)]


def check_tools(tools: Sequence[Any], options: ApiOptions) -> None:
    """Count them; what they hold is read by `build_language`.

    Raises:
        RefusedError: 400, too many.
    """
    if len(tools) > options.max_tools:
        raise RefusedError(f"tools: {len(tools)} were offered; at most {options.max_tools}.", param="tools")
