"""Vocabularies and grammars for the back ends' tests, and the truth about them from the machine."""

import random
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from serving.grammar.language import (
    ANY_STRING,
    STRING_UNIT,
    Choice,
    Grammar,
    Literal,
    Node,
    Reference,
    Repeat,
    char_set,
    choice,
    sequence,
)
from serving.grammar.machine import State
from serving.vocabulary import Vocabulary

DIGITS = char_set((ord("0"), ord("9")))
NONZERO = char_set((ord("1"), ord("9")))
INTEGER = sequence(Repeat(Literal("-"), 0, 1), choice(["0", sequence(NONZERO, Repeat(DIGITS))]))
NUMBER = sequence(INTEGER, Repeat(sequence(".", Repeat(DIGITS, 1)), 0, 1))


def small_vocabulary(size: int = 700) -> Vocabulary:
    """Bytes, JSON's marks in every mix, words, parts of characters, doubles, and empty tokens."""
    rng = random.Random(7)
    texts = [bytes((byte,)) for byte in range(256)]
    texts += [
        each.encode() for each in ('", "', '": "', '": ', '"}', '"]', "}}", "]}", ', "', '{"', '[{"', "true", "nu")
    ]
    texts += [
        each.encode() for each in ('a"', '"a', "aé", "é", "中文", "😀", '\\"', "\\\\", "\\n", 'a\\"b"', 'ab", "', "\\")
    ]
    texts += ["😀".encode()[:3], "é".encode()[1:] + b"a", b'a"\xc3', "中".encode()[:2], b"", b"", b"a", b'", "']
    while len(texts) < size:
        texts.append("".join(rng.choices('abc01-."{}[]:, \\é', k=rng.randint(2, 5))).encode())
    return Vocabulary(tuple(texts), (260,))


def truth(vocabulary: Vocabulary, state: State) -> set[int]:
    """The tokens that may follow, read one by one."""
    return {token for token, text in enumerate(vocabulary.tokens) if text and state.walk(text) is not None}


def tokens_of(fill: Callable[[np.ndarray], None], vocabulary: Vocabulary) -> set[int]:
    """The tokens of a row that `fill` has written."""
    row = np.zeros(vocabulary.mask_words, dtype=np.int32)
    fill(row)
    bits = np.unpackbits(row.view(np.uint8), bitorder="little")
    assert not bits[vocabulary.size :].any(), "a token behind the vocabulary is allowed"
    return set(np.flatnonzero(bits).tolist())


def text(low: int, high: int | None) -> Node:
    """A string of bounded length."""
    return sequence('"', Repeat(STRING_UNIT, low, high), '"')


JSON_VALUE = {
    "value": choice(
        [
            Reference("string"),
            NUMBER,
            "true",
            "false",
            "null",
            sequence("[", Repeat(sequence(Reference("value"), Repeat(sequence(", ", Reference("value")))), 0, 1), "]"),
            sequence("{", Repeat(sequence(Reference("pair"), Repeat(sequence(", ", Reference("pair")))), 0, 1), "}"),
        ]
    ),
    "pair": sequence(Reference("string"), ": ", Reference("value")),
    "string": ANY_STRING,
}

BY_HAND: dict[str, Grammar] = {
    "number before comma": Grammar({"root": sequence('{"a": ', NUMBER, ', "b": ', INTEGER, "}")}),
    "optional properties": Grammar(
        {
            "root": sequence("{", Reference("a"), "}"),
            "a": choice([sequence('"a": ', NUMBER, Reference("b")), sequence('"b": ', ANY_STRING), ""]),
            "b": choice(["", sequence(', "b": ', ANY_STRING)]),
        }
    ),
    "literals that begin alike": Grammar(
        {"root": sequence('"', choice(["a", "ab", "abc", "b"]), '"', choice(["", "b"]))}
    ),
    "literals without an end": Grammar({"root": sequence(choice(["a", "ab", "abc"]), choice(["", "c", "bc"]), "]")}),
    "strings but some": Grammar(
        {
            "root": sequence("{", Repeat(sequence(Reference("key"), ": ", INTEGER), 0, 1), "}"),
            "key": sequence(
                '"',
                choice(
                    [
                        "",
                        "aa",
                        sequence("a", Repeat(char_set("b", "c", "é"), 1)),
                        sequence(char_set("b", "c", (0xE8, 0xEA)), Repeat(STRING_UNIT)),
                    ]
                ),
                '"',
            ),
        }
    ),
    "array of counted things": Grammar(
        {"root": sequence("[", Repeat(sequence(text(0, None), ", "), 1, 3), NUMBER, "]")}
    ),
    "digits and dashes": Grammar({"root": sequence('"', Repeat(DIGITS, 4, 4), "-", Repeat(DIGITS, 1, 2), '"')}),
    "letters without a quote": Grammar(
        {"root": sequence(Repeat(char_set((97, 122)), 1, 3), "-", Repeat(STRING_UNIT, 0, 2))}
    ),
    "string in a rule": Grammar({"root": sequence('{"a": ', Reference("string"), "}"), "string": ANY_STRING}),
    "any JSON": Grammar({"root": Reference("value"), **JSON_VALUE}),
    "object with any JSON": Grammar(
        {
            "root": sequence('{"a": ', Reference("value"), choice(["", sequence(', "b": ', Reference("value"))]), "}"),
            **JSON_VALUE,
        }
    ),
    "tree": Grammar(
        {
            "root": sequence('{"a": ', INTEGER, Reference("rest")),
            "rest": choice(
                ["}", sequence(', "b": [', Reference("root"), Repeat(sequence(", ", Reference("root"))), "]}")]
            ),
        }
    ),
    "brackets": Grammar({"root": choice(["a", "ab", sequence("[", Reference("root"), choice(["]", "b]"]))])}),
}

MEMBER = sequence(', "a": ', ANY_STRING, choice(["", sequence(', "b": ', ANY_STRING), "]"]), choice(["", "}", ', "c"']))
"""A string and what may follow it, part of what follows being out of sight."""

BOUNDED: dict[str, Grammar] = {
    "at most": Grammar({"root": sequence('{"a": ', text(0, 4), "}")}),
    "at least": Grammar({"root": sequence('{"a": ', text(3, None), ', "b": ', text(2, 5), "}")}),
    "in a rule": Grammar({"root": sequence("[", Reference("s"), ", ", Reference("s"), "]"), "s": text(1, 3)}),
    "letters": Grammar({"root": sequence('"', Repeat(char_set((97, 122), "é"), 2, 6), '"')}),
}


def _nodes(rules: tuple[str, ...]) -> st.SearchStrategy[Node]:
    texts = st.sampled_from(["a", "b", "ab", '"', ", ", "0", "01", "é", "中", "{", "}", '"a"', "\\"])
    sets = st.sampled_from(
        [char_set("a", "b"), char_set("0", "1"), char_set("a", "é"), char_set((0x20, 0x10FFFF)), DIGITS]
    )
    leaves: st.SearchStrategy[Node] = st.one_of(texts.map(Literal), sets, st.sampled_from([ANY_STRING, MEMBER]))

    def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: sequence(*parts)),
            st.lists(st.one_of(inner, st.just(Literal(""))), min_size=1, max_size=3).map(choice),
            st.tuples(leaves, st.integers(0, 2), st.one_of(st.none(), st.integers(0, 2))).map(_repeat),
            # A reference stands behind a character, so that no rule is left-recursive.
            st.tuples(leaves, st.sampled_from(rules)).map(lambda pair: sequence(pair[0], Reference(pair[1]))),
        )

    return st.recursive(leaves, grow, max_leaves=8)


def _repeat(parts: tuple[Node, int, int | None]) -> Node:
    body, low, more = parts
    return Repeat(body, low, None if more is None else low + more)


@st.composite
def any_grammar(draw: st.DrawFn) -> Grammar:
    """A small grammar, recursive or not, ambiguous or not; it ends with something that does not refer to itself."""
    names = ("root", "one", "two")
    return Grammar({name: Choice((draw(_nodes(names)), Literal("!"))) for name in names})
