"""Takes out of a grammar what no finite word uses: dead choices, unreachable rules. Libraries differ in how they take
these; without them every prefix that a library allows leads to an end."""

from collections.abc import Mapping

from serving.backends.backend import BackendRefusalError
from serving.grammar.language import (
    EMPTY,
    CharSet,
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


def prune(grammar: Grammar) -> Grammar:
    """The same words, said only by parts that lead to a word; rules stand before those that they name.

    Raises:
        BackendRefusalError: there is no word at all, a rule is missing, or it is nested too deeply.
    """
    try:
        return _prune(grammar)
    except RecursionError:
        raise too_deep() from None


def too_deep() -> BackendRefusalError:
    """What is said of a grammar that this process can't walk through."""
    return BackendRefusalError(
        "The grammar is nested too deeply; give inner parts names (in a schema: $defs and $ref)."
    )


def recursive_rules(grammar: Grammar) -> set[str]:
    """Rules that lead to themselves, and rules that lead to such a rule. The grammar is pruned."""
    direct = {rule: references(node) for rule, node in grammar.rules.items()}
    settled: set[str] = set()
    size = -1
    while size < len(settled):
        size = len(settled)
        for rule in reversed(direct):
            if direct[rule] <= settled:
                settled.add(rule)
    return set(direct) - settled


def _prune(grammar: Grammar) -> Grammar:
    order = _callees_first(grammar)
    live = _live_rules(grammar.rules, order)
    if grammar.start not in live:
        raise BackendRefusalError("The grammar holds no word: every way through it is endless or dead.")
    kept = {name: _keep(grammar.rules[name], live) for name in reversed(order) if name in live}
    rules = {name: node for name, node in kept.items() if node is not None}
    used = set(_callees_first(Grammar(rules, grammar.start)))
    return Grammar({name: node for name, node in rules.items() if name in used}, grammar.start)


def _callees_first(grammar: Grammar) -> list[str]:
    """The rules that the start leads to, each behind those that it names (but for recursion)."""
    found: dict[str, None] = {}
    seen = {grammar.start}
    path = [(grammar.start, iter(_named(grammar, grammar.start)))]
    while path:
        rule, inner = path[-1]
        following = next((name for name in inner if name not in seen), None)
        if following is None:
            found[rule] = None
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(_named(grammar, following))))
    return list(found)


def _named(grammar: Grammar, rule: str) -> list[str]:
    if rule not in grammar.rules:
        raise BackendRefusalError(f"The grammar names a rule {rule!r} that it does not hold.")
    return sorted(references(grammar.rules[rule]))


def references(node: Node) -> set[str]:
    """The rules that a node names."""
    match node:
        case Reference(rule=rule):
            return {rule}
        case Sequence(parts=parts) | Choice(options=parts):
            return set().union(*map(references, parts))
        case Repeat(body=body):
            return references(body)
    return set()


def _live_rules(rules: Mapping[str, Node], order: list[str]) -> set[str]:
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


def _keep(node: Node, live: set[str]) -> Node | None:
    """The node without its dead parts; None where nothing is left."""
    match node:
        case Literal():
            return node
        case CharSet(ranges=ranges):
            return node if ranges else None
        case Reference(rule=rule):
            return node if rule in live else None
        case Sequence(parts=parts):
            kept = [_keep(part, live) for part in parts]
            return None if None in kept else sequence(*[part for part in kept if part is not None])
        case Choice(options=options):
            alive = [each for each in (_keep(option, live) for option in options) if each is not None]
            return choice(alive) if alive else None
        case Repeat(body=body, low=low, high=high):
            inner = None if high == 0 else _keep(body, live)
            if inner is None:
                return EMPTY if low == 0 else None
            return inner if low == high == 1 else Repeat(inner, low, high)
