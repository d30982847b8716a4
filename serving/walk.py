"""Which tokens may follow, found by walking the vocabulary as a tree; for places where few bytes may follow."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Protocol, TypeVar

from serving.vocabulary import Vocabulary


class Place(Protocol):
    """Where a word stands."""

    @property
    def next_bytes(self) -> frozenset[int]:
        """The bytes that may follow."""
        ...

    def step(self: "P", byte: int) -> "P | None":
        """The place one byte on."""
        ...


P = TypeVar("P", bound=Place)


def allowed_tokens(vocabulary: Vocabulary, place: Place, marks: frozenset[int]) -> list[int]:
    """Ids of the tokens whose whole text may follow.

    Args:
        vocabulary: to be walked.
        place: where the word stands.
        marks: tokens of whole marks: where one may follow, the pieces that it could be spelled with may not, since that
            is not how models write it.
    """
    texts, ids = vocabulary.ordered
    found = [ids[index] for index in _walk(texts, 0, len(texts), 0, place)]
    preferred = [vocabulary.tokens[mark] for mark in marks.intersection(found)]
    pieces = {text[:size] for text in preferred for size in range(1, len(text))}
    return [token for token in found if vocabulary.tokens[token] not in pieces] if pieces else found


def _walk(texts: list[bytes], low: int, high: int, depth: int, place: Place) -> Iterator[int]:
    """Indexes of allowed texts in [low, high), which share their first `depth` bytes; `place` is after those."""
    while low < high and len(texts[low]) == depth:
        if depth:
            yield low
        low += 1
    if low >= high:
        return
    prefix = texts[low][:depth]
    allowed = place.next_bytes
    if len(allowed) > high - low:
        allowed = frozenset(text[depth] for text in texts[low:high]) & allowed
    for byte in sorted(allowed):
        start = bisect_left(texts, prefix + bytes((byte,)), low, high)
        end = bisect_left(texts, prefix + bytes((byte + 1,)), start, high) if byte < 0xFF else high
        following = place.step(byte) if start < end else None
        if following is not None:
            yield from _walk(texts, start, end, depth + 1, following)


def longest_token(vocabulary: Vocabulary, text: bytes, start: int = 0) -> int:
    """The longest token that this text goes on with at `start`.

    Raises:
        ValueError: no token does.
    """
    by_text = vocabulary.by_text
    for end in range(min(len(text), start + vocabulary.longest[text[start]]), start, -1):
        token = by_text.get(text[start:end])
        if token is not None:
            return token
    raise ValueError(f"No token begins {text[start : start + 20]!r}; the vocabulary lacks its first byte.")


def spell(vocabulary: Vocabulary, text: bytes) -> list[int]:
    """A text in tokens, the longest each time."""
    spelled: list[int] = []
    place = 0
    while place < len(text):
        spelled.append(longest_token(vocabulary, text, place))
        place += len(vocabulary.tokens[spelled[-1]])
    return spelled
