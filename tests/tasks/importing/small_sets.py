"""Small sets in each of the four forms, sound rows and broken ones; every word is made up here."""

import json
from pathlib import Path
from typing import Any

FERRY: dict[str, Any] = {
    "name": "Find Ferries v1.0",
    "description": "Find ferries between two harbours.",
    "parameters": {
        "type": "dict",
        "properties": {
            "origin": {"type": "string", "description": "Harbour of departure."},
            "cars": {"type": "int", "description": "Cars on board."},
        },
        "required": ["origin"],
    },
    "required": None,
}
TIDE: dict[str, Any] = {
    "name": "tides/next",
    "description": "Tell the next high tide.",
    "parameters": {
        "type": "dict",
        "properties": {"harbour": {"type": "string", "description": "Its name."}},
        "required": ["harbour"],
    },
}


def toolace_row(answer: str, tools: list[dict[str, Any]] | None = None, question: str = "Ferries from Oslo?") -> Any:
    """One request and its answer."""
    listed = json.dumps([FERRY] if tools is None else tools)
    system = (
        f"You compose functions. Here is a list of functions in JSON format that you can invoke:\n{listed}\nUse them."
    )
    turns = [{"from": "user", "value": question}, {"from": "assistant", "value": answer}]
    return {"system": system, "conversations": turns}


def xlam_row(arguments: dict[str, Any], name: str = "book_court", query: str = "Court 3 at nine, please.") -> Any:
    """A row whose lists are JSON text."""
    tool = {
        "name": "book_court",
        "description": "Book a tennis court.",
        "parameters": {
            "court": {"type": "int", "description": "Its number."},
            "players": {"type": "List[str], optional", "description": "Who plays.", "default": ""},
            "hour": {"type": "str", "description": "When.", "default": "nine"},
        },
    }
    answers = [{"name": name, "arguments": arguments}]
    return {"id": 1, "query": query, "tools": json.dumps([tool]), "answers": json.dumps(answers)}


_GLAIVE_TOOL = """{
    "name": "note_birthday",
    "description": "Write down a birthday.",
    "parameters": {
        "type": "object",
        "properties": {"person": {"type": "string"}, "day": {"type": "string"}},
        "required": ["person", "day"]
    }
}"""


def glaive_row(chat: str) -> Any:
    """A row of v2."""
    return {"system": f"SYSTEM: You may use these functions -\n{_GLAIVE_TOOL}\n\n{_GLAIVE_TOOL}\n", "chat": chat}


GLAIVE_CHAT = """USER: Note a birthday, please.


ASSISTANT: Whose, and when? <|endoftext|>


USER: Ann O'Hara's, 3 May.


ASSISTANT: <functioncall> {"name": "note_birthday", "arguments": '{"person": "Ann O'Hara", "day": "3/5"}'} <|endoftext|>


FUNCTION RESPONSE: {"status": "noted"}


ASSISTANT: It is noted. <|endoftext|>"""


def hermes_row(answer: str, has_column: bool = False) -> Any:
    """A row with its functions in the system's text, or in a column."""
    tool = {
        "type": "function",
        "function": {
            "name": "water_plants",
            "description": "Water the plants of a room.",
            "parameters": {
                "type": "object",
                "properties": {"room": {"type": "string"}, "litres": {"type": "number", "minimum": 0}},
                "required": ["room"],
            },
        },
    }
    words = "You are given functions within <tools></tools> marks. Here they are: "
    system = words if has_column else f"{words}<tools> [{json.dumps(tool)}] </tools> Answer in marks."
    turns = [("system", system), ("human", "Give the plants in the hall 1.5 litres."), ("gpt", answer)]
    row: dict[str, Any] = {"conversations": [{"from": who, "value": text} for who, text in turns]}
    return row | ({"tools": json.dumps([tool])} if has_column else {})


def write_lines(path: Path, rows: list[Any]) -> Path:
    """JSON Lines; a row that is text goes in as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
