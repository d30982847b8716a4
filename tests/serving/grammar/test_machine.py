"""The machine reads exactly the words of its grammar: against Python's own regular expressions, and byte by byte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.grammar.language import (
    ANY_STRING,
    STRING_UNIT,
    CharSet,
    Choice,
    Grammar,
    Literal,
    Node,
    Reference,
    Repeat,
    Sequence,
    char_set,
    choice,
    complement,
    sequence,
)
from serving.grammar.machine import Machine

ALPHABET = 'ab0"é中😀'
LITERALS = st.text(ALPHABET, min_size=1, max_size=3).map(Literal)
SETS = st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=3).map(lambda chars: char_set(*chars))


def _grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    counts = st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2))
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Sequence(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda options: Choice(tuple(options))),
        st.tuples(LITERALS | SETS, counts).map(
            lambda pair: Repeat(pair[0], pair[1][0], None if pair[1][1] is None else pair[1][0] + pair[1][1])
        ),
    )


NODES: st.SearchStrategy[Node] = st.recursive(LITERALS | SETS, _grow, max_leaves=8)


def as_regex(node: Node) -> str:
    """The same words, for Python's `re`."""
    match node:
        case Literal(text=text):
            return re.escape(text)
        case CharSet(ranges=ranges):
            return "[" + "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in ranges) + "]"
        case Sequence(parts=parts):
            return "".join(f"(?:{as_regex(part)})" for part in parts)
        case Choice(options=options):
            return "|".join(f"(?:{as_regex(option)})" for option in options)
        case Repeat(body=body, low=low, high=high):
            return f"(?:{as_regex(body)}){{{low},{'' if high is None else high}}}"
        case Reference():
            raise AssertionError("not regular")


@given(NODES, st.lists(st.text(ALPHABET, max_size=8), min_size=1, max_size=20))
def test_the_machine_and_re_agree_on_every_text(node: Node, texts: list[str]) -> None:
    machine = Machine(Grammar({"root": node}))
    pattern = re.compile(as_regex(node))
    for text in texts:
        assert machine.accepts(text.encode()) == bool(pattern.fullmatch(text)), text


@given(NODES, st.integers(0, 2**30))
def test_from_every_state_the_shortest_way_leads_to_an_end(node: Node, seed: int) -> None:
    machine = Machine(Grammar({"root": node}))
    state = machine.start
    for _ in range(12):
        assert len(state.shortest) == state.shortest_length
        end = state.walk(state.shortest)
        assert end is not None
        assert end.is_end
        steps = sorted(state.next_bytes)
        assert steps == [byte for byte in range(256) if state.step(byte) is not None]
        if not steps:
            break
        seed, choice_made = divmod(seed * 6364136223846793005 + 1, len(steps))
        following = state.step(steps[choice_made])
        assert following is not None
        state = following


@given(NODES)
def test_no_word_is_shorter_than_the_shortest(node: Node) -> None:
    machine = Machine(Grammar({"root": node}))
    reached = {machine.start}
    for _ in range(machine.start.shortest_length):
        assert not any(state.is_end for state in reached)
        reached = {after for state in reached for byte in state.next_bytes if (after := state.step(byte))}
    assert any(state.is_end for state in reached)


TREE = Grammar(
    {
        "root": Reference("value"),
        "value": choice(["1", ANY_STRING, Reference("list")]),
        "list": sequence(
            "[", choice(["", sequence(Reference("value"), Repeat(sequence(", ", Reference("value"))))]), "]"
        ),
    }
)


@pytest.mark.parametrize(
    ("text", "is_word"),
    [
        ("[]", True),
        ("[1, [[], 1]]", True),
        ('["a", "\\n"]', True),
        ("[1,1]", False),
        ("[[]", False),
        ('"\\u0061"', False),
    ],
)
def test_recursion_is_read(text: str, is_word: bool) -> None:
    assert Machine(TREE).accepts(text.encode()) == is_word


def test_depth_has_no_limit() -> None:
    assert Machine(TREE).accepts(b"[" * 5000 + b"]" * 5000)


def test_a_counted_string_says_how_much_room_is_left() -> None:
    machine = Machine(Grammar({"root": sequence('"', Repeat(STRING_UNIT, 2, 4), '"')}))
    rooms = []
    state = machine.start
    for text in ('"', "中", "\\n", "a", "b"):
        following = state.walk(text.encode())
        assert following is not None
        state = following
        rooms.append(state.room)
    assert rooms == [(2, 4), (1, 3), (0, 2), (0, 1), None]


def test_a_string_of_at_least_two_has_room_until_it_has_two() -> None:
    machine = Machine(Grammar({"root": sequence('"', Repeat(STRING_UNIT, 2), '"')}))
    states = [machine.start.walk(text) for text in (b'"', b'"a', b'"ab', b'"abc')]
    assert [state and state.room for state in states] == [(2, None), (1, None), None, None]


def test_half_a_surrogate_pair_is_not_text() -> None:
    machine = Machine(Grammar({"root": ANY_STRING}))
    state = machine.start.walk(b'"\xed')
    assert state is not None
    assert state.step(0xA0) is None


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"root": choice([sequence(Reference("root"), "a"), "b"])}, "begins with itself"),
        (
            {
                "root": choice([Reference("one")]),
                "one": choice(["a", sequence(Repeat(Literal("b")), Reference("root"))]),
            },
            "itself",
        ),
        ({"root": sequence("a", Reference("root"))}, "No word"),
        ({"root": Reference("nowhere")}, "nowhere"),
    ],
)
def test_a_grammar_that_can_not_be_read_is_refused(rules: dict[str, Node], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Machine(Grammar(rules))


@given(SETS, SETS)
def test_a_complement_holds_what_the_set_does_not(chars: CharSet, within: CharSet) -> None:
    rest = complement(chars, within)
    for char in ALPHABET:
        held = [any(low <= ord(char) <= high for low, high in each.ranges) for each in (chars, within, rest)]
        assert held[2] == (held[1] and not held[0])
