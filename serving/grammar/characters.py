"""Characters before and after they are spelled in JSON, and the classes of characters that patterns name."""

import json
import re
import unicodedata
from functools import lru_cache

from serving.grammar.language import CharSet, Choice, Literal, Node, char_set, choice, complement

ESCAPED = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""Characters that json.dumps spells with a backslash and one more character."""

DECODED = char_set((0x20, 0x10FFFF), "\b", "\f", "\n", "\r", "\t")
"""Characters that a spelled string may hold; the other control characters need \\u and are left out."""

WORD = char_set((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), "_")
SPACE = char_set(*"\t\n\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff", (0x2000, 0x200A))
WIDE_SPACE = char_set(*SPACE.ranges, "\v", "\u0085", "\u180e", (0x1C, 0x1F))
"""What any reader of a pattern takes for white space; SPACE is what all do."""

UNICODE_CLASS = re.compile(r"\{(?:(?:gc|General_Category|sc|Script|scx)=)?([A-Za-z_]+)\}|\{?([A-Z])\}?")

_LONG_NAMES = {
    "Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Mark": "M", "Number": "N",
    "Decimal_Number": "Nd", "Punctuation": "P", "Symbol": "S", "Separator": "Z", "Space_Separator": "Zs",
}  # fmt: skip

# Parts of Unicode's Scripts.txt that every version since 10 agrees on.
_SCRIPTS = {
    "Han": ((0x3005, 0x3005), (0x3007, 0x3007), (0x3400, 0x4DB5), (0x4E00, 0x9FEA), (0x20000, 0x2A6D6)),
    "Hiragana": ((0x3041, 0x3096), (0x309D, 0x309F)),
    "Katakana": ((0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF6F), (0xFF71, 0xFF9D)),
    "Hangul": ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3)),
    "Latin": ((0x41, 0x5A), (0x61, 0x7A), (0xAA, 0xAA), (0xBA, 0xBA), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2B8)),
    "Cyrillic": ((0x400, 0x484), (0x487, 0x52F)),
    "Greek": ((0x370, 0x373), (0x386, 0x386), (0x388, 0x38A), (0x38E, 0x3A1), (0x3A3, 0x3E1), (0x3F0, 0x3FF)),
    "Arabic": ((0x620, 0x63F), (0x641, 0x64A), (0x671, 0x6DC)),
    "Hebrew": ((0x591, 0x5C7), (0x5D0, 0x5EA)),
    "Thai": ((0xE01, 0xE3A), (0xE40, 0xE5B)),
}


@lru_cache(maxsize=4096)
def spell_character(chars: CharSet) -> Node:
    """One decoded character out of a set, as json.dumps spells it."""
    escaped = [Literal(ESCAPED[char]) for char in ESCAPED if _holds(chars, char)]
    plain = complement(char_set(*ESCAPED), chars)
    plain = complement(char_set((0, 0x1F)), plain)
    if not plain.ranges:
        return choice(list[Node | str](escaped))
    if not escaped:
        return plain if plain.ranges[0][0] != plain.ranges[-1][1] else Literal(chr(plain.ranges[0][0]))
    return Choice((plain, *escaped))


def spell_text(text: str) -> str:
    """The inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def is_spellable(text: str) -> bool:
    """Whether text survives UTF-8; half a surrogate pair does not."""
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def read_unicode_class(name: str | None, is_wide: bool) -> CharSet | None:
    """What `\\p{name}` means; wide: and every character that a newer Unicode may put there. None: not known."""
    if name is None:
        return None
    if name in _SCRIPTS:
        return None if is_wide else char_set(*_SCRIPTS[name])
    category = _LONG_NAMES.get(name, name)
    ranges = _category(category)
    if not ranges:
        return None
    return char_set(*ranges, *(_category("Cn") if is_wide else ()))


@lru_cache(maxsize=64)
def _category(category: str) -> tuple[tuple[int, int], ...]:
    found = (ranges for name, ranges in _categories().items() if name.startswith(category))
    return tuple(sorted(pair for ranges in found for pair in ranges))


@lru_cache(maxsize=1)
def _categories() -> dict[str, list[tuple[int, int]]]:
    """Runs of code points of each general category; a tenth of a second, once."""
    found: dict[str, list[tuple[int, int]]] = {}
    start = 0
    for code, name in enumerate(map(unicodedata.category, map(chr, range(0x110000)))):
        if code == 0x10FFFF or unicodedata.category(chr(code + 1)) != name:
            found.setdefault(name, []).append((start, code))
            start = code + 1
    return found


def _holds(chars: CharSet, char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in chars.ranges)
