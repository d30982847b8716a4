"""Several patterns at once: texts that some match and others do not, counted if need be, as right-linear rules.

Classic subset construction over the trees of patterns; used only where a tree alone can't say it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from serving.grammar.characters import DECODED, spell_character
from serving.grammar.language import (
    EMPTY,
    MAX_CODE_POINT,
    CharSet,
    Choice,
    Node,
    Reference,
    Repeat,
    char_set,
    choice,
    sequence,
)
from serving.grammar.trees import Anchor, Chars, Either, Joined, Times, Tree

MOST_STATES = 1000
_MOST_POSITIONS = 3000


class TooLargeError(Exception):
    """The automaton would have more states than a grammar should."""


@dataclass
class _Nfa:
    """Thompson's construction: empty steps and character steps by state."""

    empty: list[list[int]] = field(default_factory=list)
    steps: list[list[tuple[CharSet, int]]] = field(default_factory=list)

    def state(self) -> int:
        if len(self.empty) > _MOST_POSITIONS:
            raise TooLargeError
        self.empty.append([])
        self.steps.append([])
        return len(self.empty) - 1

    def add(self, tree: Tree, start: int) -> int:
        """Build a tree behind a state; the state it ends in."""
        if isinstance(tree, Chars):
            end = self.state()
            self.steps[start].append((tree.chars, end))
            return end
        if isinstance(tree, Joined):
            for part in tree.parts:
                start = self.add(part, start)
            return start
        if isinstance(tree, Either):
            return self._either(tree, start)
        if isinstance(tree, Anchor):
            raise TypeError("Anchors are resolved by read_pattern before an automaton is made.")
        return self._times(tree, start)

    def _either(self, tree: Either, start: int) -> int:
        end = self.state()
        for option in tree.options:
            begin = self.state()
            self.empty[start].append(begin)
            self.empty[self.add(option, begin)].append(end)
        return end

    def _times(self, tree: Times, start: int) -> int:
        for _ in range(tree.low):
            start = self.add(tree.body, start)
        end = self.state()
        self.empty[start].append(end)
        if tree.high is None:
            loop = self.state()
            self.empty[start].append(loop)
            back = self.add(tree.body, loop)
            self.empty[back] += [loop, end]
            return end
        for _ in range(tree.high - tree.low):
            start = self.add(tree.body, start)
            self.empty[start].append(end)
        return end

    def close(self, states: Iterable[int]) -> frozenset[int]:
        found, todo = set(states), list(states)
        while todo:
            for after in self.empty[todo.pop()]:
                if after not in found:
                    found.add(after)
                    todo.append(after)
        return frozenset(found)


class _Dfa:
    """One tree's automaton, made as far as it is walked: states are numbers, the dead one is 0."""

    def __init__(self, tree: Tree) -> None:
        self._nfa = _Nfa()
        begin = self._nfa.state()
        self._end = self._nfa.add(tree, begin)
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._edges: dict[int, dict[int, int]] = {}
        self._number(frozenset())
        self.start = self._number(self._nfa.close([begin]))
        self.sets = list(dict.fromkeys(chars for steps in self._nfa.steps for chars, _ in steps))
        self.classes_of: dict[CharSet, list[int]] = {}
        """Classes of characters, by number, that each set is made of."""

    def is_end(self, state: int) -> bool:
        return self._end in self._sets[state]

    def edges(self, state: int) -> dict[int, int]:
        """The state after each class of characters; those that lead nowhere are left out."""
        if state not in self._edges:
            reached: dict[int, set[int]] = {}
            for at in self._sets[state]:
                for chars, to in self._nfa.steps[at]:
                    for each in self.classes_of[chars]:
                        reached.setdefault(each, set()).add(to)
            same: dict[frozenset[int], int] = {}
            self._edges[state] = {each: self._close(frozenset(to), same) for each, to in reached.items()}
        return self._edges[state]

    def _close(self, states: frozenset[int], known: dict[frozenset[int], int]) -> int:
        if states not in known:
            known[states] = self._number(self._nfa.close(states))
        return known[states]

    def _number(self, states: frozenset[int]) -> int:
        if states not in self._numbers:
            if len(self._sets) > MOST_STATES:
                raise TooLargeError
            self._numbers[states] = len(self._sets)
            self._sets.append(states)
        return self._numbers[states]


class _State(NamedTuple):
    places: tuple[int, ...]
    length: int


class Automaton:
    """The texts that all of `wanted` match whole, and none of `unwanted`, of a length between low and high."""

    def __init__(self, wanted: Iterable[Tree], unwanted: Iterable[Tree], low: int, high: int | None) -> None:
        self._wanted = [_Dfa(tree) for tree in wanted]
        self._unwanted = [_Dfa(tree) for tree in unwanted]
        self._all = self._wanted + self._unwanted
        self._low, self._high = low, high
        self._classes, classes_of = _partition([chars for dfa in self._all for chars in dfa.sets])
        for dfa in self._all:
            dfa.classes_of = classes_of
        self.start = _State(tuple(dfa.start for dfa in self._all), 0)

    def _is_end(self, state: _State) -> bool:
        ends = [dfa.is_end(place) for dfa, place in zip(self._all, state.places, strict=True)]
        count = len(self._wanted)
        return all(ends[:count]) and not any(ends[count:]) and state.length >= self._low

    def _after(self, state: _State) -> dict[_State, list[int]]:
        """Classes of characters by the state that they lead to."""
        if self._high is not None and state.length >= self._high:
            return {}
        edges = [dfa.edges(place) for dfa, place in zip(self._all, state.places, strict=True)]
        needed = edges[: len(self._wanted)]
        length = min(state.length + 1, self._high if self._high is not None else self._low)
        found: dict[_State, list[int]] = {}
        for each in min(needed, key=len) if needed else range(len(self._classes)):
            if all(each in edge for edge in needed):
                found.setdefault(_State(tuple(edge.get(each, 0) for edge in edges), length), []).append(each)
        return found

    def _explore(self, most: int) -> dict[_State, dict[_State, list[int]]]:
        edges: dict[_State, dict[_State, list[int]]] = {}
        todo = [self.start]
        while todo:
            state = todo.pop()
            if state in edges:
                continue
            if len(edges) >= most:
                raise TooLargeError
            edges[state] = self._after(state)
            todo += edges[state]
        return edges

    def node(self, reserve: Callable[[], str], define: Callable[[str, Node], None], most: int = MOST_STATES) -> Node:
        """The language as rules; Choice(()) if it is empty.

        Raises:
            TooLargeError: it needs more than `most` states.
        """
        edges = self._explore(most)
        alive = self._alive(edges)
        if self.start not in alive:
            return Choice(())
        names = {state: reserve() for state in edges if state in alive}
        for state, name in reversed(names.items()):  # ends first: what reads rules in order settles sooner
            define(name, self._rule(state, edges[state], names))
        return Reference(names[self.start])

    def _rule(self, state: _State, edges: dict[_State, list[int]], names: dict[_State, str]) -> Node:
        options: list[Node] = [EMPTY] if self._is_end(state) else []
        loop: Node | None = None
        for after, classes in edges.items():
            if after not in names:
                continue
            unit = spell_character(char_set(*(pair for each in classes for pair in self._classes[each].ranges)))
            if after == state:
                loop = Repeat(unit)
            else:
                options.append(sequence(unit, Reference(names[after])))
        rest = choice(options)
        return rest if loop is None else sequence(loop, rest)

    def _alive(self, edges: dict[_State, dict[_State, list[int]]]) -> set[_State]:
        before: dict[_State, list[_State]] = {}
        for state, afters in edges.items():
            for after in afters:
                before.setdefault(after, []).append(state)
        alive = {state for state in edges if self._is_end(state)}
        todo = list(alive)
        while todo:
            for state in before.get(todo.pop(), ()):
                if state not in alive:
                    alive.add(state)
                    todo.append(state)
        return alive


def _has(chars: CharSet, code: int) -> bool:
    place = bisect_right(chars.ranges, (code, MAX_CODE_POINT))
    return place > 0 and code <= chars.ranges[place - 1][1]


def _partition(sets: list[CharSet]) -> tuple[list[CharSet], dict[CharSet, list[int]]]:
    """Classes of characters that no set tells apart, and the classes that each set is made of."""
    unique = list(dict.fromkeys(sets))
    edges = {edge for chars in (DECODED, *unique) for low, high in chars.ranges for edge in (low, high + 1)}
    groups: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for low, following in pairwise(sorted(edges)):
        if _has(DECODED, low):
            signature = tuple(number for number, chars in enumerate(unique) if _has(chars, low))
            groups.setdefault(signature, []).append((low, following - 1))
    made_of: dict[CharSet, list[int]] = {chars: [] for chars in unique}
    for each, signature in enumerate(groups):
        for number in signature:
            made_of[unique[number]].append(each)
    return [char_set(*ranges) for ranges in groups.values()], made_of
