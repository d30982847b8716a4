"""Rows of chat sets in the forms that people publish them in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def wild(question: str, answer: str, **columns: Any) -> Row:
    """As WildChat has them: a list `conversation`, the language's whole name, flags on the row and on every turn."""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    flagged = [{**turn, "toxic": False, "redacted": False, "language": "English"} for turn in turns]
    return {
        "conversation": flagged,
        "language": "English",
        "toxic": False,
        "redacted": False,
        "model": "m-1",
        **columns,
    }


def shared(*texts: str, **columns: Any) -> Row:
    """As ShareGPT and OpenHermes have them: from and value."""
    turns = [{"from": ("human", "gpt")[place % 2], "value": text} for place, text in enumerate(texts)]
    return {"conversations": turns, **columns}


def openai(*texts: str, **columns: Any) -> Row:
    """As OpenAI has them."""
    turns = [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]
    return {"messages": turns, **columns}


def write_lines(path: Path, rows: Sequence[Any]) -> Path:
    """JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
