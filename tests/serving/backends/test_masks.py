"""The masks of every back end are the truth that the machine tells, token by token."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.backends.backend import Backend, BackendName
from serving.grammar.language import Grammar, sequence
from serving.grammar.machine import Machine
from serving.vocabulary import Vocabulary
from tests.serving.backends.grammars import BOUNDED, BY_HAND, any_grammar, text, tokens_of, truth
from tests.serving.backends.walks import check_narrowed, check_walk

SHARED = settings(
    derandomize=True,
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", BY_HAND)
def test_masks_of_json_like_grammars_are_exact(backend: Backend, vocabulary: Vocabulary, name: str) -> None:
    """Numbers before commas, optional properties, literals that begin alike, recursion: no token more or less."""
    assert sum(check_walk(backend, BY_HAND[name], vocabulary, seed, 25) for seed in range(2)) >= 2
    assert backend.compile(BY_HAND[name]).is_exact


@pytest.mark.parametrize("name", BOUNDED)
def test_masks_of_bounded_strings_hold_all_that_is_legal(backend: Backend, vocabulary: Vocabulary, name: str) -> None:
    """Only xgrammar's are loosened, and it says so."""
    check_walk(backend, BOUNDED[name], vocabulary, 1, 25)
    assert backend.compile(BOUNDED[name]).is_exact == (backend.name != "xgrammar")


@pytest.mark.parametrize("name", BOUNDED)
def test_narrowing_makes_a_loosened_mask_exact(
    backends: dict[BackendName, Backend], vocabulary: Vocabulary, name: str
) -> None:
    """Inside the string, but for tokens that end within a character."""
    assert sum(check_narrowed(backends["xgrammar"], BOUNDED[name], vocabulary, seed) for seed in range(3)) >= 3


@pytest.mark.parametrize("name", ["xgrammar", "llguidance", "lm-format-enforcer"])
def test_masks_of_any_grammar_are_right(
    backends: dict[BackendName, Backend], vocabulary: Vocabulary, name: BackendName
) -> None:
    """Random grammars, recursive and ambiguous ones too."""

    @SHARED
    @given(any_grammar(), st.integers(0, 99))
    def check(grammar: Grammar, seed: int) -> None:
        check_walk(backends[name], grammar, vocabulary, seed, 5)

    check()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llguidance", "lm-format-enforcer"])  # xgrammar forbids a little in wild recursion
def test_masks_of_many_grammars_are_right(
    backends: dict[BackendName, Backend], vocabulary: Vocabulary, name: BackendName
) -> None:
    """The same, for minutes."""

    @settings(SHARED, max_examples=600)
    @given(any_grammar(), st.integers(0, 99))
    def check(grammar: Grammar, seed: int) -> None:
        check_walk(backends[name], grammar, vocabulary, seed, 10)

    check()


def test_text_that_a_token_already_held_is_read(backend: Backend, vocabulary: Vocabulary) -> None:
    """A token may hold the last mark before the arguments and their first characters."""
    matcher = backend.compile(BY_HAND["number before comma"]).matcher()
    assert matcher.accept_text(b"")
    assert matcher.accept_text(b'{"a": 1')
    assert not matcher.accept_text(b"x")
    assert not matcher.accept_text("é".encode())
    assert matcher.accept_text(b'2, "b": ')
    allowed = tokens_of(matcher.fill_mask, vocabulary)
    assert {vocabulary.tokens[token] for token in allowed} >= {b"-", b"0", b"1"}
    assert b'"' not in {vocabulary.tokens[token] for token in allowed}


def test_a_character_may_come_in_pieces(backend: Backend, vocabulary: Vocabulary) -> None:
    """Three bytes of four, then only bytes that complete the character."""
    matcher = backend.compile(BY_HAND["string in a rule"]).matcher()
    assert matcher.accept_text(b'{"a": "' + "😀".encode()[:3])
    allowed = {vocabulary.tokens[token] for token in tokens_of(matcher.fill_mask, vocabulary)}
    assert b"\x80" in allowed
    assert all(0x80 <= token[0] < 0xC0 for token in allowed)


def test_doubles_are_allowed_alike_and_empty_tokens_never(backend: Backend, vocabulary: Vocabulary) -> None:
    """Two tokens of one text are both legal; a token without text would not get anywhere."""
    matcher = backend.compile(BY_HAND["string in a rule"]).matcher()
    matcher.accept_text(b'{"a": "')
    allowed = tokens_of(matcher.fill_mask, vocabulary)
    doubles = {token for token, each in enumerate(vocabulary.tokens) if each == b"a"}
    assert len(doubles) == 2
    assert doubles <= allowed
    assert not {token for token in allowed if not vocabulary.tokens[token]}
    empty = vocabulary.tokens.index(b"")
    assert not matcher.accept(empty)
    assert matcher.accept(max(doubles))


def test_matchers_of_one_grammar_do_not_disturb_each_other(backend: Backend, vocabulary: Vocabulary) -> None:
    """Grammars are compiled and walked in threads at the same time."""
    grammar = Grammar({"root": sequence('{"a": ', text(0, None), "}")})

    def walk(seed: int) -> int:
        return check_walk(backend, grammar, vocabulary, seed, 8)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(walk, range(8))) > 8


def test_the_truth_is_not_trivial(vocabulary: Vocabulary, backends: dict[BackendName, Backend]) -> None:
    """The comparison sees a mask that allows too much: a bounded string in xgrammar, before it is narrowed."""
    matcher = backends["xgrammar"].compile(BOUNDED["at most"]).matcher()
    matcher.accept_text(b'{"a": "abcd')
    state = Machine(BOUNDED["at most"]).start.walk(b'{"a": "abcd')
    assert state is not None
    assert truth(vocabulary, state) < tokens_of(matcher.fill_mask, vocabulary)
