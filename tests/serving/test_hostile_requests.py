"""What a client sends costs that client a clear refusal at most, and nobody a wait."""

import time
from pathlib import Path
from typing import Any

import pytest

from serving.backends.backend import BackendName
from serving.backends.open import open_backend
from serving.call_formats.open import open_call_format
from serving.calls import CallLanguage, build_language
from serving.constraint import Constrainer
from serving.embedded.load import LoadedModel, load_model
from serving.refusals import RefusedError

HERMES = open_call_format("hermes")
TWICE = {"allOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}
SELF = {"type": "object", "properties": {"l": TWICE}}


def offer(parameters: Any, name: str = "f", choice: str = "required") -> CallLanguage:
    """The language of one function."""
    tool = {"type": "function", "function": {"name": name, "parameters": parameters}}
    return build_language([tool], choice, True, HERMES)


@pytest.fixture(scope="module")
def loaded(tiny_model: Path) -> LoadedModel:
    """The tiny model."""
    return load_model(tiny_model)


def constrainer(loaded: LoadedModel, backend: BackendName = "xgrammar") -> Constrainer:
    """A fresh one."""
    return Constrainer(loaded.vocabulary, open_backend(backend, loaded.vocabulary))


def follow(place: Any, text: bytes) -> Any:
    """The constraint after a text, byte by byte."""
    for byte in text:
        token = place._vocabulary.tokens.index(bytes((byte,)))
        assert place.accept(token), text
    return place


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object", "properties": {"a": {"type": "string", "description": None}}},
        {"type": "object", "properties": {"a": {"const": 10**4400}}},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/schema.json"}}},
        {"type": "object", "required": [f"p{n}" for n in range(1500)], "properties": {}, "additionalProperties": True},
        {"type": "string"},
        [],
    ],
)
def test_what_can_not_be_promised_is_refused_with_its_place(parameters: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        offer(parameters)
    assert refused.value.param == "tools[0].function.parameters"


def test_recursion_that_doubles_compiles_at_once() -> None:
    began = time.thread_time()
    offer({"type": "object", "$defs": {"n": SELF}, "properties": {"x": {"$ref": "#/$defs/n"}}})
    assert time.thread_time() - began < 2  # it never ended before


def test_a_call_that_no_answer_could_hold_is_never_spelled(loaded: LoadedModel) -> None:
    huge = {"type": "object", "properties": {"a": {"type": "string", "minLength": 999_999}}, "required": ["a"]}
    assert constrainer(loaded).open(offer(huge), 512).is_hopeless


@pytest.mark.parametrize("name", ["", " get", "get ", 'a"b', "a\\b", "a\nb"])
def test_names_that_can_not_be_read_back_are_refused(name: str) -> None:
    with pytest.raises(RefusedError):
        offer({"type": "object", "properties": {}}, name)


def test_a_mark_hides_only_its_own_pieces(loaded: LoadedModel) -> None:
    """Of `get` and `get_it`, both stay reachable where one mark could follow the shorter name."""
    vocabulary = loaded.vocabulary
    tools = [{"type": "function", "function": {"name": name}} for name in ("get", "get_it")]
    made = constrainer(loaded)
    constraint = made.open(build_language(tools, "required", True, HERMES), 200)
    row = vocabulary.row([])
    constraint.mask(row)
    mark = vocabulary.added[b"<tool_call>"]
    assert (row == vocabulary.row([mark])).all()  # not `<`, which spells the same
    assert constraint.accept(mark)
    follow(constraint, b'\n{"name": "get')
    constraint.mask(row)
    allowed = [text for token, text in enumerate(vocabulary.tokens) if row[token // 32] >> token % 32 & 1]
    assert b'"' in allowed
    assert b"_" in allowed


def test_the_exact_mask_of_a_free_string_is_the_string(loaded: LoadedModel) -> None:
    constraint = constrainer(loaded).open(
        offer({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}), 200
    )
    assert constraint.accept(loaded.vocabulary.added[b"<tool_call>"])
    follow(constraint, b'\n{"name": "f", "arguments": {"a": "x')
    exact, asked = loaded.vocabulary.row([]), loaded.vocabulary.row([])
    constraint.mask(asked)
    constraint.mask_exactly(exact)
    assert (exact == asked).all()
    assert sum(int(word).bit_count() for word in exact.view("uint32")) > 100


def test_a_grammar_that_compiles_slowly_holds_nobody_up(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    made = constrainer(loaded)
    real = made._backend.compile

    def compile_slowly(grammar: Any) -> Any:
        time.sleep(2)
        return real(grammar)

    monkeypatch.setattr(made._backend, "compile", compile_slowly)
    constraint = made.open(offer({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}), 200)
    assert constraint.accept(loaded.vocabulary.added[b"<tool_call>"])
    follow(constraint, b'\n{"name": "f", "arguments": {"a": "x')
    row = loaded.vocabulary.row([])
    began = time.monotonic()
    constraint.mask(row)
    assert time.monotonic() - began < 1.5
    assert row.any()
    made.pool.shutdown()
