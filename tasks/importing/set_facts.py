"""What stands beside an imported set: its licence, and whether it may be trained on at all."""

import re
from pathlib import Path
from typing import NamedTuple

import yaml

from schemas.errors import UsageError

_CARDS = ("README.md", "readme.md", "dataset_card.md")
_LICENCES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "COPYING")
_FRONT_MATTER = re.compile(r"---\s*\n(.*?)\n---", re.DOTALL)
_EVALUATION_ONLY = re.compile(r"(?:^|[\W_])eval(?:uation)?[-_ ]only(?:$|[\W_])", re.IGNORECASE)
_MAX_WORDS = 100


class Licence(NamedTuple):
    """What is known of a set's licence."""

    words: str | None
    path: str | None
    """The file that says so."""


def find_licence(path: Path) -> Licence:
    """The licence of the card beside the set, else the first line of its licence file."""
    folder = path if path.is_dir() else path.parent
    for card in (folder / name for name in _CARDS):
        if words := _front_matter(card).get("license"):
            return Licence(", ".join(words) if isinstance(words, list) else str(words), str(card))
    for file in (folder / name for name in _LICENCES):
        lines = [line.strip() for line in _read(file).splitlines() if line.strip()]
        if lines:
            return Licence(lines[0][:_MAX_WORDS], str(file))
    return Licence(None, None)


def refuse_evaluation_only(path: Path) -> None:
    """Refuse a set that is for evaluation alone: its path, a tag or a field of its card, or an empty file says so.

    Raises:
        UsageError: says what flags it.
    """
    folder = path if path.is_dir() else path.parent
    flags = [part for part in path.absolute().parts if _EVALUATION_ONLY.search(part)]
    if folder.is_dir():
        flags += [each.name for each in folder.iterdir() if _EVALUATION_ONLY.search(each.name)]
    for card in (folder / name for name in _CARDS):
        front = _front_matter(card)
        flags += [f"{key}: {front[key]}" for key in front if _EVALUATION_ONLY.search(str(key)) and front[key]]
        tags = front.get("tags")
        flags += [str(tag) for tag in tags if _EVALUATION_ONLY.search(str(tag))] if isinstance(tags, list) else []
    if flags:
        raise UsageError(
            f"{path} is for evaluation only ({flags[0]}); training data made of it would spoil what it measures."
            " Import another set."
        )


def _front_matter(card: Path) -> dict[str, object]:
    found = _FRONT_MATTER.match(_read(card))
    try:
        front = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return {}
    return front if isinstance(front, dict) else {}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
