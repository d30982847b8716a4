"""What came back, decoded: calls in FC mode, text in prompt mode, and what is not run as code."""

from typing import Any

import pytest

from eval.bfcl.decode import UndecodableError, decode_calls, decode_text
from eval.bfcl.findings import CannotScoreError
from schemas.evaluation import GivenCall


@pytest.mark.parametrize(
    ("arguments", "decoded"),
    [('{"a": 1}', {"a": 1}), ("{}", {}), ("[1]", [1]), ('"x"', "x"), ("null", None)],
)
def test_arguments_are_json_of_any_kind(arguments: str, decoded: Any) -> None:
    assert decode_calls([GivenCall(name="f", arguments=arguments)]) == ({"f": decoded},)


@pytest.mark.parametrize("arguments", ["", "{", "{'a': 1}", "f(a=1)", "[" * 100_000])
def test_one_call_that_is_not_json_spoils_all(arguments: str) -> None:
    good = GivenCall(name="f", arguments="{}")
    assert decode_calls([good, GivenCall(name="g", arguments=arguments)]) is None


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("[f(a=1), g.h(b='x')]", ({"f": {"a": 1}}, {"g.h": {"b": "x"}})),
        ("f(a=1)", ({"f": {"a": 1}},)),
        ("```\n[f()]\n```", ({"f": {}},)),
        ("[]", ()),
        ("[f(1, a=2)]", ({"f": {"a": 2}},)),
        ("[f(a=-1, b=not True)]", ({"f": {"a": -1, "b": -1}},)),
        ("[f(a=(1, 2), b=x, c=...)]", ({"f": {"a": (1, 2), "b": "x", "c": "..."}},)),
        ("[f(a=g(1), b=g(c=1), d=x[0])]", ({"f": {"a": "g(1)", "b": {"g": {"c": 1}}, "d": "x[0]"}},)),
        ("[f(a=2 * 3 ** 2, b='x' + 'y')]", ({"f": {"a": 18, "b": "xy"}},)),
    ],
)
def test_text_is_read_as_python(text: str, calls: Any) -> None:
    assert decode_text(text, "python") == calls


@pytest.mark.parametrize(
    "text", ["", "No.", "[f]", "[[f()]]", "f()\ng()", "[f(a=x.y)]", "[f(a=x + 1)]", "[f(a=1 / 0)]"]
)
def test_text_that_the_official_decoder_does_not_read(text: str) -> None:
    if text == "":
        assert decode_text(text, "python") == ()
        return
    with pytest.raises(UndecodableError):
        decode_text(text, "python")


@pytest.mark.parametrize(
    "text",
    [
        "[f(a=print('x') + 1)]",
        "[f(a=10 ** 10 ** 10)]",
        "[f(a='x' * 10 ** 9)]",
        "[f(a=1 << 10 ** 9)]",
        "[f(a='%99999d' % 1)]",
    ],
)
def test_nothing_is_run_as_code(text: str) -> None:
    with pytest.raises(CannotScoreError) as caught:
        decode_text(text, "python")
    assert caught.value.reason == "not_ours"


@pytest.mark.parametrize("language", ["java", "javascript"])
def test_text_of_other_languages_is_not_ours(language: str) -> None:
    with pytest.raises(CannotScoreError) as caught:
        decode_text("[f(a=1)]", language)
    assert caught.value.reason == "not_ours"
