"""Arrays of several schemas that hold together, as grammar nodes."""

import json
from itertools import combinations
from typing import Any, Protocol

from serving.grammar.document import Schema
from serving.grammar.language import EMPTY, Literal, Node, Reference, Repeat, choice, sequence
from serving.grammar.leaves import Leaves, count_of
from serving.grammar.numbers import NOTHING
from serving.grammar.strings import RuleStore

_MOST_DISTINCT = 7  # the days of the week
_MOST_PLACES = 20


class Compiler(Protocol):
    """What the parts of the compiler ask of the whole."""

    store: RuleStore

    def compile(self, schemas: list[Schema], place: str) -> Node:
        """The values that fulfil all of these."""
        ...

    def list_values(self, schemas: list[Schema]) -> list[str] | None:
        """The spelled values that fulfil all of these, if they are few; else None."""
        ...


def spell_array(compiler: Compiler, leaves: Leaves, place: str, lost: list[str]) -> Node:
    """Arrays that fulfil all leaves."""
    low, high = count_of(leaves, "minItems", "maxItems")
    count = max((len(leaf.get("prefixItems", ())) for leaf in leaves), default=0)
    heads: list[Node] = []
    for index in range(count):
        head = compiler.compile(_at(leaves, index), f"{place}/prefixItems/{index}")
        if head == NOTHING:
            high = index if high is None else min(high, index)
            break
        heads.append(head)
    rest = _at(leaves, count)
    lost += [key for key in ("unevaluatedItems", "maxContains") if any(key in leaf for leaf in leaves)]
    contained = [leaf["contains"] for leaf in leaves if "contains" in leaf and leaf.get("minContains", 1) != 0]
    if any(leaf.get("minContains", 1) > 1 for leaf in leaves if "contains" in leaf) or len(contained) > 1:
        lost.append("contains")
    if any(leaf.get("uniqueItems") for leaf in leaves) and (high is None or high > 1):
        distinct = None if heads or contained else _without_equals(compiler.list_values(rest))
        if distinct is not None and len(distinct) <= _MOST_DISTINCT:
            return _bracketed(_distinct(compiler.store, distinct, low, high))
        lost.append("uniqueItems")
    tail = compiler.compile(rest, f"{place}/items") if high is None or high > len(heads) else NOTHING
    if tail == NOTHING:
        high = len(heads) if high is None else min(high, len(heads))
    if contained:
        member = compiler.compile([*rest, contained[0]], f"{place}/contains")
        if heads or (high is not None and high > _MOST_PLACES) or low > _MOST_PLACES:
            lost.append("contains")
        else:
            return _bracketed(_containing(tail, member, low, high))
    return _bracketed(_listed(heads, tail, low, high))


def _at(leaves: Leaves, index: int) -> list[Schema]:
    """What holds for the item at an index; the first one behind all prefixes stands for the rest."""
    found: list[Schema] = []
    for leaf in leaves:
        prefix = leaf.get("prefixItems", ())
        if index < len(prefix):
            found.append(prefix[index])
        elif "items" in leaf:
            found.append(leaf["items"])
    return found


def _bracketed(inside: Node) -> Node:
    return NOTHING if inside == NOTHING else sequence("[", inside, "]")


def _listed(heads: list[Node], tail: Node, low: int, high: int | None) -> Node:
    if high is not None and low > high:
        return NOTHING
    most = len(heads) if high is None else min(high, len(heads))
    node = _repeated(tail, max(0, low - len(heads)), None if high is None else high - most, most == 0)
    for index in reversed(range(most)):
        step = sequence(heads[index], node) if index == 0 else sequence(", ", heads[index], node)
        node = step if index < low else choice([EMPTY, step])
    return node


def _repeated(item: Node, low: int, high: int | None, is_first: bool) -> Node:
    """`low` to `high` items, each behind a comma, or the first without one."""
    if high == 0 or item == NOTHING:
        return EMPTY if low == 0 else NOTHING
    if not is_first:
        return Repeat(sequence(", ", item), low, high)
    more = Repeat(sequence(", ", item), max(0, low - 1), None if high is None else high - 1)
    some = item if high == 1 else sequence(item, more)
    return some if low else choice([EMPTY, some])


def _containing(item: Node, member: Node, low: int, high: int | None) -> Node:
    """At least one of the items is a member; it may stand anywhere."""
    if member == NOTHING:
        return NOTHING
    options: list[Node] = []
    last = max(low, 1) if high is None else high
    for before in range(last):
        is_last = high is None and before == last - 1
        front: Node = EMPTY
        if item != NOTHING and (before or is_last):
            front = Repeat(sequence(item, ", "), before, None if is_last else before)
        elif before:
            break
        behind = _repeated(item, max(0, low - 1 - before), None if high is None else high - 1 - before, False)
        if behind != NOTHING:
            options.append(sequence(front, member, behind))
    return choice(options)


def _without_equals(values: list[str] | None) -> list[str] | None:
    """Spellings of values that differ: 1 and 1.0 are one value."""
    return None if values is None else list({_canonical(json.loads(value)): value for value in values}.values())


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(_canonical, value))}]"
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _distinct(store: RuleStore, values: list[str], low: int, high: int | None) -> Node:
    """Any order of any of these, each at most once: a rule for each set of those already there."""
    most = len(values) if high is None else min(high, len(values))
    names: dict[frozenset[str], str] = {}
    for size in reversed(range(most + 1)):
        for chosen in map(frozenset, combinations(values, size)):
            options: list[Node] = [EMPTY] if size >= low else []
            comma = ", " if size else ""
            for value in values:
                after = names.get(chosen | {value}) if value not in chosen else None
                if after is not None:
                    options.append(sequence(Literal(comma + value), Reference(after)))
            if options:
                names[chosen] = store.reserve()
                store.define(names[chosen], choice(options))
    start = names.get(frozenset())
    return NOTHING if start is None else Reference(start)
