"""Tools, prompts and wide vocabularies for measuring: made here, the same for a seed."""

import json
import random
import string
from pathlib import Path
from typing import Any

WORDS = [
    "city",
    "date",
    "limit",
    "name",
    "status",
    "owner",
    "region",
    "currency",
    "amount",
    "size",
    "language",
    "email",
]


def plain_tool(number: int, parameters: int = 20) -> dict[str, Any]:
    """A function of so many parameters, mostly strings, some typed, a quarter required."""
    rng = random.Random(number)
    kinds: list[dict[str, Any]] = [
        {"type": "string"},
        {"type": "string"},
        {"type": "integer", "minimum": 1, "maximum": 500},
        {"type": "boolean"},
        {"type": "string", "enum": ["asc", "desc"]},
        {"type": "array", "items": {"type": "string"}},
        {"type": "string", "maxLength": 120},
        {"type": "number"},
    ]
    properties = {f"{rng.choice(WORDS)}_{place}": rng.choice(kinds) for place in range(parameters)}
    return {
        "type": "function",
        "function": {
            "name": f"{rng.choice(WORDS)}_{rng.choice(WORDS)}_{number}",
            "description": "Looks something up.",
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": list(properties)[:: max(1, parameters // 5)],
            },
        },
    }


def widen_vocabulary(folder: Path, size: int) -> Path:
    """Fill a model folder's tokenizer up to `size` tokens with made-up words, as wide as a real model's.

    No text is split into them; a random model draws them all the same.
    """
    path = folder / "tokenizer.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = spec["model"]["vocab"]
    rng = random.Random(1)
    taken = set(vocabulary.values()) | {added["id"] for added in spec["added_tokens"]}
    free = iter(number for number in range(size) if number not in taken)
    for number in free:
        word = rng.choice(("", "Ġ")) + "".join(rng.choices(string.ascii_letters, k=rng.randint(3, 9)))
        if word not in vocabulary:
            vocabulary[word] = number
    path.write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
    return folder
