"""Look for the values of calls in a request, and for what the request says that no call carries."""

import functools
import re
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument, Parameter
from llm.offline.leaves import Leaf, read_leaves, shorten_boolean
from llm.offline.spoken import Text, find_forms
from llm.offline.words import CHINESE, find_tokens, load_data, spell_label, stem, stop_words

_NUMBER_WORDS = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.IGNORECASE)
_DIGITS = re.compile(r"[A-Za-z]*\d[\w.,:/@-]*")
_QUOTES = re.compile(r'"[^"]+"|“[^”]+”')
_PROPER = re.compile(r"(?<=[a-z,;] )[A-Z][\w'’-]*")
_WORD = re.compile(r"[A-Za-z][\w'’-]*")
_NO_BEFORE = re.compile(
    r"(?:without|no|not|don't|exclude|excluding|不要|不需要|不用|无需|不|别|非)(?: the| any)?\s*$", re.IGNORECASE
)
_NO_AFTER = re.compile(
    r"\s*(?:is |are |be |set to |switched |turned |: ?|：)*(?:no|off|false|disabled|否|关闭|不要)\b", re.IGNORECASE
)
_YES_AFTER = re.compile(
    r"\s*(?:is |are |be |set to |switched |turned |: ?|：)*(?:yes|on|true|enabled|是)(?:\b|(?=[，。]))", re.IGNORECASE
)
_SETTING = re.compile(r"(\s*(?:is|are|:|：|是|为)?\s*)([A-Za-z][\w'-]*|[\u4e00-\u9fff]{2})")
_SPOKEN_FIELDS = ("styles", "plain", "openers", "closers", "reasons", "connectors", "last_connectors", "starts")
_FIXED_WORDS = "details should use set following limit limited most least per page results starting until matching showing yes off today tomorrow"


class Evidence(NamedTuple):
    """What was found for the calls of one request."""

    text: Text
    notes: list[str]
    """One line per argument: the words that it comes from."""
    unfounded: list[str]
    """Arguments that the request does not give, or gives otherwise."""
    unknown: list[str]
    """Arguments that are not of their function."""
    missing: list[str]
    """Required parameters that a call leaves out."""
    leaves: list[list[Leaf]]
    """Of each call."""
    filled: set[str]
    """Top-level parameters that any call fills."""


def gather_evidence(query: str, calls: list[tuple[FunctionDocument, dict[str, Any]]]) -> Evidence:
    """Look for every argument of every call in the request."""
    language = "zh" if CHINESE.search(query) else "en"
    evidence = Evidence(Text(query), [], [], [], [], [], set())
    for function, arguments in calls:
        reading = read_leaves(arguments, function.parameters)
        evidence.unknown.extend(reading.unknown)
        evidence.missing.extend(name for name in function.required_names if name not in arguments)
        evidence.leaves.append(reading.leaves)
        evidence.filled.update(arguments)
    finder = _Finder(evidence, language)
    everything = [(number, leaf) for number, leaves in enumerate(evidence.leaves) for leaf in leaves]
    for number, leaf in sorted(everything, key=lambda pair: (pair[1].kind == "boolean", -len(str(pair[1].value)))):
        finder.find_leaf(number, leaf)
    return evidence


class _Finder:
    """Finds leaves one after another, each mention explaining one value of a call."""

    def __init__(self, evidence: Evidence, language: str) -> None:
        self._evidence = evidence
        self._language = language
        self._owner: dict[tuple[int, int], int] = {}

    def find_leaf(self, call: int, leaf: Leaf) -> None:
        """Note where a leaf's value stands, or that it does not."""
        values = leaf.value if isinstance(leaf.value, list) else [leaf.value]
        for value in values:
            said = self._find_boolean(leaf, value) if isinstance(value, bool) else self._find_value(call, leaf, value)
            label = leaf.label_en
            if said:
                self._evidence.notes.append(f"{label}: “{said}”")
            elif leaf.is_default:
                self._evidence.notes.append(f"{label}: default")
            else:
                self._evidence.notes.append(f"{label}: {value!r} is not in the request")
                self._evidence.unfounded.append(label)

    def _find_value(self, call: int, leaf: Leaf, value: Any) -> str | None:
        if value is None or value == "":
            return None
        spans: list[tuple[int, int]] = []
        for forms in find_forms(value, self._language).parts:
            span = self._choose_span(call, leaf, forms)
            if span is None and self._language == "zh":
                span = self._choose_span(call, leaf, find_forms(value, "en").parts[len(spans)])
            if span is None:
                return None
            spans.append(span)
        text = self._evidence.text
        for start, end in spans:
            text.take(start, end)
            self._owner[(start, end)] = call
        return " … ".join(text.text[start:end] for start, end in spans)

    def _choose_span(self, call: int, leaf: Leaf, forms: tuple[str, ...]) -> tuple[int, int] | None:
        text = self._evidence.text
        shared = None
        for form in forms:
            spans = text.find_spans(form)
            free = [span for span in spans if text.is_free(*span)]
            if free:
                return free[0] if len(free) == 1 else self._nearest(free, leaf)
            shared = shared or next((span for span in spans if self._may_share(span, call, leaf)), None)
        return shared

    def _may_share(self, span: tuple[int, int], call: int, leaf: Leaf) -> bool:
        """One mention may serve two calls, or two texts of one call, but not two numbers of one call."""
        return self._owner.get(span, -1) != call or not isinstance(leaf.value, int | float)

    def _nearest(self, spans: list[tuple[int, int]], leaf: Leaf) -> tuple[int, int]:
        places = [end for label in (leaf.label_en, leaf.label_zh) for _, end in self._evidence.text.find_spans(label)]
        if not places:
            return spans[0]
        return min(spans, key=lambda span: min(abs(span[0] - place) for place in places))

    def _find_boolean(self, leaf: Leaf, value: bool) -> str | None:
        text = self._evidence.text
        labels = dict.fromkeys(
            (leaf.label(self._language), leaf.short_label(self._language), leaf.label_en, leaf.short_label("en"))
        )
        for label in labels:
            for start, end in text.find_spans(label):
                if read_polarity(text.text, start, end) == value:
                    text.take(start, end)
                    return text.text[start:end]
        return None


def read_polarity(text: str, start: int, end: int) -> bool:
    """Whether a yes-or-no phrase is meant as yes."""
    return not (_NO_BEFORE.search(text[max(0, start - 16) : start]) or _NO_AFTER.match(text[end : end + 24]))


@functools.cache
def small_talk(language: str) -> frozenset[str]:
    """Stems (Chinese: character pairs) of greetings, reasons and turns of phrase, which ask for nothing."""
    frames = load_data("frames")[language]
    texts = [text for field in _SPOKEN_FIELDS for text in frames.get(field, ())]
    plain = " ".join(text if isinstance(text, str) else " ".join(text["frames"]) for text in texts) + " " + _FIXED_WORDS
    plain = re.sub(r"\{\w+\}", "/", plain)
    stems = {stem(word) for word in find_tokens(plain)}
    verbs = {stem(word) for verb in frames["read_verbs"] for word in verb.split()} | {stem(w) for w in stop_words()}
    from_verbs = "/".join(frames["read_verbs"])
    pairs = {
        a + b
        for a, b in zip(plain + from_verbs, (plain + from_verbs)[1:], strict=False)
        if CHINESE.match(a) and CHINESE.match(b)
    }
    return frozenset(stems | verbs | pairs)


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
            _NO_AFTER.match(after) or _YES_AFTER.match(after) or _NO_BEFORE.search(before) or before.endswith("要")
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
    """Words of the request that neither its values nor the functions explain, and how many words there are besides values."""
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
    known |= {a + b for a, b in zip(zh_labels, zh_labels[1:], strict=False)}
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
        if before not in known and after not in known and character not in "的了吗吧呢和与请把将是为要我你您在用个":
            strange.append(character)
    return strange, count
