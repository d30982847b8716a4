"""Follows one answer token by token: what may come, whether a token may, and when to make for the end.

Words are free; at the trigger the fixed text of a call begins (opening.py), then the arguments of the function that was
named (prepared.py). Every token is checked by the machine, so a back end's mask may allow too much and never hurts.
An answer never begins a call that its budget can't complete, and takes the shortest legal end when the budget runs low.
"""

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from serving.backends.backend import Backend, BackendRefusalError, Bitmask, Matcher
from serving.backends.strings import StringOverlay
from serving.call_formats.format import Marks
from serving.calls import ArgumentsLanguage, CallLanguage
from serving.opening import Fixed, Leaf
from serving.prepared import InArguments, PreparedFunction
from serving.refusals import RefusedError
from serving.vocabulary import Vocabulary
from serving.walk import allowed_tokens, spell

MARGIN = 2
"""Tokens left beyond the shortest end when steering begins."""

MOST_LOOKS = 4
"""Functions not met before that are made ready in one step just to see how short a call of them is."""

PATIENCE_S = 0.2
"""Longest wait for a back end's grammar, in which every other answer waits; until then the machine makes the masks."""

LONGEST_END = 1 << 20
"""Bytes of a shortest call that no answer could hold; it is not even spelled."""

MOST_PREPARED = 512

Opening = Fixed[PreparedFunction | None]
Place = Opening | InArguments


class Constrainer:
    """Opens constraints over one vocabulary and back end; remembers what functions need."""

    def __init__(self, vocabulary: Vocabulary, backend: Backend) -> None:
        self.vocabulary = vocabulary
        self.overlay = StringOverlay(vocabulary)
        self.pool = ThreadPoolExecutor(2, "grammar")
        self._backend = backend
        self._functions: OrderedDict[tuple[ArgumentsLanguage, str], PreparedFunction] = OrderedDict()
        self._openings: OrderedDict[tuple[object, ...], tuple[Opening, Opening]] = OrderedDict()
        self._lock = threading.Lock()
        self.talk_row = vocabulary.row(
            [token for token, text in enumerate(vocabulary.tokens) if text] + list(vocabulary.end_ids)
        )
        self.end_row = vocabulary.row(vocabulary.end_ids)
        self.unmarked = ~vocabulary.row(vocabulary.added_ids)
        _ = vocabulary.ordered, vocabulary.by_text  # half a second for 131,072 tokens: now, not in the first answer

    def open(self, language: CallLanguage, max_tokens: int) -> "Constraint":
        """Begin an answer."""
        return Constraint(self, language, max_tokens)

    def openings(self, language: CallLanguage) -> tuple[Opening, Opening]:
        """The fixed text up to the arguments: of the first call after its trigger, and of what may follow a call."""
        marks = language.call_format.marks
        key = (marks, *((function.name, function.language) for function in language.functions))
        with self._lock:
            if key in self._openings:
                self._openings.move_to_end(key)
                return self._openings[key]
            made = self._openings[key] = self._make_openings(language, marks)
            if len(self._openings) > MOST_PREPARED // 16:
                self._openings.popitem(last=False)
            return made

    def _make_openings(self, language: CallLanguage, marks: Marks) -> tuple[Opening, Opening]:
        first: Opening = Fixed()
        later: Opening = Fixed()
        for function in language.functions:
            prepared = self._prepare(function.language, marks.tail)
            word = f"{marks.trigger}{marks.head}{function.name}{marks.between}"
            first.add(word.encode(), prepared)
            later.add((marks.separator + word).encode(), prepared)
        if marks.end:
            later.add(marks.end.encode(), None)
        return first, later

    def _prepare(self, language: ArgumentsLanguage, tail: str) -> PreparedFunction:
        key = (language, tail)
        prepared = self._functions.get(key)
        if prepared is None:
            prepared = self._functions[key] = PreparedFunction(language, tail, self._backend, self.vocabulary)
            if len(self._functions) > MOST_PREPARED:
                self._functions.popitem(last=False)
        return prepared


class Constraint:
    """One answer under way."""

    def __init__(self, constrainer: Constrainer, language: CallLanguage, max_tokens: int) -> None:
        self.is_done = False
        """The answer is complete."""
        self._constrainer = constrainer
        self._vocabulary = constrainer.vocabulary
        self._marks = language.call_format.marks
        self._most_calls = language.most_calls
        self._first, self._later = constrainer.openings(language) if language.functions else (Fixed(), Fixed())
        self._left = max_tokens
        self._calls = 0
        self._spoken = b""
        self._place: Place | None = None if language.may_talk else self._first
        self._matcher: Matcher | None = None
        self._unread: list[int | bytes] = []
        self._spelled: tuple[bytes, list[int]] = (b"", [])
        self._most_looks = len(language.functions)  # now; an answer is opened beside the model's work, not in its steps
        self.is_hopeless = not language.may_talk and not self._fits(self._first, max_tokens)
        """Not even the shortest call fits into the budget: nothing legal can be said."""
        self._most_looks = MOST_LOOKS

    @property
    def is_talking(self) -> bool:
        """Whether the answer is in its free words."""
        return self._place is None

    def mask(self, row: Bitmask) -> bool:
        """Fill the row with the tokens that may follow; what a back end allows too much `accept` refuses."""
        if self._place is None:
            np.copyto(row, self._constrainer.talk_row)
        elif isinstance(self._place, Fixed):
            self._fill_fixed(row, self._place)
        else:
            self._fill_arguments(row, self._place)
        return True

    def mask_exactly(self, row: Bitmask) -> None:
        """The same without a back end: slow in free strings, exact everywhere."""
        if isinstance(self._place, InArguments):
            exact = self._place.function.row(self._place, at_any_cost=True)
            if exact is not None:
                np.copyto(row, exact)
        else:
            self.mask(row)

    def accept(self, token: int) -> bool:
        """Go on by a token; False and unchanged where it may not follow or leads beyond the budget."""
        if token in self._vocabulary.end_ids:
            return self._accept_end()
        text = self._vocabulary.tokens[token]
        if not text:
            return False
        return self._talk(text) if self._place is None else self._call(self._place, text, token)

    def forced(self, remaining: int) -> int | None:
        """The token that leads along the shortest legal end, when the budget leaves no choice; otherwise None."""
        place = self._place
        if place is None:
            return None
        if place is self._later:
            return self._vocabulary.end_ids[0] if remaining <= MARGIN else None
        if isinstance(place, InArguments):
            if place.state.shortest_length + MARGIN < remaining:
                return None
            end = place.state.shortest
        else:
            end = self._way_out(place, remaining) or b""
            if not end or len(end) + MARGIN < remaining:
                return None
        way = self._spell(end)
        return None if len(way) + MARGIN < remaining else way[0]

    def _accept_end(self) -> bool:
        if self._place is None or self._place is self._later:
            self.is_done = True
            self._left -= 1
        return self.is_done

    def _talk(self, text: bytes) -> bool:
        trigger = self._marks.trigger.encode()
        heard = self._spoken + text
        begin = heard.find(trigger)
        if begin < 0:
            self._spoken = heard[-(len(trigger) - 1) :]
            self._left -= 1
            return True
        if self._most_calls == 0:
            return False
        opening: Place | None = self._first
        for byte in trigger:
            opening = _step(opening, byte)
        return opening is not None and self._call(opening, heard[begin + len(trigger) :], None)

    def _call(self, place: Place, text: bytes, token: int | None) -> bool:
        """Go on inside a call; `token` None where the text is only the end of a token."""
        following: Place | None = place
        entered = 0
        for index, byte in enumerate(text):
            before = following
            following = _step(following, byte)
            if following is None:
                return self._accept_last(before, text[index:])
            if isinstance(following, InArguments) and not isinstance(before, InArguments):
                entered = index + 1
        if following is None or not self._fits(following, self._left - 1):
            return False
        self._left -= 1
        self._follow(place, following, text, token, entered)
        return True

    def _accept_last(self, before: Place | None, rest: bytes) -> bool:
        """A step beyond: right only where it completes the format's own end of an answer."""
        leaf = before.edges.get(rest[0]) if isinstance(before, Fixed) and len(rest) == 1 else None
        if isinstance(leaf, Leaf) and leaf.target is None:
            self.is_done = True
            self._left -= 1
            return True
        return False

    def _follow(self, place: Place, following: Place, text: bytes, token: int | None, entered: int) -> None:
        if isinstance(following, InArguments):
            if isinstance(place, InArguments) and token is not None:
                self._unread.append(token)
            else:
                self._matcher = None
                self._unread = [text[entered:]] if text[entered:] else []
                following.function.compile_ahead(self._constrainer.pool)
            if following.state.is_end:
                self._end_call()
                return
        self._place = following

    def _end_call(self) -> None:
        self._calls += 1
        self._place = self._later
        self._matcher = None
        self.is_done = self._calls == self._most_calls or self._left <= 0

    def _fill_fixed(self, row: Bitmask, place: Opening) -> None:
        if place.row is None:
            place.row = self._vocabulary.row(
                allowed_tokens(self._vocabulary, _Walked(place), self._vocabulary.added_ids)
            )
        np.copyto(row, place.row)
        if place is self._later:
            row |= self._constrainer.end_row

    def _fill_arguments(self, row: Bitmask, place: InArguments) -> None:
        exact = place.function.row(place)
        if exact is None and not self._ask_backend(row, place.function):
            exact = place.function.row(place, at_any_cost=True)
        if exact is not None:
            np.copyto(row, exact)
            return
        row &= self._constrainer.unmarked
        room = place.state.room
        if room is not None and not place.function.compiled().is_exact:
            self._constrainer.overlay.narrow(row, *room)

    def _ask_backend(self, row: Bitmask, function: PreparedFunction) -> bool:
        """Let the back end fill the row; False where it can't or lost the way, and the machine alone decides.

        Raises:
            RefusedError: the back end does not take this function's grammar at all.
        """
        try:
            self._matcher = matcher = self._matcher or function.compiled(PATIENCE_S).matcher()
        except TimeoutError:
            return False
        except BackendRefusalError as error:
            raise RefusedError(str(error), code="invalid_function_parameters") from None
        while self._unread:
            each = self._unread[0]
            if not (matcher.accept_text(each) if isinstance(each, bytes) else matcher.accept(each)):
                return False
            self._unread.pop(0)
        try:
            matcher.fill_mask(row)
        except BackendRefusalError:
            return False
        return True

    def _fits(self, place: Place, remaining: int) -> bool:
        """Whether the shortest end fits into so many tokens."""
        if place is self._later:
            return remaining >= 0
        if isinstance(place, InArguments):
            if place.state.shortest_length <= remaining:
                return True
            if place.state.shortest_length > remaining * self._vocabulary.longest_token:
                return False
            end = place.state.shortest
        else:
            way = self._way_out(place, remaining)
            if way is None:
                return False
            end = way
        return len(end) <= remaining or len(self._spell(end)) <= remaining

    def _spell(self, end: bytes) -> list[int]:
        """Tokens of a shortest end; the last one is remembered, since the next is mostly the same or its rest."""
        text, tokens = self._spelled
        if end != text:
            size = len(self._vocabulary.tokens[tokens[0]]) if tokens else 0
            is_rest = len(text) == size + len(end) and text.endswith(end)
            self._spelled = (end, tokens[1:] if is_rest and size else spell(self._vocabulary, end))
        return self._spelled[1]

    def _way_out(self, place: Opening, remaining: int) -> bytes | None:
        """A complete call from here: the first that fits, or else the shortest of those that were looked at, if any."""
        best: bytes | None = None
        looks = self._most_looks
        for text, function in place.words():
            if function is not None and not function.is_ready:
                if not looks:
                    continue
                looks -= 1
            if function is not None and function.start.state.shortest_length > LONGEST_END:
                continue
            end = text if function is None else text + function.start.state.shortest
            if len(end) <= remaining:
                return end
            best = end if best is None or len(end) < len(best) else best
        return best


class _Walked:
    """A place of fixed text for `allowed_tokens`, which goes on into the arguments."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def next_bytes(self) -> frozenset[int]:
        """The bytes that may follow."""
        return frozenset(self._place.edges) if isinstance(self._place, Fixed) else self._place.next_bytes

    def step(self, byte: int) -> "_Walked | None":
        """The place one byte on; the format's own end is a place from which nothing follows."""
        if isinstance(self._place, Fixed):
            leaf = self._place.edges.get(byte)
            if isinstance(leaf, Leaf) and leaf.target is None:
                return _Walked(Fixed())
        following = _step(self._place, byte)
        return None if following is None else _Walked(following)


def _step(place: Place | None, byte: int) -> Place | None:
    if isinstance(place, InArguments):
        return place.step(byte)
    following = place.edges.get(byte) if place is not None else None
    if isinstance(following, Leaf):
        return following.target.start if following.target is not None else None
    return following
