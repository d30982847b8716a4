"""How filled forms are spelled in a row: JSON records under changing keys and marks, or JSON below a heading.

Each notation comes with the sentence that asks for it. Calls are not among them: no <tool_call>, no
{"name": …, "arguments": …}, no f(x=1).
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llm.offline.student.naming import invent_word

_JSON_KEYS = (
    ("form", "values"), ("sheet", "entries"), ("title", "content"), ("record", "data"), ("page", "filled"),
    ("document", "inputs"), ("which", "with"), ("id", "body"),
)  # fmt: skip
_SHARE_RECORDS = 0.85
_MARKS = ("entry", "filled", "result", "record", "sheet", "item", "output")


class Filled(NamedTuple):
    """One form with its values."""

    form: str
    values: dict[str, Any]


class Notation(NamedTuple):
    """One way to spell filled forms, fixed for a whole row."""

    skeleton: str
    """What one filled form looks like."""
    write: Callable[[Sequence[Filled]], str]


def draw_notation(rng: random.Random) -> Notation:
    """A notation; the whole answer is JSON in most rows."""
    return _make_record(rng) if rng.random() < _SHARE_RECORDS else _make_headed(rng)


def _make_record(rng: random.Random) -> Notation:
    title, values = rng.choice(_JSON_KEYS) if rng.random() < 0.6 else (invent_word(rng), invent_word(rng) + "s")
    opening, closing = _draw_marks(rng)
    separators = (",", ":") if rng.random() < 0.6 else (", ", ": ")

    def write(filled: Sequence[Filled]) -> str:
        return "\n".join(
            f'{opening}{{"{title}": {_dump(each.form)}, "{values}": {_dump(each.values, separators)}}}{closing}'
            for each in filled
        )

    return Notation(f'{opening}{{"{title}": FORM, "{values}": VALUES}}{closing}', write)


def _make_headed(rng: random.Random) -> Notation:
    lead = rng.choice(("", "# ", "form ", "* "))
    separators = (",", ":") if rng.random() < 0.6 else (", ", ": ")
    between = rng.choice(("\n", ": ", " -> "))

    def write(filled: Sequence[Filled]) -> str:
        return "\n".join(f"{lead}{each.form}{between}{_dump(each.values, separators)}" for each in filled)

    return Notation(f"{lead}FORM{between}VALUES", write)


def _draw_marks(rng: random.Random) -> tuple[str, str]:
    """What stands before and after each record."""
    if rng.random() < 0.25:
        return "", ""
    word = rng.choice(_MARKS) if rng.random() < 0.5 else invent_word(rng)
    return rng.choice(
        ((f"<{word}>\n", f"\n</{word}>"), (f"<{word}>", f"</{word}>"), (f"[{word}]\n", f"\n[/{word}]"), ("- ", ""))
    )


def flatten(values: dict[str, Any], owner: str = "") -> list[tuple[str, Any]]:
    """Path and value of every leaf; lists of plain values stay whole."""
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        path = f"{owner}{name}"
        if isinstance(value, dict):
            found += flatten(value, f"{path}.")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            found += [pair for place, one in enumerate(value) for pair in flatten(one, f"{path}.{place}.")]
        else:
            found.append((path, value))
    return found


def _dump(value: Any, separators: tuple[str, str] = (", ", ": ")) -> str:
    return json.dumps(value, ensure_ascii=False, separators=separators)
