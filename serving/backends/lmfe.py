"""lm-format-enforcer's core as a back end: its trie of decoded tokens, led by the states of our machine.

Its trie is of characters: tokens that are not whole characters are not in it, and the machine judges those itself, as
it does those that the library's shortcut for free text gets wrong. Masks cost milliseconds and are kept by state.
"""

from collections import OrderedDict
from collections.abc import Hashable

import lmformatenforcer as library  # type: ignore[import-untyped]  # the library has no types
import numpy as np
import numpy.typing as npt

from serving.backends.backend import BackendName, BackendRefusalError, Bitmask
from serving.backends.pruning import prune, too_deep
from serving.grammar.language import PLAIN, STRING_UNIT, Grammar, Literal, Repeat
from serving.grammar.machine import Machine, Stack, State
from serving.vocabulary import Vocabulary

MOST_MASKS = 1000
"""Masks kept per grammar, those used last; 16 KiB each with 131k tokens."""

MOST_PARSERS = 20_000

ENDLESS = 1 << 30


class StateParser(library.CharacterLevelParser):  # type: ignore[misc]  # no types
    """A state of the machine as the library's parser."""

    def __init__(self, state: State, family: "ParserFamily") -> None:
        super().__init__(family.settings)
        self.state = state
        self._family = family

    def add_character(self, new_character: str) -> library.CharacterLevelParser:
        """The parser after one more character.

        Raises:
            LMFormatEnforcerException: it may not follow, or the machine failed; others the library would swallow.
        """
        try:
            state = self.state.step_char(ord(new_character))
        except RecursionError as error:
            raise library.exceptions.LMFormatEnforcerException(str(too_deep())) from error
        if state is None:
            raise library.exceptions.LMFormatEnforcerException(f"The character {new_character!r} may not follow.")
        return self._family.parser(state)

    def get_allowed_characters(self) -> str:
        """The characters that may follow. A set, not a string: the library only intersects it with its trie's."""
        return self._family.allowed(self.state)  # type: ignore[return-value]  # four times as fast as a string

    def can_end(self) -> bool:
        """Whether the text may end here."""
        return self.state.is_end

    def shortcut_key(self) -> Hashable | None:
        """The library's mark for free text in a JSON string: its length so far, and its bounds."""
        room = plain_room(self.state)
        return None if room is None else ("json_freetext", 0, 0, room)


class ParserFamily:
    """The parsers of one grammar, one for each state."""

    def __init__(self, alphabet: frozenset[str]) -> None:
        self.settings = library.CharacterLevelParserConfig()
        self._ascii = frozenset(char for char in alphabet if char.isascii())
        self._others = alphabet - self._ascii
        self._parsers: dict[State, StateParser] = {}
        self._allowed: dict[State, frozenset[str]] = {}

    def parser(self, state: State) -> StateParser:
        """The parser of a state."""
        if len(self._parsers) > MOST_PARSERS:
            self._parsers.clear()
            self._allowed.clear()
        return self._parsers.setdefault(state, StateParser(state, self))

    def allowed(self, state: State) -> frozenset[str]:
        """Characters of the alphabet that may follow; the many others are asked for only where one may."""
        found = self._allowed.get(state)
        if found is None:
            following = state.next_bytes
            found = frozenset(char for char in self._ascii if ord(char) in following)
            if max(following, default=0) >= 0x80:
                found |= frozenset(char for char in self._others if state.allows(ord(char)))
            self._allowed[state] = found
        return found


class LmfeMatcher:
    """One word, read by the machine, with the library's masks."""

    def __init__(self, compiled: "LmfeGrammar") -> None:
        self._compiled = compiled
        self._state = compiled.start

    def fill_mask(self, row: Bitmask) -> None:
        """Overwrite the row with the tokens that may follow."""
        row[:] = self._compiled.mask(self._state)

    def accept(self, token: int) -> bool:
        """Go on by a token; False and unchanged if it may not follow."""
        text = self._compiled.tokens.text_of(token)
        return bool(text) and self.accept_text(text)

    def accept_text(self, text: bytes) -> bool:
        """Go on by text that an earlier token already holds."""
        state = self._state.walk(text)
        self._state = state or self._state
        return state is not None


class LmfeGrammar:
    """A grammar whose masks are made when first needed."""

    is_exact = True

    def __init__(self, start: State, tokens: "LmfeTokens") -> None:
        self.start = start
        self.tokens = tokens
        self._family = ParserFamily(tokens.alphabet)
        self._masks: OrderedDict[State, Bitmask] = OrderedDict()

    def matcher(self) -> LmfeMatcher:
        """Begin a word."""
        return LmfeMatcher(self)

    def mask(self, state: State) -> Bitmask:
        """The tokens that may follow."""
        found = self._masks.pop(state, None)
        if found is None:
            found = self.tokens.row(self._allowed_ids(state))
        self._masks[state] = found
        while len(self._masks) > MOST_MASKS:
            self._masks.popitem(last=False)
        return found

    def _allowed_ids(self, state: State) -> npt.NDArray[np.int64]:
        judged = self.tokens.doubtful if plain_room(state) is not None else self.tokens.broken
        by_machine = [token for token, text in judged if state.walk(text) is not None]
        if is_inside_character(state):
            return np.array(by_machine, dtype=np.int64)
        enforcer = library.TokenEnforcer(self.tokens.data, self._family.parser(state))
        by_library = np.array(enforcer.get_allowed_tokens([]).allowed_tokens, dtype=np.int64)
        if judged is self.tokens.doubtful:
            by_library = by_library[~self.tokens.is_doubtful[by_library]]
        return np.concatenate([by_library, np.array(by_machine, dtype=np.int64)])


class LmfeTokens:
    """A vocabulary as the library reads it."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        whole: list[tuple[int, str, bool]] = []
        self.broken: list[tuple[int, bytes]] = []
        """Tokens that are not whole characters; the trie has none of them."""
        self.doubtful: list[tuple[int, bytes]] = []
        """Those, and tokens that hold a mark or control character, which the shortcut for free text gets wrong."""
        for token, text in enumerate(vocabulary.tokens):
            try:
                spelled = text.decode()
            except UnicodeDecodeError:
                self.broken.append((token, text))
                continue
            if spelled:
                whole.append((token, spelled, True))
            if any(char in '"\\' or char < " " for char in spelled):
                self.doubtful.append((token, text))
        self.doubtful += self.broken
        self.is_doubtful = np.zeros(vocabulary.size, dtype=np.bool_)
        self.is_doubtful[[token for token, _ in self.doubtful]] = True
        self.alphabet = frozenset(char for _, spelled, _ in whole for char in spelled)
        self.data = library.TokenEnforcerTokenizerData(whole, _decode_nothing, [], False, vocabulary.size)

    def text_of(self, token: int) -> bytes:
        """The bytes of a token."""
        return self._vocabulary.tokens[token]

    def row(self, tokens: npt.NDArray[np.int64]) -> Bitmask:
        """A bitmask row of these tokens."""
        allowed = np.zeros(self._vocabulary.mask_words * 32, dtype=np.bool_)
        allowed[tokens] = True
        return np.packbits(allowed, bitorder="little").view(np.int32)


class LmfeBackend:
    """lm-format-enforcer over one vocabulary."""

    name: BackendName = "lm-format-enforcer"

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._tokens = LmfeTokens(vocabulary)

    def compile(self, grammar: Grammar) -> LmfeGrammar:
        """Make a grammar ready.

        Raises:
            BackendRefusalError: the machine can't read it.
        """
        try:
            return LmfeGrammar(Machine(prune(grammar)).start, self._tokens)
        except RecursionError:
            raise too_deep() from None
        except ValueError as error:
            raise BackendRefusalError(f"lm-format-enforcer can't take this grammar: {error}") from error


def is_inside_character(state: State) -> bool:
    """Whether the text so far ends with a part of a character."""
    return bool(state.next_bytes) and all(0x80 <= byte < 0xC0 for byte in state.next_bytes)


def plain_room(state: State) -> int | None:
    """Inside a string where any character may follow: how many more may come; None elsewhere.

    Where the string is bounded, nothing else may be meant: other ways on begin with its end or an escape.
    """
    stacks = [] if is_inside_character(state) else list(state._stacks)
    rooms = [room for room in map(_room, stacks) if room is not None]
    if ENDLESS in rooms:
        return ENDLESS
    others = [stack for stack in stacks if _room(stack) is None]
    is_alone = all(isinstance(each.node, Literal) and each.node.text[each.count] in '"\\' for each in others)
    return max(rooms) if rooms and is_alone else None


def _room(stack: Stack) -> int | None:
    below = stack.below
    if stack.node != PLAIN or below is None or not isinstance(below.node, Repeat):
        return None
    if below.node.body not in (STRING_UNIT, PLAIN):
        return None
    return ENDLESS if below.node.high is None else below.node.high - below.count + 1


def _decode_nothing(tokens: list[int]) -> str:
    return ""  # asked for only where the library itself goes on by tokens; our machine does
