"""Small rows in OpenAI's form, written as an export writes them: JSON text in Parquet."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CLOCK = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}


def user(text: str) -> dict[str, Any]:
    """Someone asks."""
    return {"role": "user", "content": text}


def words(text: str, **more: Any) -> dict[str, Any]:
    """The assistant speaks."""
    return {"role": "assistant", "content": text, **more}


def calls(*wanted: tuple[str, dict[str, Any]], content: str | None = None) -> dict[str, Any]:
    """The assistant calls; ids are call_0, call_1, …"""
    spelled = [
        {
            "id": f"call_{place}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)},
        }
        for place, (name, arguments) in enumerate(wanted)
    ]
    return {"role": "assistant", "content": content, "tool_calls": spelled}


def result(place: int, text: str) -> dict[str, Any]:
    """What the call gave."""
    return {"role": "tool", "tool_call_id": f"call_{place}", "content": text}


def write_rows(path: Path, rows: Sequence[tuple[list[dict[str, Any]], list[dict[str, Any]]]]) -> Path:
    """Messages and tools, one Parquet file."""
    table = pl.DataFrame(
        {
            "messages": [json.dumps(messages, ensure_ascii=False) for messages, _ in rows],
            "tools": [json.dumps(tools, ensure_ascii=False) for _, tools in rows],
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path)
    return path


def write_calls(path: Path, rows: int) -> Path:
    """Requests that a call answers, English and Chinese, of different lengths."""
    cities = ("Paris", "北京", "Rome", "上海", "Oslo")
    made = []
    for place in range(rows):
        city = cities[place % len(cities)]
        question = f"{city}天气？" if place % 2 else f"Weather in {city}" + ", please" * (place % 4) + "?"
        made.append(([user(question), calls(("get_weather", {"city": city}))], [WEATHER]))
    return write_rows(path, made)


def write_chat(path: Path, rows: int) -> Path:
    """Talk without functions."""
    return write_rows(
        path, [([user(f"Say {place}."), words(f"It is {place}, as you say.")], []) for place in range(rows)]
    )


def write_preferences(path: Path, rows: int) -> Path:
    """The right city against a wrong one."""
    cities = ("Paris", "Rome", "Oslo", "Bern")
    made = []
    for place in range(rows):
        city, other = cities[place % 4], cities[(place + 1) % 4]
        made.append(
            {
                "prompt": json.dumps([user(f"Weather in {city}?")]),
                "chosen": json.dumps([calls(("get_weather", {"city": city}))]),
                "rejected": json.dumps([words(f"I can't tell you about {other}.")]),
                "tools": json.dumps([WEATHER]),
            }
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(made).write_parquet(path)
    return path
