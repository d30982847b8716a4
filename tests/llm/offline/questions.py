"""Questions to the offline teacher, rendered from the real prompts, and functions to ask about."""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llm.offline.teacher import Written, write_reply
from prompts.render import load_lines, render
from tasks.ingest import find_documents, ingest_documents

EXAMPLES = Path(__file__).parents[3] / "examples"
SHARED = Path(__file__).parents[4] / "shared" / "data" / "openapi"
LANGUAGES = {"en": "English", "zh": "Chinese"}
Function = dict[str, Any]
Messages = list[dict[str, Any]]

FORECAST: Function = {
    "name": "getForecast",
    "description": "Get the weather forecast for the coming days in a city.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "City to look up, such as Lisbon"},
            "days": {"type": "integer", "description": "Number of days to look ahead", "minimum": 1, "maximum": 14},
            "units": {"type": "string", "enum": ["metric", "imperial"], "default": "metric"},
            "include_alerts": {"type": "boolean", "description": "Whether to include storm warnings"},
        },
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}
CANCEL: Function = {
    "name": "cancelOrder",
    "description": "Cancel an order that has not been shipped.",
    "parameters": {
        "type": "object",
        "properties": {"order_id": {"type": "string", "pattern": "^ORD-[0-9]{5}$"}, "reason": {"type": "string"}},
        "required": ["order_id"],
        "additionalProperties": False,
    },
}
FRUIT: Function = {
    "name": "createOrder",
    "description": "下单购买水果并配送到家。",
    "parameters": {
        "type": "object",
        "properties": {
            "product": {"type": "string", "description": "水果名称，例如草莓"},
            "quantity": {"type": "integer", "description": "购买份数", "minimum": 1, "maximum": 50},
            "delivery_date": {"type": "string", "format": "date", "description": "配送日期"},
        },
        "required": ["product", "quantity"],
        "additionalProperties": False,
    },
}


@functools.cache
def example_functions() -> tuple[tuple[str, Function], ...]:
    """(language, function) of every accepted function of the sample documents."""
    return _functions_of(EXAMPLES)


@functools.cache
def real_functions() -> tuple[tuple[str, Function], ...]:
    """(language, function) of the real documents beside the project; of the samples where there are none."""
    return _functions_of(SHARED) if SHARED.is_dir() else example_functions()


def _functions_of(folder: Path) -> tuple[tuple[str, Function], ...]:
    ingested = ingest_documents(find_documents([folder]))
    functions = [function for one in ingested for function in one.functions if function.state == "accepted"]
    return tuple((function.language, function.tool["function"]) for function in functions)


def choices_of(field: str) -> list[str]:
    """Styles and other texts that the line fills its prompts with."""
    return [line["text"] for line in load_lines("styles.v1") if line["field"] == field]


def generate_messages(
    function: Function,
    language: str = "en",
    style: str = "polite",
    optional: str = "use most of them",
    variation: int = 0,
) -> Messages:
    """A generate_pair question."""
    return _messages(
        "generate_pair.v1",
        examples=load_lines("few_shot.v1")[:2],
        language_name=LANGUAGES[language],
        style=style,
        optional=optional,
        variation=variation,
        function=function,
    )


def judge_messages(
    called: Sequence[Function], query: str, calls: list[dict[str, Any]], others: Sequence[Function] = ()
) -> Messages:
    """A judge_calls question."""
    return _messages(
        "judge_calls.v1", called=called, others=[compact(other) for other in others], query=query, calls=calls
    )


def combine_messages(parts: list[dict[str, Any]], language: str = "en") -> Messages:
    """A combine_queries question."""
    return _messages("combine_queries.v1", language_name=LANGUAGES[language], style="polite", parts=parts)


def refuse_messages(offered: Sequence[Function], query: str, language: str = "en") -> Messages:
    """A refuse question."""
    return _messages(
        "refuse.v1", language_name=LANGUAGES[language], offered=[compact(one) for one in offered], query=query
    )


def refusal_messages(offered: Sequence[Function], query: str, answer: str) -> Messages:
    """A judge_refusal question."""
    return _messages("judge_refusal.v1", offered=[compact(one) for one in offered], query=query, answer=answer)


def repair_messages(messages: Messages, bad: str) -> Messages:
    """The question again, with a bad answer and what is wrong with it."""
    return [*messages, {"role": "assistant", "content": bad}, *_messages("repair.v1", problem="no JSON object found")]


def compact(function: Function) -> dict[str, Any]:
    """What prompts show of a function that is not called."""
    schema = function["parameters"]
    names = [f"{name}*" if name in schema.get("required", []) else name for name in schema.get("properties", {})]
    return {"name": function["name"], "description": function["description"], "parameters": names}


def ask(messages: Messages, seed: int = 0, mistakes: float = 0.0) -> Written:
    """One answer of the teacher."""
    return write_reply(messages, seed, "offline", mistakes)


def ask_json(messages: Messages, seed: int = 0) -> dict[str, Any]:
    """One answer without planted mistakes, parsed."""
    answer: dict[str, Any] = json.loads(ask(messages, seed).text)
    return answer


def passes(messages: Messages, draws: int = 3) -> bool:
    """Whether most draws of a judge find nothing wrong."""
    verdicts = [_is_clean(ask(messages, seed).text) for seed in range(draws)]
    return sum(verdicts) * 2 > draws


def _is_clean(text: str) -> bool:
    try:
        answer = json.loads(text)
    except ValueError:  # an unreadable draw, which the line does not count as a pass either
        return False
    good = ("names_offered", "arguments_belong", "values_from_query", "request_solved")
    return all(answer[question] for question in good) and not answer["other_serves"]


def _messages(prompt: str, **fields: Any) -> Messages:
    return [{"role": role, "content": content} for role, content in render(prompt, **fields).messages]
