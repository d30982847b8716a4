"""How filled forms are spelled in a row: JSON records under changing keys and marks, lines, outlines, tables.

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
    """A notation; JSON in most rows."""
    maker = rng.choices((_make_record, _make_headed, _make_lines, _make_outline, _make_table), (70, 10, 8, 8, 4))[0]
    return maker(rng)


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


def _make_lines(rng: random.Random) -> Notation:
    equals = rng.choice((" = ", ": ", "="))
    is_quoted = rng.random() < 0.5
    lead = rng.choice(("[{}]", "{}:", "form {}"))

    def write(filled: Sequence[Filled]) -> str:
        blocks = []
        for each in filled:
            pairs = flatten(each.values)
            blocks.append("\n".join([lead.format(each.form), *(f"{path}{equals}{spell(v)}" for path, v in pairs)]))
        return "\n\n".join(blocks)

    def spell(value: Any) -> str:
        return _dump(value) if is_quoted else _plain(value)

    return Notation(f"{lead.format('FORM')}\nFIELD{equals}{'VALUE in JSON' if is_quoted else 'VALUE'}", write)


def _make_outline(rng: random.Random) -> Notation:
    def write(filled: Sequence[Filled]) -> str:
        return "\n".join("\n".join([f"{each.form}:", *_outline(each.values, 1)]) for each in filled)

    return Notation("FORM:\n  FIELD: VALUE", write)


def _make_table(rng: random.Random) -> Notation:
    def write(filled: Sequence[Filled]) -> str:
        return "\n".join(
            f"| {each.form} | {path} | {_plain(value)} |" for each in filled for path, value in flatten(each.values)
        )

    return Notation("| FORM | FIELD | VALUE |", write)


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


def _outline(values: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{'  ' * depth}{name}:", *_outline(value, depth + 1)]
        elif isinstance(value, list):
            lines.append(f"{'  ' * depth}{name}:")
            lines += [f"{'  ' * depth}- {_dump(one) if isinstance(one, dict) else _plain(one)}" for one in value]
        else:
            lines.append(f"{'  ' * depth}{name}: {_plain(value)}")
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_plain(one) for one in value)
    return str(value)


def _dump(value: Any, separators: tuple[str, str] = (", ", ": ")) -> str:
    return json.dumps(value, ensure_ascii=False, separators=separators)
