"""Strings and numbers of several schemas that hold together, as grammar nodes."""

from fractions import Fraction

from serving.grammar.anchors import UnknownPatternError
from serving.grammar.formats import KNOWN, NOT_EXPRESSED, read_format
from serving.grammar.language import Node, choice, sequence
from serving.grammar.leaves import NOT_PATTERN, NOT_TEXTS, Leaves, bounds_of, count_of, exact
from serving.grammar.multiples import NoMultiplesError, common_multiple, spell_broken_multiples, spell_whole_multiples
from serving.grammar.numbers import (
    DECIMAL_LIMIT,
    INTEGER_LIMIT,
    NOTHING,
    Bounds,
    room_for_decimals,
    spell_decimals,
    spell_integers,
)
from serving.grammar.regex import read_pattern
from serving.grammar.strings import RuleStore, TextRules, spell_string
from serving.grammar.trees import Tree, literal_tree


def read_text_rules(leaves: Leaves, lost: list[str]) -> TextRules:
    """What the leaves say of a string; keywords that can't be held to go to `lost`."""
    low, high = count_of(leaves, "minLength", "maxLength")
    wanted: list[Tree] = []
    unwanted: list[Tree] = []
    for leaf in leaves:
        for keyword, trees in (("pattern", wanted), (NOT_PATTERN, unwanted)):
            if keyword in leaf:
                _add_pattern(leaf[keyword], trees, lost, "pattern" if keyword == "pattern" else "not")
        if leaf.get("format") in KNOWN:
            wanted.append(read_format(leaf["format"]))
        elif leaf.get("format") in NOT_EXPRESSED:
            lost.append("format")
        unwanted += [literal_tree(text) for text in leaf.get(NOT_TEXTS, ())]
    return TextRules(low, high, tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))


def _add_pattern(pattern: str, trees: list[Tree], lost: list[str], keyword: str) -> None:
    try:
        trees.append(read_pattern(pattern, keyword == "not"))
    except UnknownPatternError as error:
        lost.append(f"{keyword} ({error})")


def spell_text(rules: TextRules, store: RuleStore, lost: list[str]) -> Node:
    """A string in its quotes."""
    spelled = spell_string(rules, store)
    lost += ["pattern beside minLength or maxLength" if each == "length" else each for each in spelled.lost]
    return NOTHING if spelled.node == NOTHING else sequence('"', spelled.node, '"')


def spell_number(leaves: Leaves, kinds: frozenset[str], store: RuleStore, lost: list[str]) -> Node:
    """Numbers of these kinds: integer, fraction or both."""
    bounds = bounds_of(leaves)
    steps = [exact(leaf["multipleOf"]) for leaf in leaves if "multipleOf" in leaf]
    step = common_multiple(steps) if steps else None
    options: list[Node] = []
    if "integer" in kinds:
        options.append(_whole(bounds, step, "fraction" in kinds, store, lost))
    if "fraction" in kinds:
        options.append(_broken(bounds, step, "integer" not in kinds, lost))
    return choice([option for option in options if option != NOTHING])


def _whole(bounds: Bounds, step: Fraction | None, is_any_number: bool, store: RuleStore, lost: list[str]) -> Node:
    if step is not None:
        try:
            whole = spell_whole_multiples(step, bounds, store)
            has_point = (
                is_any_number and whole != NOTHING and max(map(abs, bounds.whole(DECIMAL_LIMIT))) <= DECIMAL_LIMIT
            )
            return sequence(whole, choice(["", ".0"])) if has_point else whole
        except NoMultiplesError:
            lost.append("multipleOf")
    return spell_integers(*bounds.whole(DECIMAL_LIMIT if is_any_number else INTEGER_LIMIT))


def _broken(bounds: Bounds, step: Fraction | None, is_broken: bool, lost: list[str]) -> Node:
    if step is not None:
        try:
            return spell_broken_multiples(step, bounds, is_broken)
        except NoMultiplesError:
            lost.append("multipleOf")
    return spell_decimals(bounds, room_for_decimals(bounds), is_broken)
