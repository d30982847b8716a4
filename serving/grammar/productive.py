"""Takes out of a grammar what never comes to an end, so that no reader of it walks into a trap."""

from collections.abc import Mapping

from serving.grammar.language import (
    EMPTY,
    CharSet,
    Choice,
    Literal,
    Node,
    Reference,
    Repeat,
    Sequence,
    choice,
    sequence,
)

_NOTHING = Choice(())


def prune(rules: Mapping[str, Node]) -> dict[str, Node]:
    """The rules that have a finite word, less the parts that have none."""
    good: set[str] = set()
    grown = True
    while grown:
        found = {name for name, node in rules.items() if name not in good and _ends(node, good)}
        good |= found
        grown = bool(found)
    pruned = {name: _cut(node, good) for name, node in rules.items() if name in good}
    return pruned if "root" in pruned else {**pruned, "root": _NOTHING}


def _ends(node: Node, good: set[str]) -> bool:
    match node:
        case Literal():
            return True
        case CharSet(ranges=ranges):
            return bool(ranges)
        case Sequence(parts=parts):
            return all(_ends(part, good) for part in parts)
        case Choice(options=options):
            return any(_ends(option, good) for option in options)
        case Repeat(body=body, low=low):
            return low == 0 or _ends(body, good)
        case Reference(rule=rule):
            return rule in good


def _cut(node: Node, good: set[str]) -> Node:
    match node:
        case Sequence(parts=parts):
            return sequence(*(_cut(part, good) for part in parts))
        case Choice(options=options):
            return choice([_cut(option, good) for option in options if _ends(option, good)])
        case Repeat(body=body, low=low, high=high):
            return Repeat(_cut(body, good), low, high) if _ends(body, good) else EMPTY
        case _:
            return node
