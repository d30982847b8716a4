"""Patterns of JSON schema read into a tree: the part of ECMA-262 that Python, Rust and JavaScript agree on.

What a pattern means differs between them at some characters (`.`, `\\s`, `\\p{…}`); then the set that all agree on is
taken, so that a word we make is right by any reader. Look-around, back references and \\b raise.
"""

import re

from serving.grammar.anchors import UnknownPatternError, resolve_anchors
from serving.grammar.characters import DECODED, SPACE, UNICODE_CLASS, WIDE_SPACE, WORD, read_unicode_class
from serving.grammar.language import CharSet, char_set, complement
from serving.grammar.trees import Anchor, Chars, Either, Joined, Times, Tree

_DIGITS = char_set((0x30, 0x39))
_DOT = complement(char_set("\n", "\r", "\u2028", "\u2029"), DECODED)
_WIDE_DOT = complement(char_set("\n"), DECODED)
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_COUNT = re.compile(r"\{(\d{1,6})(?:(,)(\d{1,6})?)?\}")


def read_pattern(pattern: str, is_wide: bool = False) -> Tree:
    """The texts that a pattern finds a match in, as a tree without anchors that matches them whole.

    Args:
        pattern: as in JSON schema.
        is_wide: where readers disagree take what any of them takes, not what all do; for texts that do not match.

    Raises:
        UnknownPatternError: it can't be expressed.
    """
    return resolve_anchors(parse_pattern(pattern, is_wide))


def parse_pattern(pattern: str, is_wide: bool = False) -> Tree:
    """The pattern as it is written, anchors included.

    Raises:
        UnknownPatternError: it can't be expressed.
    """
    reader = _Reader(pattern, is_wide)
    tree = reader.either()
    if reader.at < len(pattern):
        raise UnknownPatternError(f"unexpected {pattern[reader.at]!r} at {reader.at} of {pattern!r}")
    return tree


class _Reader:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str, is_wide: bool) -> None:
        self.pattern = pattern
        self.is_wide = is_wide
        self.at = 0

    def peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def take(self, text: str) -> bool:
        found = self.peek(text)
        self.at += len(text) if found else 0
        return found

    def next(self) -> str:
        if self.at >= len(self.pattern):
            raise UnknownPatternError(f"{self.pattern!r} ends too early")
        self.at += 1
        return self.pattern[self.at - 1]

    def either(self) -> Tree:
        options = [self.joined()]
        while self.take("|"):
            options.append(self.joined())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def joined(self) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self.counted(self.atom()))
        return parts[0] if len(parts) == 1 else Joined(tuple(parts))

    def counted(self, body: Tree) -> Tree:
        count = self.count()
        if count is None:
            return body
        if isinstance(body, Anchor):
            raise UnknownPatternError("a repeated anchor")
        self.take("?")
        if self.at < len(self.pattern) and (self.pattern[self.at] in "*+?" or _COUNT.match(self.pattern, self.at)):
            raise UnknownPatternError("a possessive or doubled quantifier")
        return Times(body, *count)

    def count(self) -> tuple[int, int | None] | None:
        for mark, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(mark):
                return bounds
        found = _COUNT.match(self.pattern, self.at)
        if found is None:
            return None
        self.at = found.end()
        low = int(found[1])
        high = int(found[3]) if found[3] else None if found[2] else low
        if high is not None and high < low:
            raise UnknownPatternError("a count that ends before it begins")
        return low, high

    def atom(self) -> Tree:
        char = self.next()
        if char == "(":
            return self.group()
        if char == "[":
            return Chars(self.char_class())
        if char in "^$":
            return Anchor(char)
        if char == ".":
            return Chars(_WIDE_DOT if self.is_wide else _DOT)
        if char == "\\":
            return Chars(self.escape(False))
        if char in "*+?{}]":
            raise UnknownPatternError(f"a bare {char!r}")
        return Chars(_one(char))

    def group(self) -> Tree:
        if self.take("?"):
            named = re.compile(r"P?<[A-Za-z_]\w*>").match(self.pattern, self.at)
            if named:
                self.at = named.end()
            elif not self.take(":"):
                raise UnknownPatternError("look-around or flags")
        tree = self.either()
        if not self.take(")"):
            raise UnknownPatternError("a group without end")
        return tree

    def escape(self, is_negated: bool) -> CharSet:
        char = self.next()
        is_wide = (self.is_wide != is_negated) != char.isupper()
        if char in "dDwWsS":
            chars = {"d": _DIGITS, "w": WORD, "s": WIDE_SPACE if is_wide else SPACE}[char.lower()]
            return complement(chars, DECODED) if char.isupper() else chars
        if char in "pP":
            return self.unicode_class(is_wide, char == "P")
        return self.character_escape(char)

    def unicode_class(self, is_wide: bool, is_inverted: bool) -> CharSet:
        found = UNICODE_CLASS.match(self.pattern, self.at)
        chars = read_unicode_class(found[1], is_wide) if found else None
        if found is None or chars is None:
            raise UnknownPatternError("a Unicode class that is not known")
        self.at = found.end()
        return complement(chars, DECODED) if is_inverted else chars

    def character_escape(self, char: str) -> CharSet:
        if char == "0" and self.at < len(self.pattern) and self.pattern[self.at].isdigit():
            raise UnknownPatternError("an octal escape")
        if char in _CONTROLS:
            return _one(_CONTROLS[char])
        if char in "xu":
            return self.hexadecimal(char)
        if char == "c" and self.at < len(self.pattern) and self.pattern[self.at].isalpha():
            return _one(chr(ord(self.next()) % 32))
        if char.isalnum() or ord(char) > 126:
            raise UnknownPatternError(f"\\{char}")
        return _one(char)

    def hexadecimal(self, kind: str) -> CharSet:
        form = r"[0-9a-fA-F]{2}" if kind == "x" else r"[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\}"
        found = re.compile(form).match(self.pattern, self.at)
        if found is None:
            raise UnknownPatternError(f"\\{kind} without its digits")
        self.at = found.end()
        code = int(found[0].strip("{}"), 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise UnknownPatternError("half of a surrogate pair")
        return _one(chr(code))

    def char_class(self) -> CharSet:
        is_negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        if self.peek("]"):
            raise UnknownPatternError("a class that begins with ]")
        while not self.take("]"):
            ranges.extend(self.class_item(is_negated))
        chars = char_set(*ranges)
        return complement(chars, DECODED) if is_negated else chars

    def class_item(self, is_negated: bool) -> tuple[tuple[int, int], ...]:
        if any(self.peek(mark) for mark in ("[", "&&", "--", "~~")):
            raise UnknownPatternError("a class within a class")
        low = self.class_atom(is_negated)
        if not self.peek("-") or self.peek("-]"):
            return low.ranges
        self.take("-")
        if any(self.peek(mark) for mark in ("[", "-")):
            raise UnknownPatternError("a doubtful range")
        high = self.class_atom(is_negated)
        if len(low.ranges) != 1 or len(high.ranges) != 1 or _is_wide(low) or _is_wide(high):
            raise UnknownPatternError("a range between classes")
        if low.ranges[0][0] > high.ranges[0][0]:
            raise UnknownPatternError("a range that ends before it begins")
        return ((low.ranges[0][0], high.ranges[0][0]),)

    def class_atom(self, is_negated: bool) -> CharSet:
        char = self.next()
        if char != "\\":
            return _one(char)
        if self.take("b"):
            return _one("\b")
        return self.escape(is_negated)


def _one(char: str) -> CharSet:
    return CharSet(((ord(char), ord(char)),))


def _is_wide(chars: CharSet) -> bool:
    return chars.ranges[0][0] != chars.ranges[0][1]
