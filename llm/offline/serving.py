"""Whether a function could serve a request, told from what both are about."""

import math
from collections import Counter
from collections.abc import Iterable

from llm.offline.documents import FunctionDocument
from llm.offline.evidence import small_talk
from llm.offline.intents import Intent, find_keys
from llm.offline.words import CHINESE, chinese_deeds, find_tokens, find_verb, nouns_too, spell_label, stem

_STRONG_DEEDS = frozenset({"create", "update", "delete", "send"})
_SAME_SHARE = 0.85
_COVERED = 0.75
_EXPLAINED = 0.6


class Weights:
    """Words that few of the functions at hand have weigh more than words that all have."""

    def __init__(self, functions: Iterable[FunctionDocument]) -> None:
        listed = list(functions)
        self._count = len(listed)
        self._frequency = Counter(key for function in listed for key in {k for i in function.intents for k in i.keys})

    def weigh(self, keys: Iterable[str]) -> float:
        """Sum over keys."""
        return sum(math.log(1 + self._count / (self._frequency[key] or 1)) for key in keys)


def find_deeds(plain: str, explained: frozenset[str]) -> set[str]:
    """What a request without its values wants done; verbs that are part of small talk or of the subject do not count.

    Args:
        explained: stems of words that name the subject.
    """
    talk = small_talk("en")
    deeds = set()
    for word in find_tokens(plain):
        verb = find_verb(word)
        if verb and stem(word) not in talk and stem(word) not in explained and verb.base not in nouns_too():
            deeds.add(verb.deed)
    return deeds | chinese_deeds(plain)


def fits_deed(function: FunctionDocument, plain: str) -> bool:
    """Whether a request wants done what the function does."""
    intent = function.intents[0]
    deed = intent.verb.deed
    if deed == "read":
        vocabulary = function.vocabulary
        strong = find_deeds(plain, vocabulary) & _STRONG_DEEDS
        if CHINESE.search(plain):
            strong -= chinese_deeds(function.description) | chinese_deeds("/".join(small_talk("zh")))
        return not strong
    wanted = {one.verb.deed for one in function.intents}
    bases = {stem(one.verb.base) for one in function.intents if one.verb.base}
    said = {stem(word) for word in find_tokens(plain)}
    if bases & said or any(one.verb.base and one.verb.base in plain for one in function.intents):
        return True
    all_deeds = {verb.deed for verb in map(find_verb, find_tokens(plain)) if verb} | chinese_deeds(plain)
    return bool(wanted & all_deeds)


def cover_intent(function: FunctionDocument, keys: frozenset[str], given: frozenset[str]) -> tuple[float, Intent]:
    """Share of a function's subject that the request names, for the best of its intents.

    Args:
        keys: what the request is about.
        given: stems of the names of parameters whose values the request gives; "in Lisbon" says "in a city".
    """
    best = (0.0, function.intents[0])
    for intent in function.intents:
        needed = (intent.keys - given) or intent.keys
        share = len(needed & keys) / len(needed) if needed else 0.0
        if share > best[0]:
            best = (share, intent)
    return best


def serves_as_well(
    other: FunctionDocument,
    called: FunctionDocument,
    keys: frozenset[str],
    given: frozenset[str],
    weights: Weights,
) -> bool:
    """Whether another function would do as well as the called one for a request that is about `keys`."""
    if not {intent.verb.deed for intent in other.intents} & {intent.verb.deed for intent in called.intents}:
        return False
    if not _can_fill(other, called, keys):
        return False
    _, own = cover_intent(called, keys, given)
    matched = own.keys & keys or own.keys
    for intent in other.intents:
        if intent.language != own.language and len(called.intents) > 1:
            continue
        shared = intent.keys & matched
        needed = (intent.keys - given) or intent.keys
        is_covered = weights.weigh(needed & keys) >= _SAME_SHARE * weights.weigh(needed)
        if is_covered and weights.weigh(shared) >= _SAME_SHARE * weights.weigh(matched):
            return True
    return False


def _can_fill(other: FunctionDocument, called: FunctionDocument, keys: frozenset[str]) -> bool:
    """Whether what the other function requires is something that the called one takes too, or the request names."""
    own = {name.lower() for name in called.parameters}
    own_words = [frozenset(stem(word) for word in spell_label(name).split()) for name in called.parameters]
    for name in other.required_names:
        words = frozenset(stem(word) for word in spell_label(name).split())
        if name.lower() not in own and words not in own_words and not words <= keys:
            return False
    return True


def could_serve(function: FunctionDocument, plain: str, values: int, weights: Weights) -> bool:
    """Whether an offered function could serve a request, judged without knowing what it was written for.

    Args:
        plain: the request without its values.
        values: how many values the request gives.
    """
    language = "zh" if CHINESE.search(plain) else "en"
    keys = find_keys(plain)
    talk = small_talk("en") | small_talk("zh")
    content = frozenset(key for key in keys if key not in talk)
    if not fits_deed(function, plain):
        return False
    named = sum(1 for name in function.required_names if {stem(w) for w in spell_label(name).split()} & keys)
    if len(function.required_names) - named > values:
        return False
    for intent in function.intents:
        if not intent.keys or (language == "en" and intent.language == "zh"):
            continue
        covered = weights.weigh(intent.keys & keys) / weights.weigh(intent.keys)
        explained = len(content & (function.vocabulary | intent.keys)) / len(content) if content else 0.0
        if covered >= _COVERED and explained >= _EXPLAINED:
            return True
    return False
