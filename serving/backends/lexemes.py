"""JSON's own lexemes: a whole quoted string, a run of letters, digits and signs, or any other single character.

Text divides into these in one way only, whatever the grammar. So rules whose terminals are whole lexemes lose no word
to a lexer that takes the longest match.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from serving.grammar.language import CharSet, Choice, Grammar, Literal, Node, Reference, Repeat, Sequence, char_set

RUN = char_set((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), *"+-.")


class Place(IntEnum):
    """Where the text stands."""

    OUTSIDE = 0
    INSIDE = 1
    ESCAPED = 2


Places = frozenset[Place]
NOWHERE: Places = frozenset()


class Lexemes:
    """What the parts of a pruned grammar do to the division into lexemes."""

    def __init__(self, grammar: Grammar) -> None:
        self._rules = dict(grammar.rules)
        self._after = {(rule, place): NOWHERE for rule in grammar.rules for place in Place}
        self._edges = {(rule, at_end): False for rule in grammar.rules for at_end in (False, True)}
        self._empty = dict.fromkeys(grammar.rules, False)
        self._known: dict[tuple[str, int, int], tuple[Node, Any]] = {}
        while self._grow():
            pass

    def _grow(self) -> bool:
        """One round over the rules; what is known of them only grows."""
        before = (dict(self._after), dict(self._edges), dict(self._empty))
        self._known.clear()  # of the last round, in which nothing grows any more, all of it is right
        for rule, node in reversed(self._rules.items()):  # those that a rule names stand behind it
            self._empty[rule] = self.may_be_empty(node)
            for place in Place:
                self._after[rule, place] = self.after(node, place)
            for at_end in (False, True):
                self._edges[rule, at_end] = self.touches_run(node, at_end)
        return before != (self._after, self._edges, self._empty)

    def is_run(self, node: Node) -> bool:
        """Whether its words hold nothing but a run's characters. Not for recursive nodes."""
        return bool(self._once("is_run", node, 0, lambda: self._is_run(node)))

    def _once(self, question: str, node: Node, detail: int, find: Callable[[], Any]) -> Any:
        """Each node is asked once a round: rules and parts are shared, and the ways through them countless."""
        key = (question, id(node), detail)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (node, find())  # the node stays, so that its id stays its own
        return known[1]

    def _is_run(self, node: Node) -> bool:
        match node:
            case Literal(text=text):
                return all(_in_run(char) for char in text)
            case CharSet(ranges=ranges):
                return all(_in_run(chr(low)) and _in_run(chr(high)) and high - low < 26 for low, high in ranges)
            case Reference(rule=rule):
                return self.is_run(self._rules[rule])
            case Repeat(body=body):
                return self.is_run(body)
            case Sequence(parts=parts) | Choice(options=parts):
                return all(map(self.is_run, parts))

    def after(self, node: Node, place: Place) -> Places:
        """Where the text may stand after a word of the node that began at that place."""
        found: Places = self._once("after", node, place, lambda: self._find_after(node, place))
        return found

    def _find_after(self, node: Node, place: Place) -> Places:
        match node:
            case Literal(text=text):
                for char in text:
                    place = _step(place, char)
                return frozenset((place,))
            case CharSet(ranges=ranges):
                samples = [char for char in '"\\a' if any(low <= ord(char) <= high for low, high in ranges)]
                has_other = any(chr(low) not in '"\\' or low != high for low, high in ranges)
                return frozenset(_step(place, char) for char in [*samples, *("a" if has_other else "")])
            case Reference(rule=rule):
                return self._after[rule, place]
            case Choice(options=options):
                return NOWHERE.union(*(self.after(option, place) for option in options))
            case Sequence(parts=parts):
                places = frozenset((place,))
                for part in parts:
                    places = NOWHERE.union(*(self.after(part, each) for each in places))
                return places
            case Repeat(body=body):
                return self._after_repeat(body, node.low, place)

    def _after_repeat(self, body: Node, low: int, place: Place) -> Places:
        places, seen = frozenset((place,)), frozenset((place,)) if low == 0 else NOWHERE
        for _ in range(2 * len(Place)):
            places = NOWHERE.union(*(self.after(body, each) for each in places))
            seen |= places
        return seen

    def touches_run(self, node: Node, at_end: bool) -> bool:
        """Whether a word may end (or begin) with a character of a run."""
        return bool(self._once("touches", node, at_end, lambda: self._touches_run(node, at_end)))

    def _touches_run(self, node: Node, at_end: bool) -> bool:
        match node:
            case Literal(text=text):
                return bool(text) and _in_run(text[-1 if at_end else 0])
            case CharSet(ranges=ranges):
                return any(low <= high_ and low_ <= high for low, high in ranges for low_, high_ in RUN.ranges)
            case Reference(rule=rule):
                return self._edges[rule, at_end]
            case Choice(options=options):
                return any(self.touches_run(option, at_end) for option in options)
            case Repeat(body=body):
                return self.touches_run(body, at_end)
            case Sequence(parts=parts):
                for part in reversed(parts) if at_end else parts:
                    if self.touches_run(part, at_end):
                        return True
                    if not self.may_be_empty(part):
                        return False
                return False

    def may_be_empty(self, node: Node) -> bool:
        """Whether the empty word is one of its words."""
        return bool(self._once("empty", node, 0, lambda: self._may_be_empty(node)))

    def _may_be_empty(self, node: Node) -> bool:
        match node:
            case Literal(text=text):
                return not text
            case CharSet():
                return False
            case Reference(rule=rule):
                return self._empty[rule]
            case Choice(options=options):
                return any(self.may_be_empty(option) for option in options)
            case Sequence(parts=parts):
                return all(self.may_be_empty(part) for part in parts)
            case Repeat(low=low):
                return low == 0


def _in_run(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in RUN.ranges)


def _step(place: Place, char: str) -> Place:
    if place is Place.ESCAPED:
        return Place.INSIDE
    if char == '"':
        return Place.INSIDE if place is Place.OUTSIDE else Place.OUTSIDE
    return Place.ESCAPED if char == "\\" and place is Place.INSIDE else place
