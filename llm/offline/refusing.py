"""Say in words that a request can't be served by the functions offered."""

import random
import re

from llm.offline.documents import FunctionDocument
from llm.offline.words import CHINESE, load_data

_ASK = re.compile(
    r"(?:please|can you|could you|would you|will you|i need to|i want to|i'd like to|i would like to"
    r"|able to|possible to|asked me to|you to"
    r"|go ahead and|need you to|let's|i have a small request:|request that you)"
    r"\s+(?:please\s+)?([a-z][^.?!;:,\"“]{6,70})",
    re.IGNORECASE,
)
_ASK_ZH = re.compile(r"(?:请|帮我|麻烦|想|能不能|可以|需要|替我|协助)+([^，。？！：“”\d]{4,24})")
_MOST_OFFERS = 2


def write_refusal(functions: tuple[FunctionDocument, ...], query: str, language: str, rng: random.Random) -> str:
    """A refusal that names what is missing and, sometimes, what the offered functions are for."""
    frames = load_data("frames")[language]
    wanted = _find_wanted(query, language)
    template = str(rng.choice(frames["refusals"] if wanted else frames["general_refusals"]))
    text = template.replace("{do}", wanted or "")
    offer = rng.choice(frames["offers"])
    if offer and functions:
        text += offer.replace("{offer}", _describe(functions, language, rng))
    else:
        text += str(rng.choice(frames["endings"]))
    return text


def _find_wanted(query: str, language: str) -> str | None:
    """What the request asks for, without its values, or None where it does not say so plainly."""
    match = (_ASK_ZH if language == "zh" else _ASK).search(query)
    if match is None:
        return None
    text = match.group(1).strip()
    if language == "zh":
        text = re.sub(r"^(?:了解一下|查一下|看一下|看看|查查)", "查询", re.sub(r"(?:吗|吧|一下)$", "", text))
        return text if CHINESE.search(text) else None
    text = re.split(
        r"\s(?:with|for me|now|then|using|until|starting|limited|showing|matching)\b|\s\S*[\d@/_]\S*", text
    )[0].strip()
    text = re.sub(r"\s+(?:in|for|of|on|at|to|from|the|a|an|and|by)$", "", text)
    return text.replace(" me ", " you ").replace(" my ", " your ") if len(text.split()) >= 2 else None


def _describe(functions: tuple[FunctionDocument, ...], language: str, rng: random.Random) -> str:
    chosen = rng.sample(functions, min(_MOST_OFFERS, len(functions)))
    said = []
    for function in chosen:
        intent = function.intents_in(language)[0]
        base = intent.verb.base or ("查询" if intent.verb.deed == "read" else "")
        said.append(f"{base}{'' if intent.language == 'zh' else ' '}{intent.object}")
    return ("或" if language == "zh" else " or ").join(dict.fromkeys(said))
