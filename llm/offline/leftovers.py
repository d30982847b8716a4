"""What a request says that no call carries: values left over, words that nothing explains."""

import functools
import re
from itertools import pairwise

from llm.offline.documents import FunctionDocument, Parameter
from llm.offline.evidence import NO_AFTER, NO_BEFORE, Evidence
from llm.offline.leaves import shorten_boolean
from llm.offline.small_talk import small_talk
from llm.offline.spoken import Text
from llm.offline.subjects import chinese_pairs
from llm.offline.words import CHINESE, find_tokens, load_data, spell_label, stem, stop_words

_NUMBER_WORDS = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.IGNORECASE)
_DIGITS = re.compile(r"[A-Za-z]*\d[\w.,:/@-]*")
_QUOTES = re.compile(r'"[^"]+"|“[^”]+”')
_PROPER = re.compile(r"(?<=[a-z,;] )[A-Z][A-Za-z0-9'’-]*")
_WORD = re.compile(r"[A-Za-z][\w'’-]*")
_YES_AFTER = re.compile(
    r"\s*」?(?:is |are |be |set to |switched |turned |: ?|：)*(?:yes|on|true|enabled|是)(?:\b|(?=[，。]))",
    re.IGNORECASE,
)
_SETTING = re.compile(r"(」?\s*(?:is|are|:|：|是|为)?\s*)([A-Za-z][\w'-]*|[\u4e00-\u9fff]{2})")


def find_leftovers(evidence: Evidence, functions: list[FunctionDocument]) -> list[str]:
    """Values of the request that no call carries: numbers, quoted texts, proper names, words set for a parameter."""
    text = evidence.text
    language = "zh" if CHINESE.search(text.text) else "en"
    known = small_talk(language) | small_talk("en")
    vocabulary = frozenset().union(*(function.vocabulary for function in functions)) if functions else frozenset()
    found = []
    for pattern in (_DIGITS, _QUOTES, _PROPER) + ((_NUMBER_WORDS,) if language == "en" else ()):
        for match in pattern.finditer(text.text):
            word = match.group().strip('.,:;"“”?!')
            if not text.is_free(*match.span()) or all(
                stem(part) in vocabulary | known for part in re.split(r"[-/_.]", word)
            ):
                continue
            if pattern is _QUOTES and any(text.taken[match.start() : match.end()]):
                continue
            found.append(match.group())
    if not found:
        found = _find_set_words(evidence, functions, known, vocabulary, language)
    return found


def _find_set_words(
    evidence: Evidence,
    functions: list[FunctionDocument],
    known: frozenset[str],
    vocabulary: frozenset[str],
    language: str,
) -> list[str]:
    """Words right behind the name of a parameter that the calls leave out."""
    used = {leaf.label_en for leaves in evidence.leaves for leaf in leaves}
    text = evidence.text
    found = []
    for function in functions:
        intent_words = {word.lower() for intent in function.intents for word in find_tokens(intent.object)}
        for name, parameter in function.parameters.items():
            label = parameter.label(language)
            if (
                name in evidence.filled
                or parameter.label_en in used
                or {word.lower() for word in label.split()} <= intent_words
            ):
                continue
            found.extend(_find_setting(text, parameter, language, known | vocabulary))
    return found


def _find_setting(text: Text, parameter: Parameter, language: str, explained: frozenset[str]) -> list[str]:
    """What the request sets one left-out parameter to."""
    is_boolean = parameter.kind == "boolean"
    label = parameter.label(language)
    found = []
    for start, end in text.find_spans(shorten_boolean(label) if is_boolean else label):
        if not text.is_free(start, end):
            continue
        before, after = text.text[max(0, start - 12) : start], text.text[end : end + 40]
        if is_boolean and (
            NO_AFTER.match(after) or _YES_AFTER.match(after) or NO_BEFORE.search(before) or before.endswith("要")
        ):
            found.append(text.text[start:end] + after[:8])
        elif not is_boolean:
            found.extend(_word_behind(text, end, parameter, explained))
    return found


def _word_behind(text: Text, end: int, parameter: Parameter, explained: frozenset[str]) -> list[str]:
    match = _SETTING.match(text.text, end)
    if match is None or not text.is_free(*match.span(2)):
        return []
    word = match.group(2)
    options = [str(option).lower().replace("_", " ") for option in parameter.schema.get("enum") or ()]
    is_option = any(text.folded.startswith(option, match.start(2)) for option in options)
    is_explained = (stem(word) in explained or word in explained) and not match.group(1).strip()
    return [] if is_explained and not is_option else [word]


def find_strange_words(evidence: Evidence, functions: list[FunctionDocument]) -> tuple[list[str], int]:
    """Words of the request that neither values nor functions explain, and how many words it has besides values."""
    text = evidence.text
    language = "zh" if CHINESE.search(text.text) else "en"
    explained = set(small_talk("en"))
    for function in functions:
        explained |= function.vocabulary
    for leaves in evidence.leaves:
        for leaf in leaves:
            explained.update(stem(word) for word in leaf.label_en.split())
            explained.update(stem(word) for word in spell_label(leaf.label_en).split())
    words = [match.group() for match in _WORD.finditer(text.text) if text.is_free(*match.span())]
    strange = [
        word for word in words if stem(word) not in explained and word.lower() not in stop_words() and len(word) > 2
    ]
    if language == "en":
        return strange, len(words)
    known = explained | small_talk("zh")
    zh_labels = "/".join(leaf.label_zh for leaves in evidence.leaves for leaf in leaves)
    known |= {a + b for a, b in pairwise(zh_labels)} | _product_verbs()
    strange_zh, count = _strange_characters(text, known)
    return [*strange, *strange_zh], len(words) + count


def _strange_characters(text: Text, known: set[str] | frozenset[str]) -> tuple[list[str], int]:
    characters = text.text
    strange, count = [], 0
    for index, character in enumerate(characters):
        if text.taken[index] or not CHINESE.match(character):
            continue
        count += 1
        before, after = characters[index - 1 : index + 1], characters[index : index + 2]
        if before not in known and after not in known and character not in "的了吗吧呢和与请把将是为要我你您在用个嗨嘿":
            strange.append(character)
    return strange, count


@functools.cache
def _product_verbs() -> frozenset[str]:
    """Verbs that Chinese requests to an English product are made with."""
    deeds = "/".join(verb for verbs in load_data("frames")["zh"]["deeds"].values() for verb in verbs)
    return frozenset(chinese_pairs(deeds + "/执行/" + "/".join(load_data("words")["own_zh"].values())))
