"""Sorts what may follow a string by its first characters, so that a string's end can be read together with them.

    "a": STRING (, "b": STRING)? }   becomes   "a": " (CHARS ", " b": …  |  CHARS "} )

The words stay the same. xgrammar judges a token that closes a string when the grammar is compiled where the string's
rule says what follows, and at every mask where it does not: 20 optional strings cost 1.7 ms a token, and so 0.01 ms.
"""

from serving.backends.units import inline_strings, is_unit
from serving.grammar.language import (
    Choice,
    Grammar,
    Literal,
    Node,
    Reference,
    Repeat,
    Sequence,
    choice,
    sequence,
)

HEADS = (', "', "}", "]")
"""What a follower may begin with; none begins another."""


class _Tail:
    """A part of a sequence and all that follow it."""

    __slots__ = ("heads", "name", "node", "rest")

    def __init__(self, node: Node, rest: "_Tail | None") -> None:
        self.node = node
        self.rest = rest
        self.heads: dict[str, Node] | None = None
        self.name: str | None = None


NO_HEADS: dict[str, Node] = {}


def sort_followers(grammar: Grammar, recursive: set[str]) -> Grammar:
    """The same words; unchanged where the grammar is nested too deeply for it."""
    try:
        return _Sorter(grammar, recursive).sort()
    except RecursionError:
        return grammar


class _Sorter:
    def __init__(self, grammar: Grammar, recursive: set[str]) -> None:
        self._recursive = recursive
        self._rules: dict[str, Node] = {}
        self._sorted: dict[int, tuple[Node, Node]] = {}
        """By a node's identity: the node, so that it stays, and its sorted form."""
        self._closed: dict[tuple[str, str], str] = {}
        self._all_rules = dict(grammar.rules)
        """The grammar's own, and those made of them that are still to be sorted."""
        self._grammar = Grammar(self._all_rules, grammar.start)
        self._count = 0
        self._tails: dict[tuple[int, int], _Tail] = {}
        """By the identity of the part and of its rest: alternatives often end alike."""
        self._closed_nodes: dict[tuple[int, str], tuple[Node, Node]] = {}

    def sort(self) -> Grammar:
        """All rules, sorted."""
        for name in list(self._all_rules):
            self._rules[name] = self._sort(self._all_rules[name])
        return Grammar(self._rules, self._grammar.start)

    def _sort(self, node: Node) -> Node:
        if id(node) not in self._sorted:
            self._sorted[id(node)] = (node, self._find_sorted(node))
        return self._sorted[id(node)][1]

    def _find_sorted(self, node: Node) -> Node:
        match node:
            case Choice(options=options):
                return Choice(tuple(self._sort(option) for option in options))
            case Repeat(body=body) if not is_unit(body, self._grammar):
                return Repeat(self._sort(body), node.low, node.high)
            case Sequence():
                return self._sort_tail(self._tail(node, None))
        return node

    def _tail(self, node: Node, rest: _Tail | None) -> _Tail:
        """The parts of a node, strings spelled out and closing marks moved into what stands before them."""
        flat: Node = node
        if isinstance(node, Sequence):
            flat = sequence(*(inline_strings(part, self._grammar) for part in node.parts))
        parts = self._parts(flat)
        if len(parts) > 1 and isinstance(parts[-1], Literal) and parts[-1].text in HEADS:
            parts[-2:] = self._parts(self._close(parts[-2], parts[-1].text))
        for part in reversed(parts):
            rest = self._tails.setdefault((id(part), id(rest)), _Tail(part, rest))
        if rest is None:
            raise ValueError("A sequence without parts has no tail.")
        return rest

    def _parts(self, node: Node) -> list[Node]:
        return list(node.parts) if isinstance(node, Sequence) else [node]

    def _close(self, node: Node, mark: str) -> Node:
        """The node and a closing mark behind it, moved into its alternatives."""
        if (id(node), mark) not in self._closed_nodes:
            self._closed_nodes[id(node), mark] = (node, self._find_closed(node, mark))
        return self._closed_nodes[id(node), mark][1]

    def _find_closed(self, node: Node, mark: str) -> Node:
        match node:
            case Choice(options=options):
                return choice(self._close(option, mark) for option in options)
            case Sequence(parts=parts) if parts:
                return sequence(*parts[:-1], self._close(parts[-1], mark))
            case Reference(rule=rule) if rule not in self._recursive and inline_strings(node, self._grammar) is node:
                return Reference(self._closed_rule(rule, mark))
        return sequence(inline_strings(node, self._grammar), mark)

    def _closed_rule(self, rule: str, mark: str) -> str:
        if (rule, mark) not in self._closed:
            name = self._closed[rule, mark] = self._new_name()
            self._all_rules[name] = self._close(self._all_rules[rule], mark)
            self._rules[name] = self._sort(self._all_rules[name])
        return self._closed[rule, mark]

    def _new_name(self) -> str:
        self._count += 1
        return f"sorted {self._count}"

    def _sort_tail(self, tail: _Tail) -> Node:
        done: list[Node] = []
        here: _Tail | None = tail
        while here is not None:
            followers = self._followers(here)
            if followers:
                return sequence(
                    *done, choice(sequence(here.node, '"' + head, rest) for head, rest in followers.items())
                )
            if isinstance(here.node, Choice) and here is not tail and here.rest is not None:
                return sequence(*done, self._named(here))
            done.append(self._sort(here.node))
            here = here.rest
        return sequence(*done)

    def _followers(self, tail: _Tail) -> dict[str, Node]:
        """Where a string's characters stand here and only its quote comes next: what follows the quote."""
        quote = tail.rest
        is_string = isinstance(tail.node, Repeat) and is_unit(tail.node.body, self._grammar)
        if not is_string or quote is None or quote.node != Literal('"') or quote.rest is None:
            return NO_HEADS
        return self._heads(quote.rest)

    def _named(self, tail: _Tail) -> Reference:
        if tail.name is None:
            tail.name = self._new_name()
            self._rules[tail.name] = self._sort_tail(tail)
        return Reference(tail.name)

    def _heads(self, tail: _Tail) -> dict[str, Node]:
        """What a tail's words begin with, and what follows each; empty where that is not known."""
        if tail.heads is None:
            tail.heads = NO_HEADS
            tail.heads = self._find_heads(tail.node, tail.rest)
        return tail.heads

    def _find_heads(self, node: Node, rest: _Tail | None) -> dict[str, Node]:
        match node:
            case Literal(text=""):
                return self._heads(rest) if rest else NO_HEADS
            case Literal(text=text):
                head = next((each for each in HEADS if text.startswith(each)), None)
                return {head: self._sort_tail(_Tail(Literal(text[len(head) :]), rest))} if head else NO_HEADS
            case Sequence(parts=parts) if parts:
                return self._heads(self._tail(node, rest))
            case Choice(options=options):
                return self._merge([self._heads(self._tail(option, rest)) for option in options])
            case Reference(rule=rule) if rule not in self._recursive:
                return self._heads(self._tail(self._all_rules[rule], rest))
        return NO_HEADS

    def _merge(self, found: list[dict[str, Node]]) -> dict[str, Node]:
        if not all(found):
            return NO_HEADS
        heads: dict[str, list[Node]] = {}
        for each in found:
            for head, rest in each.items():
                heads.setdefault(head, []).append(rest)
        return {head: self._joined(rests) for head, rests in heads.items()}

    def _joined(self, rests: list[Node]) -> Node:
        node = choice(rests)
        if not isinstance(node, Choice):
            return node
        name = self._new_name()
        self._rules[name] = node
        return Reference(name)
