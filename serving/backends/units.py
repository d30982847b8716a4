"""Knows the parts of a grammar that stand for one character of a JSON string, and repetitions of them."""

from serving.grammar.language import CharSet, Choice, Grammar, Literal, Node, Reference, Repeat, Sequence

WIDE_LETTERS = 16
"""Letters from which on a set counts as wide: most tokens of a vocabulary are letters. Hexadecimal digits hold 12 and
match few tokens (measured: `[0-9]{1,200}` costs xgrammar 2 ms to compile, `[a-z]{1,200}` 340 ms)."""


def is_unit(node: Node, grammar: Grammar) -> bool:
    """Whether every word of it is one character of a string, or one escape of two characters."""
    match node:
        case CharSet():
            return True
        case Literal(text=text):
            return len(text) == 1
        case Reference(rule=rule):
            return not isinstance(grammar.rules[rule], Reference) and is_unit(grammar.rules[rule], grammar)
        case Choice(options=options):
            return all(not isinstance(each, Choice) and is_unit(each, grammar) for each in options)
        case Sequence(parts=(Literal(text="\\"), CharSet() | Literal(text=_) as escaped)):
            return isinstance(escaped, CharSet) or len(escaped.text) == 1
        case Literal() | Sequence() | Repeat():
            return False


def is_wide(node: Node, grammar: Grammar) -> bool:
    """Whether so many characters are meant that counting them is slow."""
    match node:
        case CharSet(ranges=ranges):
            letters = sum(_overlap(each, (0x41, 0x5A)) + _overlap(each, (0x61, 0x7A)) for each in ranges)
            return letters > WIDE_LETTERS or sum(high - low + 1 for low, high in ranges) > 128
        case Reference(rule=rule):
            return is_wide(grammar.rules[rule], grammar)
        case Choice(options=options):
            return any(is_wide(option, grammar) for option in options)
    return False


def inline_strings(node: Node, grammar: Grammar) -> Node:
    """The node with references to plain strings (quote, repeated characters, quote) put in place of their names."""
    match node:
        case Reference(rule=rule):
            return grammar.rules[rule] if _is_string(grammar.rules[rule], grammar) else node
    return node


def _is_string(node: Node, grammar: Grammar) -> bool:
    match node:
        case Sequence(parts=(Literal(), Repeat(body=body), Literal(text=end))):
            return end.startswith('"') and is_unit(body, grammar)
    return False


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]) + 1)
