"""Which form a set has, and the reader of each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.errors import UsageError
from schemas.imported import Conversation, ImportForm
from tasks.importing.glaive import read_glaive
from tasks.importing.hermes import read_hermes
from tasks.importing.toolace import read_toolace
from tasks.importing.xlam import read_xlam

READERS: dict[ImportForm, Callable[[Mapping[str, Any]], Conversation]] = {
    "toolace": read_toolace,
    "xlam": read_xlam,
    "glaive": read_glaive,
    "hermes": read_hermes,
}


def guess_form(row: Mapping[str, Any]) -> ImportForm | None:
    """The form that a row's fields and speakers show; None: none that is known."""
    if {"query", "answers", "tools"} <= row.keys():
        return "xlam"
    if {"system", "chat"} <= row.keys():
        return "glaive"
    turns = row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return None
    speakers = {turn.get("from") for turn in turns}
    text = " ".join(str(turn.get("value")) for turn in turns)
    if "<tool_call>" in text or "<tools>" in text:
        return "hermes"
    if speakers & {"function_call", "observation"} or ("tools" in row and "human" in speakers):
        return "glaive"
    return "toolace" if speakers & {"user", "assistant"} else None


def choose_form(rows: Iterable[Mapping[str, Any]]) -> ImportForm:
    """The form that most of some rows show.

    Raises:
        UsageError: none of them shows one.
    """
    found = Counter(form for row in rows if (form := guess_form(row)) is not None)
    if not found:
        raise UsageError(
            f"The first rows have none of the forms {', '.join(READERS)}; if it is one of them all the same, say which "
            "by --form."
        )
    return found.most_common(1)[0][0]
