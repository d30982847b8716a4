"""What a token holds of a string, and rows narrowed by it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.backends.strings import StringOverlay, measure
from serving.vocabulary import Vocabulary
from tests.serving.backends.grammars import tokens_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"abc", (3, False)),
        (b'ab", "c', (2, True)),
        (b'"', (0, True)),
        (b'", "', (0, True)),
        (b"\\n", (1, False)),
        (b'\\"a"', (2, True)),
        (b"\\", (1, False)),
        (b"a\\\\\\", (3, False)),
        ("é中😀".encode(), (3, False)),
        ("é".encode()[:1], (1, False)),
        ("é".encode()[1:], (0, False)),
        ("é".encode()[1:] + b'a"', (1, True)),
        (b"", (0, False)),
    ],
)
def test_characters_are_counted_as_the_string_means_them(text: bytes, expected: tuple[int, bool]) -> None:
    """Escapes and characters of several bytes are one each; a begun one counts, the rest of one does not."""
    assert measure(text) == expected


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])), st.text(max_size=3))
def test_a_closed_string_is_measured_as_json_reads_it(content: str, after: str) -> None:
    """The count is the length of the value."""
    spelled = json.dumps(content, ensure_ascii=False)[1:]
    assert measure((spelled + after).encode(errors="ignore")) == (len(content), True)


@pytest.mark.parametrize(
    ("low", "high", "kept"),
    [
        (0, 0, {'"', '", "'}),
        (0, 1, {'"', '", "', "a", 'a"'}),
        (1, 2, {"a", 'a"', "ab", 'ab"'}),
        (2, None, {"a", "ab", 'ab"', "abcdef"}),
        (0, None, {'"', '", "', "a", 'a"', "ab", 'ab"', "abcdef"}),
        (900, 1000, {"a", "ab", "abcdef"}),
    ],
)
def test_rows_are_narrowed_to_the_bounds(low: int, high: int | None, kept: set[str]) -> None:
    """At most so many characters, and no end before so many."""
    vocabulary = Vocabulary(tuple(each.encode() for each in ('"', '", "', "a", 'a"', "ab", 'ab"', "abcdef")), (0,))
    overlay = StringOverlay(vocabulary)

    def fill(row: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> None:
        row[:] = (1 << vocabulary.size) - 1
        overlay.narrow(row, low, high)

    assert {vocabulary.tokens[token].decode() for token in tokens_of(fill, vocabulary)} == kept


def test_what_was_forbidden_stays_forbidden() -> None:
    """Narrowing only takes away."""
    vocabulary = Vocabulary((b"a", b"b"), (0,))
    overlay = StringOverlay(vocabulary)

    def fill(row: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> None:
        row[:] = 0b10
        overlay.narrow(row, 0, 5)

    assert tokens_of(fill, vocabulary) == {1}
