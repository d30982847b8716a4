"""The shortest word of every node of a grammar, in bytes of UTF-8; where two are as short, the first option's."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from serving.grammar.language import CharSet, Choice, Literal, Node, Reference, Repeat, Sequence

if TYPE_CHECKING:
    from serving.grammar.machine import Stack

PLEASANT = "a0A-"
"""Characters preferred where any will do."""


class ShortestWords:
    """Lengths of the shortest words by rule, found once; texts when asked for."""

    ENDLESS = 1 << 40
    """The length of what has no finite word."""

    def __init__(self, rules: Mapping[str, Node]) -> None:
        self._rules = rules
        self._by_rule = dict.fromkeys(rules, self.ENDLESS)
        self._by_node: dict[int, int] = {}
        is_settled = False
        while not is_settled:  # lengths only shrink, and each round settles at least one rule
            is_settled = True
            self._by_node.clear()
            for rule, node in rules.items():
                length = self.length(node)
                if length < self._by_rule[rule]:
                    self._by_rule[rule] = length
                    is_settled = False
        self._by_node.clear()

    def length(self, node: Node) -> int:
        """Bytes of a node's shortest word; ENDLESS where there is none.

        Raises:
            ValueError: a rule that it names does not exist.
        """
        key = id(node)
        known = self._by_node.get(key)
        if known is None:
            known = self._by_node[key] = min(self._measure(node), self.ENDLESS)
        return known

    def _measure(self, node: Node) -> int:
        match node:
            case Literal(text=text):
                return len(text.encode())
            case CharSet(ranges=ranges):
                return len(_pick(ranges).encode()) if ranges else self.ENDLESS
            case Sequence(parts=parts):
                return sum(self.length(part) for part in parts)
            case Choice(options=options):
                return min((self.length(option) for option in options), default=self.ENDLESS)
            case Repeat(body=body, low=low):
                return low * self.length(body) if low else 0
            case Reference(rule=rule):
                if rule not in self._by_rule:
                    raise ValueError(f"The grammar names the rule {rule}, which it does not hold.")
                return self._by_rule[rule]

    def rest_length(self, node: Node, count: int) -> int:
        """Bytes of the shortest end of a node of which `count` characters, parts or rounds are done."""
        match node:
            case Literal(text=text):
                return len(text[count:].encode())
            case Sequence(parts=parts):
                return min(sum(self.length(part) for part in parts[count:]), self.ENDLESS)
            case Repeat(body=body, low=low):
                return min(max(0, low - count) * self.length(body), self.ENDLESS) if low > count else 0
            case _:
                return self.length(node)

    def of_stack(self, stack: "Stack | None") -> str:
        """The shortest text that ends what is still to come."""
        pieces: list[str] = []
        while stack is not None:
            pieces.append(self._rest(stack.node, stack.count))
            stack = stack.below
        return "".join(pieces)

    def _rest(self, node: Node, count: int) -> str:
        match node:
            case Literal(text=text):
                return text[count:]
            case Sequence(parts=parts):
                return "".join(self._rest(part, 0) for part in parts[count:])
            case Repeat(body=body, low=low):
                return self._rest(body, 0) * (low - count) if low > count else ""
            case CharSet(ranges=ranges):
                return _pick(ranges)
            case Choice(options=options):
                return self._rest(min(options, key=self.length), 0)
            case Reference(rule=rule):
                return self._rest(self._rules[rule], 0)

    def left_recursive_rule(self) -> str | None:
        """A rule that can begin with itself, or None."""
        leads = {rule: self._leads(node) for rule, node in self._rules.items()}
        for rule in leads:
            seen: set[str] = set()
            open_rules = list(leads[rule])
            while open_rules:
                each = open_rules.pop()
                if each == rule:
                    return rule
                if each not in seen:
                    seen.add(each)
                    open_rules.extend(leads[each])
        return None

    def _leads(self, node: Node) -> set[str]:
        """Rules that may stand at the beginning."""
        match node:
            case Reference(rule=rule):
                return {rule}
            case Choice(options=options):
                return set().union(*(self._leads(option) for option in options))
            case Repeat(body=body):
                return self._leads(body)
            case Sequence(parts=parts):
                found: set[str] = set()
                for part in parts:
                    found |= self._leads(part)
                    if self.length(part):
                        break
                return found
            case _:
                return set()


def _pick(ranges: tuple[tuple[int, int], ...]) -> str:
    for char in PLEASANT:
        if any(low <= ord(char) <= high for low, high in ranges):
            return char
    return chr(ranges[0][0])
