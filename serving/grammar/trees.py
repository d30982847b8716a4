"""Patterns as trees over decoded characters, and what can be read off them: emptiness, lengths, a narrower tree."""

from dataclasses import dataclass

from serving.grammar.characters import DECODED
from serving.grammar.language import CharSet


@dataclass(frozen=True)
class Chars:
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True)
class Joined:
    """All parts in order."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True)
class Either:
    """Any option."""

    options: tuple["Tree", ...]


@dataclass(frozen=True)
class Times:
    """Counted repetition; `high` None is without end."""

    body: "Tree"
    low: int
    high: int | None


@dataclass(frozen=True)
class Anchor:
    """`^` or `$`."""

    mark: str


Tree = Chars | Joined | Either | Times | Anchor
NO_TEXT = Joined(())
ANY_TEXT = Times(Chars(DECODED), 0, None)


def can_be_empty(tree: Tree) -> bool:
    """Whether a tree matches the empty text."""
    if isinstance(tree, Joined):
        return all(can_be_empty(part) for part in tree.parts)
    if isinstance(tree, Either):
        return any(can_be_empty(option) for option in tree.options)
    return isinstance(tree, Times) and (tree.low == 0 or can_be_empty(tree.body))


def without_empty(tree: Tree) -> Tree | None:
    """The same texts less the empty one; None if none is left."""
    if not can_be_empty(tree):
        return tree
    if isinstance(tree, Either):
        options = [without_empty(option) for option in tree.options]
        return Either(tuple(option for option in options if option is not None))
    if isinstance(tree, Joined):
        ways: list[Tree] = []
        for place, part in enumerate(tree.parts):
            first = without_empty(part)
            if first is not None:
                ways.append(Joined((first, *tree.parts[place + 1 :])))
        return Either(tuple(ways)) if ways else None
    if not isinstance(tree, Times) or tree.high == 0:
        return None
    body = without_empty(tree.body)
    return None if body is None else Times(body, max(tree.low, 1) if not can_be_empty(tree.body) else 1, tree.high)


def length_of(tree: Tree) -> tuple[int, int | None]:
    """Shortest and longest text that a tree matches."""
    if isinstance(tree, Chars):
        return 1, 1
    if isinstance(tree, Joined):
        parts = [length_of(part) for part in tree.parts]
        return sum(low for low, _ in parts), _total([high for _, high in parts])
    if isinstance(tree, Either):
        options = [length_of(option) for option in tree.options]
        highs = [high for _, high in options if high is not None]
        return min((low for low, _ in options), default=0), max(highs, default=0) if len(highs) == len(
            options
        ) else None
    if not isinstance(tree, Times):
        return 0, 0
    low, high = length_of(tree.body)
    longest = 0 if tree.high == 0 or high == 0 else None if tree.high is None or high is None else high * tree.high
    return low * tree.low, longest


def limit_length(tree: Tree, low: int, high: int | None) -> Tree | None:
    """The texts of a tree within a length, where the tree itself can say so; None where it can't."""
    shortest, longest = length_of(tree)
    if shortest >= low and (high is None or (longest is not None and longest <= high)):
        return tree
    parts = tree.parts if isinstance(tree, Joined) else (tree,)
    loose = [place for place, part in enumerate(parts) if length_of(part)[0] != length_of(part)[1]]
    if len(loose) != 1:
        return None
    part = parts[loose[0]]
    if not isinstance(part, Times) or not isinstance(part.body, Chars):
        return None
    rest = sum(length_of(each)[0] for place, each in enumerate(parts) if place != loose[0])
    least = max(part.low, low - rest)
    most = part.high if high is None else high - rest if part.high is None else min(part.high, high - rest)
    if most is not None and most < least:
        return Either(())
    return Joined((*parts[: loose[0]], Times(part.body, least, most), *parts[loose[0] + 1 :]))


def literal_tree(text: str) -> Tree:
    """A tree that matches one text."""
    return Joined(tuple(Chars(CharSet(((ord(char), ord(char)),))) for char in text))


def _total(highs: list[int | None]) -> int | None:
    known = [high for high in highs if high is not None]
    return sum(known) if len(known) == len(highs) else None
