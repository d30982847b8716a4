"""Masks that are exact: whatever token vLLM draws within them, the constraint accepts.

The embedded engine draws again when a token is refused (the budget can't hold what it begins, a back end was too
generous); vLLM can't, its next step is under way. So what would be refused is taken out of the mask here.
"""

import copy
from functools import cached_property

import numpy as np

from serving.backends.backend import Bitmask
from serving.calls import CallLanguage
from serving.constraint import Constrainer, Constraint, Place
from serving.grammar.machine import State
from serving.prepared import NARROW, InArguments
from serving.vocabulary import Vocabulary
from serving.walk import longest_token

MOST_KNOWN = 50_000
INSIDE_CHARACTER = frozenset(range(0x80, 0xC0))
LONGEST_WAY = 2_048
"""With more tokens left, every offered function is taken to fit; one that does not is cut."""
MANY_FUNCTIONS = 16
"""Of more, which fit is not asked for each token of a name: a function's grammar takes milliseconds to make, in which
every other answer waits. One that turns out not to fit is cut, and the answer says length."""


class Risks:
    """What is known of places that many answers pass; one for each vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: dict[State, tuple[Bitmask, int]] = {}
        self._completing: dict[tuple[str, int], list[int]] = {}

    @cached_property
    def leaving(self) -> Bitmask:
        """Tokens that lead out of a string, or end inside a character of it; others bring its end no farther away."""
        tokens = enumerate(self._vocabulary.tokens)
        return self._vocabulary.row(token for token, text in tokens if b'"' in text or _is_begun(text))

    def of_state(self, place: InArguments, row: Bitmask, is_narrow: bool) -> tuple[Bitmask, int]:
        """The tokens of the row that lead nowhere, and the bytes of the longest of the shortest ends behind others."""
        known = self._known.get(place.state)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[place.state] = self._measure(place, row if is_narrow else row & self.leaving)
        return known

    def _measure(self, place: InArguments, row: Bitmask) -> tuple[Bitmask, int]:
        wrong: list[int] = []
        longest = place.state.shortest_length + 3  # a character may be begun
        for token in list_tokens(row):
            state = place.state.walk(self._vocabulary.tokens[token])
            if state is None:
                wrong.append(token)
            else:
                longest = max(longest, state.shortest_length)
        return self._vocabulary.row(wrong), longest

    def completing(self, trigger: str, spoken: bytes) -> list[int]:
        """The tokens that complete the trigger after these words."""
        mark = trigger.encode()
        begun = next((size for size in range(len(mark) - 1, 0, -1) if spoken.endswith(mark[:size])), 0)
        known = self._completing.get((trigger, begun))
        if known is None:
            tokens = enumerate(self._vocabulary.tokens)
            known = [token for token, text in tokens if mark[-1:] in text and mark in mark[:begun] + text]
            self._completing[trigger, begun] = known
        return known


class StrictConstraint(Constraint):
    """A constraint whose masks hold nothing that it would refuse."""

    def __init__(self, constrainer: Constrainer, risks: Risks, language: CallLanguage, max_tokens: int) -> None:
        self._is_trial = False
        self._is_late = False
        """The budget was misjudged: the call will be cut, on its shortest way."""
        super().__init__(constrainer, language, max_tokens)
        self._risks = risks
        self._are_many = len(language.functions) > MANY_FUNCTIONS
        self.is_ended = False
        """An end token came."""
        self._cut_words = (self._way_out(self._first, 0) or b"") if self.is_hopeless else b""
        """Where not even the shortest call fits: that call, to be cut by the limit, so that the answer says length."""

    def fill(self, row: Bitmask) -> None:
        """Overwrite the row with the tokens that may follow."""
        if self.is_done or (self.is_hopeless and not self._cut_words):
            np.copyto(row, self._constrainer.end_row)
            return
        forced = self._find_forced()
        if forced is None:
            self.mask(row)
            self._narrow(row)
            forced = None if row.any() else self._next_of(self._shortest_end())
        if forced is not None:
            np.copyto(row, self._vocabulary.row([forced]))

    def _find_forced(self) -> int | None:
        if self._cut_words:
            return self._next_of(self._cut_words)
        return self._next_of(self._shortest_end()) if self._is_late else self.forced(self._left)

    def take(self, token: int) -> bool:
        """Go on by a token; after the answer is complete by end tokens alone."""
        is_end = token in self._vocabulary.end_ids
        if self._cut_words:
            self._cut_words = self._cut_words[len(self._vocabulary.tokens[token]) :]
            return True
        is_taken = is_end if self.is_done or self.is_hopeless else self.accept(token) or self._accept_late(token)
        self.is_ended = self.is_ended or (is_taken and is_end)
        return is_taken

    def _accept_late(self, token: int) -> bool:
        """Whether nothing but the budget speaks against a token."""
        before, self._is_late = self._is_late, True
        is_taken = self.accept(token)
        self._is_late = is_taken or before
        return is_taken

    def _fits(self, place: Place, remaining: int) -> bool:
        return self._is_late or super()._fits(place, remaining)

    def _next_of(self, text: bytes) -> int:
        return longest_token(self._vocabulary, text) if text else self._vocabulary.end_ids[0]

    def _shortest_end(self) -> bytes:
        place = self._place
        if isinstance(place, InArguments):
            return place.state.shortest
        return b"" if place is None or place is self._later else self._way_out(place, self._left) or b""

    def _narrow(self, row: Bitmask) -> None:
        place = self._place
        if place is None:
            self._forbid(row, self._risks.completing(self._marks.trigger, self._spoken))
        elif isinstance(place, InArguments):
            self._narrow_arguments(row, place)
        elif self._left < LONGEST_WAY and (place is self._later or not self._are_many):
            self._forbid(row, list_tokens(row))

    def _narrow_arguments(self, row: Bitmask, place: InArguments) -> None:
        # Inside a character the overlay of a loosened grammar says nothing, so all tokens are looked at.
        is_narrow = len(place.next_bytes) <= NARROW or place.next_bytes <= INSIDE_CHARACTER
        if not is_narrow and place.state.room is None and not place.function.compiled().is_exact:
            self.mask_exactly(row)
        wrong, longest = self._risks.of_state(place, row, is_narrow)
        row &= ~wrong
        if longest >= self._left - 1:
            self._forbid(row, list_tokens(row if is_narrow else row & self._risks.leaving))

    def _forbid(self, row: Bitmask, tokens: list[int]) -> None:
        for token in tokens:
            if not self._would_accept(token):
                row[token // 32] &= ~np.int32(np.uint32(1 << (token % 32)).view(np.int32))

    def _would_accept(self, token: int) -> bool:
        trial = copy.copy(self)
        trial._is_trial = True
        return trial.accept(token)

    def _follow(self, place: Place, following: Place, text: bytes, token: int | None, entered: int) -> None:
        if not self._is_trial:  # which would have grammars compiled that nobody needs
            super()._follow(place, following, text, token, entered)


def list_tokens(row: Bitmask) -> list[int]:
    """The tokens that a mask allows."""
    words = np.flatnonzero(row)  # few of them, mostly
    places, bits = np.nonzero(np.unpackbits(row[words].view(np.uint8), bitorder="little").reshape(-1, 32))
    found: list[int] = (words[places] * 32 + bits).tolist()
    return found


def _is_begun(text: bytes) -> bool:
    """Whether the text may end inside a character or an escape."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return b"\\" in text
