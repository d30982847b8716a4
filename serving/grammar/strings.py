"""Strings: lengths, patterns and formats together, over decoded characters, spelled as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from serving.grammar.automaton import MOST_STATES, Automaton, TooLargeError
from serving.grammar.characters import DECODED, is_spellable, spell_character, spell_text
from serving.grammar.language import (
    EMPTY,
    STRING_UNIT,
    Choice,
    Node,
    Repeat,
    char_set,
    choice,
    complement,
    sequence,
)
from serving.grammar.trees import (
    ANY_TEXT,
    Chars,
    Either,
    Joined,
    Times,
    Tree,
    can_be_empty,
    limit_length,
    without_empty,
)

NOTHING = Choice(())


@dataclass(frozen=True)
class TextRules:
    """What a string has to be."""

    low: int = 0
    high: int | None = None
    wanted: tuple[Tree, ...] = ()
    unwanted: tuple[Tree, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether any string will do."""
        return self == TextRules()


@dataclass
class RuleStore:
    """Where an automaton puts its states, and how many more a schema may have."""

    reserve: Callable[[], str]
    define: Callable[[str, Node], None]
    budget: int = 2500


class SpelledText:
    """The inside of a string, between its quotes, and what had to be left out of its rules."""

    def __init__(self, node: Node, lost: Sequence[str] = ()) -> None:
        self.node = node
        self.lost = tuple(lost)


def spell_string(rules: TextRules, store: RuleStore) -> SpelledText:
    """The strings that follow the rules; what they are too many for is named."""
    if rules.high is not None and rules.low > rules.high:
        return SpelledText(NOTHING)
    if not rules.wanted and not rules.unwanted:
        return SpelledText(_free(rules.low, rules.high))
    if not rules.unwanted and len(rules.wanted) == 1:
        bounded = limit_length(rules.wanted[0], rules.low, rules.high)
        if bounded is not None:
            return SpelledText(spell_tree(bounded))
    return _by_automaton(rules, store)


def _free(low: int, high: int | None) -> Node:
    return EMPTY if high == 0 else Repeat(STRING_UNIT, low, high)


def _by_automaton(rules: TextRules, store: RuleStore) -> SpelledText:
    attempts: list[tuple[tuple[str, ...], TextRules]] = [
        ((), rules),
        (("length",), TextRules(0, None, rules.wanted, rules.unwanted)),
        (("length", "not"), TextRules(0, None, rules.wanted, ())),
        (("length", "not", "pattern"), TextRules(0, None, rules.wanted[:1], ())),
    ]
    for lost, attempt in attempts:
        if len(attempt.wanted) == 1 and not attempt.unwanted and lost:
            return SpelledText(spell_tree(attempt.wanted[0]), lost)
        wanted = attempt.wanted or (ANY_TEXT,)
        try:
            automaton = Automaton(wanted, attempt.unwanted, attempt.low, attempt.high)
            most = min(MOST_STATES, store.budget)
            store.budget -= most // 10  # what it costs to find out that there are too many
            node = automaton.node(store.reserve, store.define, most)
        except TooLargeError:
            continue
        return SpelledText(node, lost)
    return SpelledText(_free(rules.low, rules.high), ("pattern", "not"))


def spell_tree(tree: Tree) -> Node:
    """A pattern's tree as spelled characters."""
    if isinstance(tree, Chars):
        return spell_character(tree.chars)
    if isinstance(tree, Joined):
        parts = [spell_tree(part) for part in tree.parts]
        return NOTHING if NOTHING in parts else sequence(*parts)
    if isinstance(tree, Either):
        options = [spell_tree(option) for option in tree.options]
        return choice([option for option in options if option != NOTHING])
    if not isinstance(tree, Times):
        raise TypeError("Anchors are resolved by read_pattern before a tree is spelled.")
    return _spell_times(tree)


def _spell_times(tree: Times) -> Node:
    low = tree.low
    body_tree: Tree | None = tree.body
    if can_be_empty(tree.body):
        low, body_tree = 0, without_empty(tree.body)
    body = NOTHING if body_tree is None else spell_tree(body_tree)
    if body == NOTHING:
        return EMPTY if low == 0 else NOTHING
    if tree.high == 0:
        return EMPTY
    return body if low == tree.high == 1 else Repeat(body, low, tree.high)


@lru_cache(maxsize=1024)
def spell_other_than(names: frozenset[str]) -> Node:
    """The inside of any string but these; what a key of an open object may be."""
    if not names:
        return Repeat(STRING_UNIT)
    return _other_than(sorted(name for name in names if is_spellable(name) and all(map(_is_decoded, name))))


def _other_than(names: list[str]) -> Node:
    heads: dict[str, list[str]] = {}
    for name in names:
        if name:
            heads.setdefault(name[0], []).append(name[1:])
    unit = spell_character(complement(char_set(*heads), DECODED))
    options: list[Node] = [sequence(unit, Repeat(_ANY_UNIT))]
    if "" not in names:
        options.insert(0, EMPTY)
    options += [sequence(spell_text(head), _other_than(tails)) for head, tails in heads.items()]
    return choice(options)


def _is_decoded(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in DECODED.ranges)


_ANY_UNIT = spell_character(DECODED)
