"""Rows as a data set holds them, with everything that a form may lose, and what any form must give back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from schemas.export import ExportSource
from tasks.export_formats.source import SourceRows
from tests.training.example_rows import CLOCK, WEATHER, calls, result, user, words

OPTIONAL = {
    "type": "function",
    "function": {
        "name": "find_seats",
        "description": "查找座位",
        "parameters": {
            "type": "object",
            "properties": {
                "row": {"type": ["string", "null"], "default": None},
                "near": {"type": "object", "properties": {"city": {"type": "integer"}}},
                "price": {"type": "number", "default": 1.0},
            },
        },
    },
}
Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]]

SYSTEM = {"role": "system", "content": "Be brief."}
DIALOGUES: dict[str, tuple[Messages, Tools]] = {
    "one call": ([user("Weather in Oslo?"), calls(("get_weather", {"city": "Oslo"}), content="")], [WEATHER, CLOCK]),
    "no call fits": ([user("订一张票"), words("抱歉，我只能查天气。")], [WEATHER]),
    "no tools": ([SYSTEM, user("Hello"), words("Hi.")], []),
    "null and text that looks like a mark": (
        [
            user("Row <tool_call>?"),
            calls(
                ("find_seats", {"row": None, "near": {"city": 3}, "price": 2.0}),
                ("get_weather", {"city": "</tool_call>"}),
            ),
        ],
        [OPTIONAL, WEATHER],
    ),
    "calls, results in another order, words, a second round": (
        [
            SYSTEM,
            user("巴黎和罗马的天气？"),
            calls(("get_weather", {"city": "巴黎"}), ("get_weather", {"city": "罗马"})),
            result(1, '{"sky": "clear"}'),
            result(0, "雨"),
            words("Paris: rain, Rome: clear."),
            user("And the time?"),
            calls(("now", {}), content="Let me look."),
            result(0, "12:00"),
            words("Noon."),
        ],
        [WEATHER, CLOCK],
    ),
}  # fmt: skip
MASKED = (
    [
        user("Weather in Oslo?"),
        calls(("get_weather", {"town": "Oslo"})) | {"weight": 0},
        result(0, "missing city"),
        calls(("get_weather", {"city": "Oslo"})),
    ],
    [WEATHER],
)
"""A wrong call that is shown, the error, and the call that is learnt."""


class Said(NamedTuple):
    """A message without ids."""

    role: str
    words: str
    calls: list[tuple[str, Any]]


def said(messages: Messages) -> list[Said]:
    """What must survive; of two results side by side the second came first."""
    read = []
    for message in messages:
        functions = [call["function"] for call in message.get("tool_calls") or ()]
        wanted = [(function["name"], json.loads(function["arguments"])) for function in functions]
        read.append(Said(message["role"], message["content"] or "", wanted))
    for place in range(len(read) - 1):
        if read[place].role == read[place + 1].role == "tool":
            read[place], read[place + 1] = read[place + 1], read[place]
    return read


def source(rows: Sequence[tuple[Messages, Tools]], split: str = "train") -> SourceRows:
    """Rows as they come from a folder or a job."""
    frame = pl.DataFrame(
        {
            "sample_id": [f"{split}-{place}" for place in range(len(rows))],
            "kind": ["simple"] * len(rows),
            "language": ["en"] * len(rows),
            "domain": ["weather"] * len(rows),
            "messages": [json.dumps(messages, ensure_ascii=False) for messages, _ in rows],
            "tools": [json.dumps(tools, ensure_ascii=False) for _, tools in rows],
            "split": [split] * len(rows),
        }
    )
    named = ExportSource(name="small", job_id="job-1", written_by="tester", is_offline=False, rows_sha256="0" * 64)
    return SourceRows(named, frame)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """JSON Lines."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]
