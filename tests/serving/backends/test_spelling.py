"""How grammars are spelled for libraries: what keeps their masks quick, and right."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.backends.continuations import sort_followers
from serving.backends.ebnf import spell_ebnf
from serving.backends.lark import spell_lark
from serving.backends.pruning import prune, recursive_rules
from serving.grammar.language import ANY_STRING, Choice, Grammar, Literal, Reference, Repeat, choice, sequence
from serving.grammar.machine import Machine, State
from tests.serving.backends.grammars import BY_HAND, DIGITS, JSON_VALUE, any_grammar, text


def test_strings_with_the_same_end_share_a_rule() -> None:
    """Twenty string properties: one rule for those before a comma, one for the last."""
    parts = [part for place in range(20) for part in ((", " if place else "{") + f'"p{place}": ', Reference("string"))]
    spelled = spell_ebnf(Grammar({"root": sequence(*parts, "}"), "string": ANY_STRING}))
    assert spelled.is_exact
    assert spelled.text.count("text0") == 20
    assert spelled.text.count("text1") == 2
    assert "text2" not in spelled.text


def test_long_counts_of_letters_are_loosened_and_short_counts_are_not() -> None:
    """Counting letters is what xgrammar is slow at; digits and things of several characters are quick."""
    assert not spell_ebnf(Grammar({"root": text(0, 200)})).is_exact
    assert not spell_ebnf(Grammar({"root": text(2, None)})).is_exact
    assert spell_ebnf(Grammar({"root": text(0, None)})).is_exact
    dates = spell_ebnf(Grammar({"root": sequence('"', Repeat(DIGITS, 4, 4), "-", Repeat(DIGITS, 1, 200), '"')}))
    assert dates.is_exact
    assert "{4,4}" in dates.text
    arrays = spell_ebnf(Grammar({"root": sequence("[", Repeat(sequence(ANY_STRING, ","), 2, 300), "]")}))
    assert arrays.is_exact
    assert "{2,300}" in arrays.text


def test_a_grammar_without_recursion_is_one_terminal_for_llguidance() -> None:
    """Its lexer reads regular expressions exactly, and takes the longest match between terminals."""
    spelled = spell_lark(BY_HAND["optional properties"])
    assert "start: R0\n" in spelled
    assert not [line for line in spelled.splitlines() if line[:1].islower() and not line.startswith("start:")]


def test_any_json_is_lexed_as_json_and_an_odd_grammar_by_characters() -> None:
    """A recursive grammar whose pieces are no lexemes still works, slowly."""
    value = spell_lark(Grammar({"root": Reference("value"), **JSON_VALUE}))
    assert "/true/" in value
    odd = spell_lark(BY_HAND["brackets"])
    assert "/ab/" not in odd
    assert "/a/" in odd


def test_parts_that_lead_nowhere_are_taken_out() -> None:
    """Dead options, endless rules, rules that nothing names."""
    rules = {
        "root": choice([sequence("a", Reference("loop")), sequence("b", Choice(())), sequence("c", Reference("used"))]),
        "loop": sequence("x", Reference("loop")),
        "used": Literal("d"),
        "unused": Literal("e"),
    }
    pruned = prune(Grammar(rules))
    assert set(pruned.rules) == {"root", "used"}
    assert pruned.rules["root"] == sequence("c", Reference("used"))


def test_followers_of_a_string_are_read_with_its_end() -> None:
    """Optional properties: each string ends with what begins the next member, or with the object's end."""
    members = [choice(["", sequence(f', "p{place}": ', ANY_STRING)]) for place in range(9)]
    spelled = spell_ebnf(Grammar({"root": sequence('{"id": ', ANY_STRING, *members, "}")})).text
    ends = {line.split("* ")[1] for line in spelled.splitlines() if line.startswith("text")}
    assert ends == {'"\\u0022, \\u0022"', '"\\u0022\\u007d"'}
    assert len(spelled) < 3000


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_grammar(), st.data())
def test_sorting_followers_keeps_the_words(grammar: Grammar, data: st.DataObject) -> None:
    """Every prefix leads as far as before, and ends where it did."""
    pruned = prune(grammar)
    here: State | None = Machine(pruned).start
    there: State | None = Machine(sort_followers(pruned, recursive_rules(pruned))).start
    for _ in range(12):
        assert here is not None
        assert there is not None
        assert here.is_end == there.is_end
        assert here.next_bytes == there.next_bytes
        if not here.next_bytes:
            return
        byte = data.draw(st.sampled_from(sorted(here.next_bytes)))
        here, there = here.step(byte), there.step(byte)
