"""Intents that name two ways ("approve or decline a request", "switch the light on or off"), and the value that says
which of them is meant."""

import re

from llm.offline.leaves import Leaf
from llm.offline.phrases import mark
from llm.offline.subjects import Intent

_EITHER = re.compile(r"\b(\w+) or (\w+)\b")


def choose_alternative(intent: Intent, leaves: list[Leaf], language: str) -> tuple[Intent, list[Leaf]]:
    """The intent in the one way that a value chooses, and the values left to say: with off it is "switch … off"."""
    text = f"{intent.verb.base} {intent.object}"
    for leaf in leaves:
        match = _find_either(text, leaf)
        if match is None or (match.start() == 0 and intent.language != language):
            continue  # a verb is translated, and its value would be said nowhere
        left = [one for one in leaves if one is not leaf]
        value, after = str(leaf.value).lower(), text[match.end() :]
        if match.start() == 0:
            return intent._replace(verb=intent.verb._replace(base=value), object=after.strip()), left
        said = text[: match.start()] + mark(value) + after
        return intent._replace(object=said[len(intent.verb.base) + 1 :]), left
    return intent, leaves


def _find_either(text: str, leaf: Leaf) -> re.Match[str] | None:
    if not isinstance(leaf.value, str):
        return None
    return next((match for match in _EITHER.finditer(text) if leaf.value.lower() in match.groups()), None)
