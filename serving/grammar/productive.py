"""Takes out of a grammar what never comes to an end, so that no reader of it walks into a trap."""

from collections.abc import Iterable, Mapping

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
    live = live_rules(rules, rules)
    kept = {name: keep_live(node, live) for name, node in rules.items() if name in live}
    pruned = {name: node for name, node in kept.items() if node is not None}
    return pruned if "root" in pruned else {**pruned, "root": _NOTHING}


def live_rules(rules: Mapping[str, Node], order: Iterable[str]) -> set[str]:
    """The rules that have a finite word; quickest where a rule stands behind those that it names."""
    live: set[str] = set()
    size = -1
    while size < len(live):
        size = len(live)
        live.update(name for name in order if name not in live and _is_live(rules[name], live))
    return live


def _is_live(node: Node, live: set[str]) -> bool:
    match node:
        case Literal():
            return True
        case CharSet(ranges=ranges):
            return bool(ranges)
        case Reference(rule=rule):
            return rule in live
        case Sequence(parts=parts):
            return all(_is_live(part, live) for part in parts)
        case Choice(options=options):
            return any(_is_live(option, live) for option in options)
        case Repeat(body=body, low=low):
            return low == 0 or _is_live(body, live)


def keep_live(node: Node, live: set[str]) -> Node | None:
    """The node without its dead parts; None where nothing is left."""
    match node:
        case Literal():
            return node
        case CharSet(ranges=ranges):
            return node if ranges else None
        case Reference(rule=rule):
            return node if rule in live else None
        case Sequence(parts=parts):
            kept = [keep_live(part, live) for part in parts]
            return None if None in kept else sequence(*[part for part in kept if part is not None])
        case Choice(options=options):
            alive = [each for each in (keep_live(option, live) for option in options) if each is not None]
            return choice(alive) if alive else None
        case Repeat(body=body, low=low, high=high):
            inner = None if high == 0 else keep_live(body, live)
            if inner is None:
                return EMPTY if low == 0 else None
            return inner if low == high == 1 else Repeat(inner, low, high)
