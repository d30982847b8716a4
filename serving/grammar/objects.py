"""Objects of several schemas that hold together, as grammar nodes: members in declared order, strangers behind them."""

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Protocol

from serving.grammar.anchors import UnknownPatternError
from serving.grammar.arrays import Compiler
from serving.grammar.characters import is_spellable
from serving.grammar.document import Document, Schema
from serving.grammar.language import Node, choice, sequence
from serving.grammar.leaves import ABSENT, PROPERTY, Leaves, count_of, property_schemas, required_of
from serving.grammar.members import Member, arrange
from serving.grammar.numbers import NOTHING
from serving.grammar.regex import read_pattern
from serving.grammar.strings import TextRules, spell_other_than, spell_string
from serving.grammar.trees import Tree, literal_tree

_MOST_PATTERNS = 3


class ObjectCompiler(Compiler, Protocol):
    """A compiler that also knows what names may look like."""

    document: Document

    def read_names(self, schemas: list[Schema], lost: list[str]) -> TextRules | None:
        """What propertyNames say, or None if it can't be said."""
        ...


def spell_object(compiler: ObjectCompiler, leaves: Leaves, place: str, lost: list[str], is_alone: bool) -> Node:
    """Objects that fulfil all leaves; `is_alone`: they stem from one schema, which can tell what is evaluated."""
    low, high = count_of(leaves, "minProperties", "maxProperties")
    names = _declared(leaves)
    rules = [leaf["propertyNames"] for leaf in leaves if "propertyNames" in leaf]
    listed = compiler.list_values(rules) if rules else None
    if listed is not None:
        names += [name for name in map(json.loads, listed) if isinstance(name, str) and name not in names]
    is_sealed = _is_sealed(leaves, is_alone, lost)
    allowed = compiler.document.validator(tuple(rules)) if rules else None
    required = set(required_of(leaves))
    members: list[Member] = []
    for name in names:
        schemas = property_schemas(compiler.document, leaves, name)
        is_known = not is_sealed or _is_evaluated(compiler.document, leaves, name)
        if not is_known or not is_spellable(name) or (allowed is not None and not allowed.is_valid(name)):
            value: Node = NOTHING
        elif name in required or name in _properties(leaves) or not _is_closed(leaves):
            value = compiler.compile(schemas, f"{place}/properties/{name}")
        else:
            value = NOTHING
        if value == NOTHING and name in required:
            return NOTHING
        if value != NOTHING:
            spelled = json.dumps(name, ensure_ascii=False) + ": "
            members.append(Member(sequence(spelled, value), name in required))
    strangers: Node = NOTHING
    if listed is None and (high is None or high > len(required)) and not (is_sealed and _has_no_patterns(leaves)):
        strangers = _strangers(compiler, leaves, [*names, *_absent(leaves)], rules, place, lost, is_sealed)
    inside = arrange(compiler, members, strangers, low, high, lost)
    return NOTHING if inside == NOTHING else sequence("{", inside, "}")


def _declared(leaves: Leaves) -> list[str]:
    names = [*_properties(leaves), *required_of(leaves), *(name for leaf in leaves for name in leaf.get(PROPERTY, ()))]
    return list(dict.fromkeys(names))


def _absent(leaves: Leaves) -> list[str]:
    return [name for leaf in leaves for name in leaf.get(ABSENT, ())]


def _properties(leaves: Leaves) -> list[str]:
    return [name for leaf in leaves for name in leaf.get("properties", ())]


def _is_closed(leaves: Leaves) -> bool:
    """Whether strangers are kept out: told so, or by having properties and saying nothing of others."""
    told = [leaf["additionalProperties"] for leaf in leaves if "additionalProperties" in leaf]
    return False in told if told else any("properties" in leaf for leaf in leaves)


def _is_sealed(leaves: Leaves, is_alone: bool, lost: list[str]) -> bool:
    told = [leaf["unevaluatedProperties"] for leaf in leaves if "unevaluatedProperties" in leaf]
    if all(each is True for each in told):
        return False
    if told != [False] or not is_alone:
        lost.append("unevaluatedProperties")
    return False in told and not any("additionalProperties" in leaf for leaf in leaves)


def _is_evaluated(document: Document, leaves: Leaves, name: str) -> bool:
    patterns = [pattern for leaf in leaves for pattern in leaf.get("patternProperties", ())]
    return name in _properties(leaves) or any(document.matches(pattern, name) for pattern in patterns)


def _has_no_patterns(leaves: Leaves) -> bool:
    return not any("patternProperties" in leaf for leaf in leaves)


def _strangers(
    compiler: ObjectCompiler,
    leaves: Leaves,
    names: Sequence[str],
    rules: list[Schema],
    place: str,
    lost: list[str],
    is_sealed: bool,
) -> Node:
    """A member whose name is not declared."""
    keys = compiler.read_names(rules, lost) if rules else TextRules()
    if keys is None:
        return NOTHING
    patterns = _read_patterns(leaves, lost)
    closed = is_sealed or _is_closed(leaves)
    options: list[Node] = []
    for size in range(len(patterns) + 1):
        for matched in combinations(patterns, size):
            if closed and not matched:
                continue
            schemas = _stranger_schemas(leaves, matched)
            value = NOTHING if False in schemas else compiler.compile(schemas, f"{place}/additionalProperties")
            if value == NOTHING:
                continue
            other = [trees[1] for pattern, trees in patterns.items() if pattern not in matched]
            key = _key(compiler, keys, [patterns[pattern][0] for pattern in matched], other, names, lost)
            if key != NOTHING:
                options.append(sequence('"', key, '": ', value))
    return choice(options)


def _read_patterns(leaves: Leaves, lost: list[str]) -> dict[str, tuple[Tree, Tree]]:
    patterns = dict.fromkeys(pattern for leaf in leaves for pattern in leaf.get("patternProperties", ()))
    if len(patterns) > _MOST_PATTERNS:
        lost.append("patternProperties")
        return {}
    try:
        return {pattern: (read_pattern(pattern), read_pattern(pattern, True)) for pattern in patterns}
    except UnknownPatternError as error:
        lost.append(f"patternProperties ({error})")
        return {}


def _stranger_schemas(leaves: Leaves, matched: Sequence[str]) -> list[Schema]:
    found: list[Schema] = []
    for leaf in leaves:
        own = [each for pattern, each in leaf.get("patternProperties", {}).items() if pattern in matched]
        if not own and "additionalProperties" in leaf:
            own.append(leaf["additionalProperties"])
        found += own
    return found


def _key(
    compiler: ObjectCompiler,
    keys: TextRules,
    matched: list[Tree],
    other: list[Tree],
    names: Sequence[str],
    lost: list[str],
) -> Node:
    if keys.is_free and not matched and not other:
        return spell_other_than(frozenset(names))
    unwanted = (*keys.unwanted, *other, *map(literal_tree, names))
    rules = TextRules(keys.low, keys.high, (*keys.wanted, *matched), unwanted)
    spelled = spell_string(rules, compiler.store)
    lost += [f"propertyNames or patternProperties ({each})" for each in spelled.lost]
    return spelled.node
