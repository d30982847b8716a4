"""Look for the values of calls in a request, and for what the request says that no call carries."""

import re
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument
from llm.offline.leaves import Leaf, read_leaves
from llm.offline.spoken import Text, find_forms
from llm.offline.words import CHINESE

NO_BEFORE = re.compile(
    r"(?:without|no|not|don't|exclude|excluding|不要|不需要|不用|无需|不|别|非)(?: the| any)?\s*$", re.IGNORECASE
)
NO_AFTER = re.compile(
    r"\s*」?(?:is |are |be |set to |switched |turned |: ?|：)*(?:no|off|false|disabled|否|关闭|不要)\b", re.IGNORECASE
)


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
        """One mention may serve two texts of a call, but of numbers only the very same one of another call."""
        if not isinstance(leaf.value, int | float):
            return True
        return self._owner.get(span, call) != call

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
    return not (NO_BEFORE.search(text[max(0, start - 16) : start]) or NO_AFTER.match(text[end : end + 24]))
