"""Render `<name>.v<N>.md`: sections `--- system ---` and `--- user ---`, filled by Jinja with StrictUndefined."""

import functools
import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, Template

_FOLDER = Path(__file__).parent
_SECTION = re.compile(r"^--- (system|user|assistant) ---\n", re.MULTILINE)


class Rendered(NamedTuple):
    """A prompt with its fields filled in."""

    prompt: str
    """Name and version, such as judge_calls.v1."""
    messages: list[tuple[str, str]]
    """(role, content) in order."""


def prompt_names() -> list[str]:
    """Every prompt with its version, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.v*.md"))


@functools.cache
def prompt_hashes() -> dict[str, str]:
    """Prompt name and version to the SHA-256 of its file (16 digits); few-shot examples and styles included."""
    files = [*_FOLDER.glob("*.v*.md"), *_FOLDER.glob("*.v*.jsonl")]
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in sorted(files)}


def render(prompt: str, **fields: Any) -> Rendered:
    """Fill in a prompt.

    Args:
        prompt: name and version, such as `generate_pair.v1`.
        fields: what the file names; lists and dicts are written with its `json` filter.

    Raises:
        jinja2.UndefinedError: names the field that is missing.
        FileNotFoundError: there is no such prompt.
    """
    return Rendered(prompt, [(role, template.render(fields)) for role, template in _sections(prompt)])


@functools.cache
def load_lines(name: str) -> tuple[dict[str, Any], ...]:
    """Read `<name>.jsonl`, material that prompts are filled with, such as few-shot examples."""
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def _json_filter(value: Any) -> str:
    if isinstance(value, StrictUndefined):
        return str(value)  # raises, naming the missing field
    return json.dumps(value, ensure_ascii=False)


@functools.cache
def _sections(prompt: str) -> list[tuple[str, Template]]:
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 (plain text, not HTML)
    environment.filters["json"] = _json_filter
    parts = _SECTION.split((_FOLDER / f"{prompt}.md").read_text(encoding="utf-8"))
    return [(role, environment.from_string(body.strip())) for role, body in zip(parts[1::2], parts[2::2], strict=True)]
