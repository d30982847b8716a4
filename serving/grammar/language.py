"""A grammar over the characters of spelled JSON: the one form that the schema compiler makes and everything else reads.

Small on purpose: literal text, sets of characters, sequence, choice, counted repetition, named rules.
`Grammar({"root": Sequence((Literal('{"city": '), Reference("string"), Literal("}")))…}, "root")`
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_CODE_POINT = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)


@dataclass(frozen=True)
class Literal:
    """Exactly this text; "" is the empty word."""

    text: str


@dataclass(frozen=True)
class CharSet:
    """One character out of inclusive code point ranges, sorted, disjoint and without surrogates."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Sequence:
    """All parts in order; none is the empty word."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """Any one option; none means that nothing matches."""

    options: tuple["Node", ...]


@dataclass(frozen=True)
class Repeat:
    """`low` to `high` times; `high` None is without end. The body never matches the empty word."""

    body: "Node"
    low: int = 0
    high: int | None = None


@dataclass(frozen=True)
class Reference:
    """The rule of that name."""

    rule: str


Node = Literal | CharSet | Sequence | Choice | Repeat | Reference

EMPTY = Literal("")


@dataclass(frozen=True)
class Grammar:
    """Named rules and where to start. No rule is left-recursive."""

    rules: Mapping[str, Node]
    start: str = "root"


@dataclass(frozen=True)
class SchemaGrammar:
    """The spelled arguments that a JSON schema allows, as far as a grammar can say it."""

    grammar: Grammar
    widened: tuple[str, ...] = field(default=())
    """Keywords the grammar could not express, each with its place: `/properties/tags: uniqueItems`. Empty: every word
    of the grammar is valid. Otherwise a call is held back until the validator has passed it."""


def char_set(*ranges: tuple[int, int] | str) -> CharSet:
    """A set out of ranges of code points and single characters, normalised; surrogates are taken out."""
    pairs = [(ord(each), ord(each)) if isinstance(each, str) else each for each in ranges]
    pairs = [part for pair in pairs for part in _without(pair, SURROGATES)]
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return CharSet(tuple(merged))


def complement(chars: CharSet, within: CharSet) -> CharSet:
    """The characters of `within` that are not in `chars`."""
    pieces = list(within.ranges)
    for taken in chars.ranges:
        pieces = [part for piece in pieces for part in _without(piece, taken)]
    return char_set(*pieces)


MOST_FLATTENED = 6
"""Parts of a sequence that are copied into a longer one; beyond that, building n in a row would cost n squared."""


def sequence(*parts: Node | str) -> Node:
    """A sequence, short ones in it flattened, with neighbouring literals joined."""
    flat: list[Node] = []
    for part in parts:
        node = Literal(part) if isinstance(part, str) else part
        is_short = isinstance(node, Sequence) and len(node.parts) <= MOST_FLATTENED
        for each in node.parts if isinstance(node, Sequence) and is_short else (node,):
            if not isinstance(each, Literal):
                flat.append(each)
            elif flat and isinstance(flat[-1], Literal):
                flat[-1] = Literal(flat[-1].text + each.text)
            elif each.text:
                flat.append(each)
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat)) if flat else EMPTY


def choice(options: Iterable[Node | str]) -> Node:
    """A choice; equal texts, sets and names once."""
    unique: dict[object, Node] = {}
    for each in options:
        node = Literal(each) if isinstance(each, str) else each
        # Deep nodes are not compared: that costs more than a double does.
        unique.setdefault(node if isinstance(node, Literal | CharSet | Reference) else id(node), node)
    return next(iter(unique.values())) if len(unique) == 1 else Choice(tuple(unique.values()))


def _without(piece: tuple[int, int], taken: tuple[int, int]) -> list[tuple[int, int]]:
    left = (piece[0], min(piece[1], taken[0] - 1))
    right = (max(piece[0], taken[1] + 1), piece[1])
    return [pair for pair in (left, right) if pair[0] <= pair[1]]


CHARACTER = char_set((0x20, MAX_CODE_POINT))
"""Every character that JSON text may hold inside a string, before `"` and the backslash are taken out."""

PLAIN = complement(char_set('"', "\\"), CHARACTER)
"""Characters that stand for themselves in a JSON string."""

HEX = char_set((0x30, 0x39), (0x41, 0x46), (0x61, 0x66))

STRING_UNIT = Choice(
    (
        PLAIN,
        Sequence((Literal("\\"), char_set(*'"\\/bfnrt'))),
    )
)
"""One character of a JSON string as it is spelled. `\\u` escapes are left out: every character but the C0 controls has
another spelling, and the escapes let half a surrogate pair in."""

ANY_STRING = sequence('"', Repeat(STRING_UNIT), '"')
