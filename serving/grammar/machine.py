"""Reads a grammar byte by byte: which bytes may follow, whether a word may end, and the shortest way to its end.

A set of stacks of what is still to come, advanced in parallel (so ambiguity costs nothing but a larger set). Stacks and
sets are interned and their transitions remembered: a lazily made automaton, about 0.1 µs a byte once warm.
"""

from collections.abc import Iterable
from functools import cached_property

from serving.grammar.language import CharSet, Choice, Grammar, Literal, Node, Reference, Repeat, Sequence
from serving.grammar.shortest import ShortestWords
from serving.grammar.utf8 import first_bytes, prefix_range

MOST_STATES = 50_000
"""States remembered per machine before it starts afresh; a counted string of n characters makes n of them."""
MOST_STACKS = 4096
"""Ways at once through an ambiguous grammar; alternatives that begin alike double them at every level."""

_QUOTE = ord('"')


class Stack:
    """What is still to come: a node of which `count` characters, parts or rounds are done, and what follows it."""

    __slots__ = ("below", "count", "expansion", "length", "node")

    def __init__(self, node: Node, count: int, below: "Stack | None", length: int) -> None:
        self.node = node
        self.count = count
        self.below = below
        self.length = length
        """Bytes of the shortest end."""
        self.expansion: tuple[frozenset[Stack], bool] | None = None
        """Stacks whose top is a literal or a set of characters, and whether the word may end here."""


class State:
    """Where a word stands. Equal states are the same object, until the machine starts afresh."""

    __slots__ = ("__dict__", "_edges", "_machine", "_partial", "_stacks", "is_end")

    def __init__(self, machine: "Machine", stacks: frozenset[Stack], is_end: bool, partial: bytes = b"") -> None:
        self._machine = machine
        self._stacks = stacks
        self._partial = partial
        self._edges: dict[int, State | None] = {}
        self.is_end = is_end and not partial
        """Whether the word may end here."""

    def step(self, byte: int) -> "State | None":
        """The state after one more byte of UTF-8, or None where no word goes on so."""
        try:
            return self._edges[byte]
        except KeyError:
            target = self._edges[byte] = self._machine.advance(self._stacks, self._partial + bytes((byte,)))
            return target

    def forget(self) -> None:
        """Drop the way to all other states."""
        self._edges.clear()

    def step_char(self, code_point: int) -> "State | None":
        """The state after one more character; not inside one."""
        return self.walk(chr(code_point).encode())

    def walk(self, text: bytes) -> "State | None":
        """The state after more text."""
        state: State | None = self
        for byte in text:
            if state is None:
                return None
            state = state.step(byte)
        return state

    def allows(self, code_point: int) -> bool:
        """Whether that character may follow."""
        return any(_takes(stack, code_point) for stack in self._stacks)

    @cached_property
    def next_bytes(self) -> frozenset[int]:
        """The bytes that may follow."""
        if self._partial:
            return frozenset(byte for byte in range(0x80, 0xC0) if self.step(byte) is not None)
        found: set[int] = set()
        for stack in self._stacks:
            found |= _first_bytes(stack)
        return frozenset(found)

    @cached_property
    def shortest_length(self) -> int:
        """Bytes of the shortest text that completes the word; cheap."""
        return len(self.shortest) if self._partial else min((stack.length for stack in self._stacks_or_end), default=0)

    @property
    def _stacks_or_end(self) -> Iterable[Stack]:
        return () if self.is_end else self._stacks

    @cached_property
    def shortest(self) -> bytes:
        """The shortest text that completes the word; b"" where it may end."""
        if self.is_end:
            return b""
        if self._partial:
            byte = min(self.next_bytes)
            following = self.step(byte)
            return bytes((byte,)) + (following.shortest if following else b"")
        return self._machine.words.of_stack(min(self._stacks, key=lambda stack: stack.length)).encode()

    @cached_property
    def room(self) -> tuple[int, int | None] | None:
        """Inside a string of bounded length: characters that must, and that may, still come; None elsewhere."""
        if self._partial:
            return None
        rooms = {_room(stack) for stack in self._stacks if isinstance(stack.node, CharSet)} - {None}
        return rooms.pop() if len(rooms) == 1 else None


class Machine:
    """A grammar made ready to read.

    Raises:
        ValueError: a rule is unknown or left-recursive, or no word is finite.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._rules = grammar.rules
        self.words = ShortestWords(grammar.rules)
        self._stacks: dict[tuple[int, int, int], Stack] = {}
        self._states: dict[tuple[frozenset[Stack], bool, bytes], State] = {}
        self._start_node = Reference(grammar.start)
        self._check_recursion()
        self.start = self._begin()

    def _begin(self) -> State:
        stacks, is_end = self._expand(self._push(self._start_node, 0, None))
        return self._intern(stacks, is_end)

    def accepts(self, text: bytes) -> bool:
        """Whether this is a word."""
        state = self.start.walk(text)
        return state is not None and state.is_end

    def advance(self, stacks: frozenset[Stack], text: bytes) -> State | None:
        """One character, or the part of one, further; for `State` alone."""
        if len(text) == 1 and text[0] < 0x80:
            return self._after(stacks, text[0])
        reach = prefix_range(text)
        if reach is None:
            return None
        if reach[0] == reach[1]:
            return self._after(stacks, reach[0])
        if not any(_reaches(stack, reach) for stack in stacks):
            return None
        return self._intern(stacks, False, text)

    def _after(self, stacks: frozenset[Stack], code_point: int) -> State | None:
        following: set[Stack] = set()
        is_end = False
        for stack in stacks:
            if not _takes(stack, code_point):
                continue
            node = stack.node
            if isinstance(node, Literal) and stack.count + 1 < len(node.text):
                following.add(self._push(node, stack.count + 1, stack.below))
            elif stack.below is None:
                is_end = True
            else:
                more, may_end = self._expand(stack.below)
                following |= more
                is_end = is_end or may_end
        if len(following) > MOST_STACKS:
            raise ValueError(f"The grammar is too ambiguous: {len(following)} ways lead on from one place.")
        return self._intern(frozenset(following), is_end) if following or is_end else None

    def _intern(self, stacks: frozenset[Stack], is_end: bool, partial: bytes = b"") -> State:
        key = (stacks, is_end, partial)
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= MOST_STATES:
                self._states.clear()
                self._stacks.clear()  # those in use live on in their states
                self.start.forget()
            state = self._states[key] = State(self, stacks, is_end, partial)
        return state

    def _push(self, node: Node, count: int, below: Stack | None) -> Stack:
        key = (id(node), count, id(below))
        stack = self._stacks.get(key)
        if stack is None:
            length = self.words.rest_length(node, count) + (below.length if below else 0)
            stack = self._stacks[key] = Stack(node, count, below, length)
        return stack

    def _expand(self, stack: Stack) -> tuple[frozenset[Stack], bool]:
        """The stacks with a literal or a set on top that this one stands for, and whether the word may end."""
        if stack.expansion is not None:
            return stack.expansion
        found: set[Stack] = set()
        is_end = False
        seen: set[Stack] = set()
        waiting: list[Stack | None] = [
            stack
        ]  # not by recursion: hundreds of optional properties stand one behind another
        while waiting:
            each = waiting.pop()
            if each is None:
                is_end = True
            elif isinstance(each.node, CharSet) or (isinstance(each.node, Literal) and each.node.text):
                found.add(each)
            elif each.expansion is not None:
                found |= each.expansion[0]
                is_end = is_end or each.expansion[1]
            elif each not in seen:
                seen.add(each)
                waiting += self._unfold(each)
        stack.expansion = (frozenset(found), is_end)
        return stack.expansion

    def _unfold(self, stack: Stack) -> list[Stack | None]:
        """One step: what the top node stands for."""
        node, count, below = stack.node, stack.count, stack.below
        match node:
            case Literal(text=""):
                return [below]
            case Literal() | CharSet():
                return [stack]
            case Reference(rule=rule):
                return [self._push(self._rules[rule], 0, below)]
            case Choice(options=options):
                return [self._push(option, 0, below) for option in options]
            case Sequence(parts=parts):
                rest = self._push(node, count + 1, below) if count + 1 < len(parts) else below
                return [self._push(parts[count], 0, rest)]
            case Repeat():
                return self._unfold_repeat(node, count, below)

    def _unfold_repeat(self, node: Repeat, count: int, below: Stack | None) -> list[Stack | None]:
        ways: list[Stack | None] = [below] if count >= node.low else []
        if node.high is None or count < node.high:
            done = min(count + 1, node.low + 1) if node.high is None else count + 1  # an endless count never repeats
            ways.append(self._push(node.body, 0, self._push(node, done, below)))
        return ways

    def _check_recursion(self) -> None:
        """A left-recursive rule would unfold for ever."""
        if self.words.rest_length(self._start_node, 0) == self.words.ENDLESS:
            raise ValueError("No word of this grammar is finite.")
        if rule := self.words.left_recursive_rule():
            raise ValueError(f"Rule {rule} begins with itself.")


def _takes(stack: Stack, code_point: int) -> bool:
    node = stack.node
    if isinstance(node, Literal):
        return ord(node.text[stack.count]) == code_point
    return isinstance(node, CharSet) and any(low <= code_point <= high for low, high in node.ranges)


def _reaches(stack: Stack, reach: tuple[int, int]) -> bool:
    node = stack.node
    if isinstance(node, Literal):
        return reach[0] <= ord(node.text[stack.count]) <= reach[1]
    return isinstance(node, CharSet) and any(low <= reach[1] and reach[0] <= high for low, high in node.ranges)


def _first_bytes(stack: Stack) -> frozenset[int]:
    node = stack.node
    if isinstance(node, Literal):
        return frozenset(node.text[stack.count].encode()[:1])
    return first_bytes(node.ranges) if isinstance(node, CharSet) else frozenset()


def _room(stack: Stack) -> tuple[int, int | None] | None:
    """The bounds left where this set of characters is the body of a counted repetition that a quote ends."""
    below = stack.below
    if below is None or not isinstance(below.node, Repeat) or (not below.node.low and below.node.high is None):
        return None
    after = below.below
    if after is None or not _begins_with_quote(after):
        return None
    if isinstance(stack.node, CharSet) and any(low <= _QUOTE <= high for low, high in stack.node.ranges):
        return None  # behind a backslash: this is the rest of a character
    repeat = below.node
    done = below.count - 1  # the frame counts the character that is about to come
    if repeat.high is None:
        return (repeat.low - done, None) if done < repeat.low else None
    return max(0, repeat.low - done), repeat.high - done


def _begins_with_quote(stack: Stack) -> bool:
    node = stack.node
    if isinstance(node, Sequence):
        node = node.parts[stack.count]
    return isinstance(node, Literal) and node.text[stack.count if node is stack.node else 0 :].startswith('"')
