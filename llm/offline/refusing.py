"""Say in words that a request can't be served by the functions offered."""

import random
import re

from llm.offline.documents import FunctionDocument
from llm.offline.words import find_chinese_verb, load_data, word_set

_ASK = re.compile(
    r"(?:please|can you|could you|would you|will you|i need to|i want to|i'd like to|i would like to|wants me to"
    r"|able to|possible to|asked me to|you to|go ahead and|let's|i have a small request:|request that you)"
    r"\s+(?:please\s+)?([a-z][^.?!;:,\"“]+)",
    re.IGNORECASE,
)
_ASK_ZH = re.compile(
    r"(?:请问|烦请|请|帮我|帮忙|麻烦|劳驾|可不可以|能不能|可以|想|希望能|需要|需|替我|协助|要|这里|你|您)+"
    r"([^，。？！：“”\d]{4,24})(?=[，。？！：“”]|$)"
)
_SAYS_NOTHING = re.compile(r"^(?:take care|mind|do (?:it|that|this)|help|wait|get it)\b", re.IGNORECASE)
_ASIDE = re.compile(
    r"\s(?:with|for me|using|until|starting|limited|showing|matching|right away|quickly|properly|before my)\b.*$"
    r"|\s(?:now|then)$"
)
_VALUE = re.compile(r"\s(?:\S*[\d@/_]\S*|(?:the )?(?!I\b)[A-Z][\w'-]*)")
_BEFORE_PREPOSITION = re.compile(r"(.*)\s(?:in|for|of|on|at|to|from|by|about|into|with|as)\b")
_QUESTION = re.compile(r"\b(?:whether|if|which|what|when|where|who|how|why)\b")
_LONGEST_WORDS = 12
_MOST_OFFERS = 2


def write_refusal(functions: tuple[FunctionDocument, ...], query: str, language: str, rng: random.Random) -> str:
    """A refusal that names what is missing and, sometimes, what the offered functions are for."""
    frames = load_data("frames")[language]
    wanted = _find_wanted(query, language)
    template = str(rng.choice(frames["refusals"] if wanted else frames["general_refusals"]))
    text = template.replace("{do}", wanted or "")
    offer = rng.choice(frames["offers"])
    described = [function for function in functions if function.language == language]  # no mix of two languages
    if offer and described:
        text += offer.replace("{offer}", _describe(described, language, rng))
    else:
        text += str(rng.choice(frames["endings"]))
    return text


def _find_wanted(query: str, language: str) -> str | None:
    """What the request asks for, without its values, or None where it does not say so plainly."""
    if language == "zh":
        return _find_wanted_zh(query)
    for match in _ASK.finditer(query):
        if not _SAYS_NOTHING.match(match.group(1)):
            return _name_wanted(_ASIDE.sub("", match.group(1).strip()))
    return None


def _name_wanted(text: str) -> str | None:
    """The deed in whole words; None where nothing sound is left without the values."""
    value = _VALUE.search(text)
    if value:
        if _QUESTION.search(text[: value.start()]):
            return None
        before = _BEFORE_PREPOSITION.match(text[: value.start()])
        text = re.sub(r" to \w+$", "", before.group(1)) if before else ""
    words = text.split()
    if not 2 <= len(words) <= _LONGEST_WORDS or words[-1] in word_set("dangling"):
        return None
    return " ".join({"my": "your", "me": "you"}.get(word, word) for word in words)


def _find_wanted_zh(query: str) -> str | None:
    match = _ASK_ZH.search(query)
    if match is None or re.search(r"[A-Za-z]", match.group(1)):
        return None
    text = re.sub(r"(?:吗|吧|一下)$", "", match.group(1).strip())
    text = re.sub(r"^(?:了解一下|查一下|看一下|看看|查查)", "查询", text)
    return text if find_chinese_verb(text) or text[:1] in "把为向给从" else None


def _describe(functions: list[FunctionDocument], language: str, rng: random.Random) -> str:
    chosen = rng.sample(functions, min(_MOST_OFFERS, len(functions)))
    said = []
    for function in chosen:
        intent = function.intents_in(language)[0]
        names_deed = intent.verb.deed != "read" or intent.object[:1] in "把为向给"
        base = intent.verb.base or ("" if names_deed else "查询")
        said.append(f"{base}{'' if language == 'zh' else ' '}{intent.object}")
    return ("或" if language == "zh" else " or ").join(dict.fromkeys(said))
