"""The members of an object with commas between them: any left out that may be, counted where bounds ask for it."""

from dataclasses import dataclass

from serving.grammar.arrays import Compiler
from serving.grammar.language import EMPTY, Node, Reference, Repeat, choice, sequence
from serving.grammar.numbers import NOTHING

_MOST_COUNTED = 800


@dataclass(frozen=True)
class Member:
    """A name, its value, and whether it must be there."""

    node: Node
    is_required: bool


def arrange(
    compiler: Compiler, members: list[Member], stranger: Node, low: int, high: int | None, lost: list[str]
) -> Node:
    """Members in order, then strangers, `low` to `high` of them; what can't be counted goes to `lost`."""
    needed = sum(member.is_required for member in members)
    if high is not None and (high < needed or high < low):
        return NOTHING
    if stranger == NOTHING and low > len(members):
        return NOTHING
    most = None if high is None or (stranger == NOTHING and high >= len(members)) else high
    if most is None and low <= needed:
        return _in_order(compiler, members, stranger)
    counted = max(low, most or 0)
    if (len(members) + 1) * (min(counted, len(members)) + 1) > _MOST_COUNTED:
        lost.append("minProperties" if low > needed else "maxProperties")
        return _in_order(compiler, members, stranger)
    return _Counted(compiler, members, stranger, low, most, lost).after(0, 0)


def _in_order(compiler: Compiler, members: list[Member], stranger: Node) -> Node:
    """Members with commas between them: one rule per place where more than one way leads on."""
    required = next((place for place, member in enumerate(members) if member.is_required), len(members))
    rest: Node = EMPTY if stranger == NOTHING else Repeat(sequence(", ", stranger))
    behind: dict[int, Node] = {len(members): rest}
    for place in reversed(range(1, len(members))):
        rest = sequence(_follow(members[place]), rest)
        if place <= required and required > 0:
            rest = _name(compiler, rest)
        behind[place] = rest
    ways: list[Node] = [
        sequence(members[place].node, behind[place + 1]) for place in range(min(required + 1, len(members)))
    ]
    if required == len(members):
        ways.append(EMPTY)
        if stranger != NOTHING:
            ways.append(sequence(stranger, behind[len(members)]))
    return choice(ways)


def _follow(member: Member) -> Node:
    step = sequence(", ", member.node)
    return step if member.is_required else choice([EMPTY, step])


def _name(compiler: Compiler, node: Node) -> Node:
    name = compiler.store.reserve()
    compiler.store.define(name, node)
    return Reference(name)


class _Counted:
    """Members in order, counted as far as the bounds ask for."""

    def __init__(
        self, compiler: Compiler, members: list[Member], stranger: Node, low: int, high: int | None, lost: list[str]
    ) -> None:
        self._compiler = compiler
        self._members = members
        self._stranger = stranger
        self._low, self._high = low, high
        self._lost = lost
        self._known: dict[tuple[int, int], Node] = {}

    def after(self, place: int, count: int) -> Node:
        """What may follow when `count` members stand there and this one is next."""
        key = (place, min(count, max(self._low, self._high or 0, 1)))
        if key not in self._known:
            node = self._end(count) if place == len(self._members) else self._step(place, count)
            self._known[key] = node if node in (NOTHING, EMPTY) else _name(self._compiler, node)
        return self._known[key]

    def _step(self, place: int, count: int) -> Node:
        member = self._members[place]
        options: list[Node] = [] if member.is_required else [self.after(place + 1, count)]
        if self._high is None or count < self._high:
            rest = self.after(place + 1, count + 1)
            if rest != NOTHING:
                options.append(sequence(", " if count else "", member.node, rest))
        return choice([option for option in options if option != NOTHING])

    def _end(self, count: int) -> Node:
        low = max(0, self._low - count)
        high = None if self._high is None else max(0, self._high - count)
        if self._stranger == NOTHING or high == 0:
            return EMPTY if low == 0 else NOTHING
        if low > 1 and "minProperties" not in self._lost:
            self._lost.append("minProperties")  # a stranger's name might come twice, and count once
        more = Repeat(sequence(", ", self._stranger), max(0, low - 1) if not count else low, high)
        if count:
            return more
        first = Repeat(sequence(", ", self._stranger), max(0, low - 1), None if high is None else high - 1)
        some = self._stranger if high == 1 else sequence(self._stranger, first)
        return some if low else choice([EMPTY, some])
