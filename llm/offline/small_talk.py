"""Words that ask for nothing: greetings, reasons, turns of phrase."""

import functools
import re

from llm.offline.words import CHINESE, find_tokens, load_data, stem, stop_words

_SPOKEN_FIELDS = ("styles", "plain", "openers", "closers", "reasons", "connectors", "last_connectors", "starts")
_FIXED_WORDS = (
    "details should use set following limit limited most least per page results starting until matching showing yes off"
    " today tomorrow"
)


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
