"""Literals of Java and JavaScript, their oddities included."""

import math
import time
from typing import Any

import pytest

from eval.bfcl.findings import CannotScoreError
from eval.bfcl.java_literals import read_java
from eval.bfcl.javascript_literals import read_javascript

TEXT_LIST = 'new ArrayList<String>(Arrays.asList("a", "b"))'


@pytest.mark.parametrize(
    ("text", "word", "items", "value"),
    [
        ("-5", "integer", None, -5),
        ("5\n", "short", None, 5),
        ("5.0", "integer", None, "5.0"),
        ("٣", "byte", None, 3),
        ("5L", "long", None, 5),
        ("5", "long", None, "5"),
        ("5l\n", "long", None, 5),
        ("1.5f", "float", None, 1.5),
        ("1e2F", "float", None, 100.0),
        ("1.5", "float", None, "1.5"),
        ("1.5", "double", None, 1.5),
        ("1.", "double", None, "1."),
        ("true", "boolean", None, True),
        ("True", "boolean", None, "True"),
        ("'a'", "char", None, "'a'"),
        ('"a"', "String", None, '"a"'),
        ("new int[]{1, 2}", "Array", "integer", [1, 2]),
        ('new String[]{"a", "b"}', "Array", "String", ['"a"', '"b"']),
        ("new int[]{}", "Array", "integer", []),
        ("new int[2]", "Array", "integer", "new int[2]"),
        (TEXT_LIST, "ArrayList", "String", ["a", "b"]),
        (TEXT_LIST, "ArrayList", None, ["a", "b"]),
        (TEXT_LIST, "ArrayList", "any", ['"a"', '"b"']),
        ("new ArrayList<Long>(Arrays.asList(1L, 2))", "ArrayList", "long", [1, "2"]),
        ('new ArrayList<String>() {{ add("a, b"); add("c"); }}', "ArrayList", "String", ["a, b", "c"]),
        ("new ArrayList<>()", "ArrayList", "String", []),
        ("Arrays.asList(1)", "ArrayList", "integer", "Arrays.asList(1)"),
        ('new HashMap<String, Object>() {{ put("a", 1); put("b", "x"); }}', "HashMap", None, {"a": 1, "b": "x"}),
        (
            'new HashMap<>() {{ put("a", 2L); put("b", 2.5f); put("c", d); }}',
            "HashMap",
            None,
            {"a": 2, "b": 2.5, "c": "d"},
        ),
        ("new HashMap<>()", "HashMap", None, {}),
        ("map", "HashMap", None, "map"),
    ],
)
def test_java(text: str, word: str, items: str | None, value: Any) -> None:
    found = read_java(text, word, items)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "word", "items", "value"),
    [
        ("'a'", "String", None, "a"),
        ("\"a'", "String", None, "\"a'"),
        ('"', "String", None, ""),
        ("-5", "integer", None, -5),
        ("5.0", "integer", None, "5.0"),
        ("5", "float", None, 5.0),
        ("1e5", "float", None, "1e5"),
        ("5n", "Bigint", None, 5),
        ("true", "Boolean", None, True),
        ("x", "any", None, "x"),
        ("[1, 2] tail", "array", "integer", [1, 2]),
        ("[1, 2.5]", "array", "float", [1.0, 2.5]),
        ("[]", "array", "String", []),
        ("['a', \"b\"]", "array", "String", ["a", "b"]),
        ("new Array(1, 2)", "array", "integer", [1, 2]),
        ("[[1, 2], [3]]", "array", "array", [[1, 2], [3]]),
        ("new Array([1, 2], ['x'])", "array", "array", [[1, 2], ["x"]]),
        ("[[], 1]", "array", "array", ["["]),
        ("[\n1]", "array", "integer", "[\n1]"),
        ("x", "array", "integer", "x"),
        ("{}", "dict", None, {}),
        ("{a: 1, 'b': [1, 'x'], c: true}", "dict", None, {"a": 1, "b": [1, "x"], "c": True}),
        ("{a: {b: 1}}", "dict", None, {"a": "{b: 1"}),
        ("x", "dict", None, "x"),
    ],
)
def test_javascript(text: str, word: str, items: str | None, value: Any) -> None:
    found = read_javascript(text, word, items)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("word", ["Set", "Queue", "Stack", "Hashtable"])
def test_what_the_official_converter_does_not_convert(word: str) -> None:
    with pytest.raises(CannotScoreError) as caught:
        read_java("x", word)
    assert caught.value.reason == "unsupported_type"


def test_numbers_that_python_refuses() -> None:
    for text, word in (("9" * 5000, "integer"), ("9" * 5000 + "L", "long")):
        with pytest.raises(CannotScoreError) as caught:
            read_java(text, word)
        assert caught.value.reason == "number_too_large"
    assert read_javascript(f"[{'9' * 5000}]", "array", "integer") == f"[{'9' * 5000}]"
    assert read_java(f'new HashMap<>() {{{{ put("a", {"9" * 5000}); }}}}', "HashMap") == {"a": math.inf}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"[{', '.join(['[1]'] * 3000)}", "array"),
        ("{" + "a" * 20_000 + "}", "dict"),
        ("[" * 20_000, "array"),
    ],
)
def test_no_javascript_text_takes_long(text: str, word: str) -> None:
    start = time.perf_counter()
    read_javascript(text, word, "array")
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("new HashMap<a>() {" + " " * 20_000, "HashMap"),
        ("new ArrayList<a>() {{" + " " * 20_000, "ArrayList"),
        ("new ArrayList<a>() {{" + "add(" * 5_000, "ArrayList"),
    ],
)
def test_no_java_text_takes_long(text: str, word: str) -> None:
    start = time.perf_counter()
    read_java(text, word, "integer")
    assert time.perf_counter() - start < 1
