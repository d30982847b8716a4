"""Whether a function could serve a request, told from what both are about."""

import math
from collections import Counter
from collections.abc import Iterable

from llm.offline.documents import FunctionDocument
from llm.offline.small_talk import small_talk
from llm.offline.subjects import Intent, find_keys
from llm.offline.words import CHINESE, chinese_deeds, find_tokens, find_verb, load_data, nouns_too, spell_label, stem

_STRONG_DEEDS = frozenset({"create", "update", "delete", "send"})
_UNSEEN_VALUES = 1
"""A value that is a plain word does not look like one."""
_SAME_SHARE = 0.85
_COVERED = 0.65
_EXPLAINED = {"en": 0.4, "zh": 0.25}


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


def fits_deed(function: FunctionDocument, intent: Intent, plain: str, also: frozenset[str] = frozenset()) -> bool:
    """Whether a request wants done what an intent of the function does.

    Args:
        also: deeds that other calls for the same request account for.
    """
    if intent.verb.deed == "read":
        strong = (find_deeds(plain, function.vocabulary) & _STRONG_DEEDS) - also
        if CHINESE.search(plain):
            strong -= chinese_deeds(function.description) | chinese_deeds("/".join(small_talk("zh")))
        return not strong
    base = intent.verb.base
    said = {stem(word) for word in find_tokens(plain)}
    if base and (stem(base) in said or (intent.language == "zh" and base in plain)):
        return True
    if intent.object.startswith("or "):
        return True  # "approve or decline": a value of the call says which
    if load_data("words")["own_zh"].get(base, base) in plain:
        return True
    all_deeds = {verb.deed for verb in map(find_verb, find_tokens(plain)) if verb} | chinese_deeds(plain)
    return intent.verb.deed in all_deeds or (not base and intent.language == "zh")


def mentioned_deeds(function: FunctionDocument) -> set[str]:
    """What a function does or says that it does."""
    verbs = filter(None, map(find_verb, find_tokens(function.description)))
    return (
        {verb.deed for verb in verbs}
        | {one.verb.deed for one in function.intents}
        | chinese_deeds(function.description)
    )


def cover_intent(function: FunctionDocument, keys: frozenset[str], given: frozenset[str]) -> tuple[float, Intent]:
    """Share of a function's subject that the request names, for the best of its intents.

    Args:
        keys: what the request is about.
        given: stems of the names of parameters whose values the request gives; "in Lisbon" says "in a city".
    """
    best = (0.0, function.intents[0])
    for intent in function.intents:
        core = intent.core or intent.keys
        needed = (core - given) or core
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
    own_share = _share((own.keys - given) or own.keys, keys, weights)
    for intent in other.intents:
        if intent.language != own.language and len(called.intents) > 1:
            continue
        shared = intent.keys & matched
        needed = (intent.keys - given) or intent.keys
        is_covered = _share(needed, keys, weights) >= _SAME_SHARE * own_share
        if is_covered and weights.weigh(shared) >= _SAME_SHARE * weights.weigh(matched):
            return True
    return False


def _share(needed: frozenset[str], keys: frozenset[str], weights: Weights) -> float:
    return weights.weigh(needed & keys) / weights.weigh(needed) if needed else 0.0


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
    labels = [frozenset(stem(word) for word in spell_label(name).split()) for name in function.parameters]
    named = sum(
        1
        for label, name in zip(labels, function.parameters, strict=True)
        if label & keys and name in function.required_names
    )
    if language == "en" and len(function.required_names) - named > values + _UNSEEN_VALUES:
        return False
    slots = frozenset().union(*labels)
    explained = len(content & function.vocabulary) / len(content) if content else 1.0
    if explained < _EXPLAINED[language]:
        return False
    for intent in function.intents:
        if language == "en" and intent.language == "zh":
            continue
        core = intent.core or intent.keys
        needed = (core - slots) or core
        is_covered = _share(needed, keys, weights) >= _COVERED
        if is_covered and fits_deed(function, intent, plain):
            return True
    return False
