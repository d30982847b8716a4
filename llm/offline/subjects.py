"""What a request is about: an intent, its object as a phrase, and the keys that both are recognised by."""

from itertools import pairwise
from typing import NamedTuple

from llm.offline.words import CHINESE, Verb, find_tokens, stem, stop_words, word_set


class Intent(NamedTuple):
    """What is to be done with what."""

    verb: Verb
    object: str
    """Noun phrase, such as "the weather forecast in a city"; Chinese: what follows the verb."""
    keys: frozenset[str]
    """Stems (Chinese: pairs of characters) that a request for it would use."""
    language: str
    core: frozenset[str] = frozenset()
    """The keys without those of a relative clause, which a request may leave out."""


def find_keys(text: str) -> frozenset[str]:
    """What a text is about: stems of its Latin words and pairs of its Chinese characters."""
    latin = {stem(word) for word in find_tokens(text) if word.lower() not in stop_words() and len(word) > 1}
    return frozenset(latin | chinese_pairs(text))


def chinese_pairs(text: str) -> set[str]:
    """Neighbouring Chinese characters, two and two."""
    return {a + b for a, b in pairwise(text) if CHINESE.match(a) and CHINESE.match(b)}


def add_article(phrase: str, verb: Verb) -> str:
    """Put the article that the phrase lacks: "sandbox config" to be created is "a sandbox config"."""
    words = phrase.split()
    end = next((index for index, word in enumerate(words) if word in word_set("prepositions")), len(words))
    if (
        end == 0
        or words[0].lower()
        in word_set("determiners") | word_set("question_words") | {"for", "to", "up", "out", "once", "back"}
        or words[0][:1].isdigit()
        or "'" in words[0]
    ):
        return phrase
    head = words[end - 1].lower()
    if head in word_set("mass_nouns") or (head.endswith("s") and not head.endswith("ss")) or words[0].istitle():
        return phrase
    if verb.deed == "create":
        return f"an {phrase}" if phrase[0] in "aeioAEIO" else f"a {phrase}"
    return f"the {phrase}"
