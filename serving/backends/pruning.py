"""Takes out of a grammar what no finite word uses: dead choices, unreachable rules. Libraries differ in how they take
these; without them every prefix that a library allows leads to an end."""

from serving.backends.backend import BackendRefusalError
from serving.grammar.language import Choice, Grammar, Node, Reference, Repeat, Sequence
from serving.grammar.productive import keep_live, live_rules


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
    live = live_rules(grammar.rules, order)
    if grammar.start not in live:
        raise BackendRefusalError("The grammar holds no word: every way through it is endless or dead.")
    kept = {name: keep_live(grammar.rules[name], live) for name in reversed(order) if name in live}
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
