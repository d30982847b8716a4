"""Back ends are opened by name, and refuse what the list says, in words."""

import subprocess
import sys

import numpy as np
import pytest

from serving.backends import llguidance as llguidance_backend
from serving.backends.backend import Backend, BackendName, BackendRefusalError
from serving.backends.open import REFUSES, open_backend
from serving.grammar.language import (
    ANY_STRING,
    Choice,
    Grammar,
    Literal,
    Node,
    Reference,
    Sequence,
    choice,
    sequence,
)
from serving.vocabulary import Vocabulary

ENDLESS = Grammar({"root": sequence("[", Reference("root"), "]")})
LEFT = Grammar({"root": choice([sequence(Reference("root"), "a"), "b"])})


def nested(depth: int) -> Grammar:
    """Arrays within arrays, spelled out."""
    node: Node = Literal("1")
    for _ in range(depth):
        node = Sequence((Literal("["), Choice((node, Literal("x"))), Literal("]")))
    return Grammar({"root": node})


def optional(count: int) -> Grammar:
    """An object of many optional properties."""
    rules: dict[str, Node] = {f"m{count}": Literal("}"), "root": sequence("{", Reference("m0"))}
    for place in range(count):
        more = sequence(f'"p{place}": ', ANY_STRING, ", ", Reference(f"m{place + 1}"))
        rules[f"m{place}"] = choice([more, Reference(f"m{place + 1}")])
    return Grammar(rules)


CASES = {
    ("xgrammar", 0): ENDLESS,
    ("xgrammar", 1): nested(800),
    ("llguidance", 0): ENDLESS,
    ("llguidance", 1): nested(800),
    ("lm-format-enforcer", 0): ENDLESS,
    ("lm-format-enforcer", 1): nested(800),
    ("lm-format-enforcer", 2): LEFT,
}


@pytest.mark.parametrize(("name", "place"), CASES)
def test_each_refusal_of_the_list_is_true(backends: dict[BackendName, Backend], name: BackendName, place: int) -> None:
    """The list holds nothing that is taken after all; the message tells the reason."""
    with pytest.raises(BackendRefusalError, match=r"word|deep|begins with itself"):
        backends[name].compile(CASES[name, place])


def test_every_refusal_of_the_list_has_a_case() -> None:
    """A new entry needs a proof."""
    assert set(CASES) == {(name, place) for name, texts in REFUSES.items() for place in range(len(texts))}


def test_deep_but_sane_nesting_is_taken(backend: Backend) -> None:
    """Sixty arrays within each other."""
    backend.compile(nested(60)).matcher()


def test_a_missing_rule_is_named(backend: Backend) -> None:
    """A reference that leads nowhere is an error of the grammar's maker, said clearly."""
    with pytest.raises(BackendRefusalError, match="'nowhere'"):
        backend.compile(Grammar({"root": Reference("nowhere")}))


def test_an_unknown_name_is_refused_with_the_known_ones(vocabulary: Vocabulary) -> None:
    """The choice comes from a command line."""
    with pytest.raises(ValueError, match=r"'outlines'.*xgrammar, llguidance, lm-format-enforcer"):
        open_backend("outlines", vocabulary)  # type: ignore[arg-type]  # the mistake under test


def test_the_list_needs_no_library() -> None:
    """README and command line read it where only the core is installed."""
    code = "import sys, serving.backends.open; print(sorted(sys.modules.keys() & {'xgrammar', 'llguidance', 'torch'}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_llguidance_gives_up_loudly(
    backends: dict[BackendName, Backend], vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its limits end a grammar in the middle of a word; with ours seven hundred optional properties pass."""
    row = np.zeros(vocabulary.mask_words, dtype=np.int32)
    matcher = backends["llguidance"].compile(optional(700)).matcher()
    assert matcher.accept_text(b"{")
    matcher.fill_mask(row)
    monkeypatch.setattr(llguidance_backend, "LIMITS", {"step_lexer_fuel": 50})
    matcher = backends["llguidance"].compile(optional(700)).matcher()
    assert matcher.accept_text(b"{")
    with pytest.raises(BackendRefusalError, match="gave up"):
        matcher.fill_mask(row)
    assert not matcher.accept_text(b'"')
