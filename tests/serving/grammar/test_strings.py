"""Patterns, formats and lengths: what our grammar takes, the validator takes; and it takes what people write."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.grammar.document import build_validator
from serving.grammar.formats import KNOWN
from serving.grammar.machine import Machine
from serving.grammar.schema import SchemaRefusedError, compile_schema
from tests.serving.grammar.words import random_words

PATTERNS = [
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "^-?[0-9]{0,13}(\\.[0-9]{1,3})?$",
    "^[A-Za-z \\p{Han}\\p{Katakana}\\p{Hiragana}\\p{Hangul}-]*$",
    "^[a-zA-Z0-9][a-zA-Z0-9 \\._-]*[a-zA-Z0-9]$",
    "^(\\d{4}|current)$",
    "abc",
    "^abc",
    "abc$",
    "",
    "^$",
    "a|^b|c$",
    "(^a|b$)",
    "^(?:a|(?:bc)+)?d{2,}$",
    "^[^abc]$",
    "^[^\\s\\d]+$",
    "^\\S\\W\\D$",
    "^.$",
    '^[\\\\"/]+$',
    "^\\x41\\u00e9\\u{1F600}\\t\\/\\.$",
    "^\\p{Lu}\\P{L}$",
    "^[\\w.-]+@[\\w-]+\\.\\w{2,}$",
    "^a{0}b{2}c{1,}$",
    "^(a?){3}$",
    "^(a*)*$",
    "^(|a)+$",
    "^[+-]?\\d+(?:\\.\\d+)?$",
    "^[a-z\\-]+$",
    "^(?<year>\\d{4})$",
    "^\\$\\{[a-z]+\\}$",
    "^[\\u4e00-\\u9fa5]{2,4}$",
    "^1[3-9]\\d{9}$",
]
UNKNOWN = ["^(?=a)", "(a)\\1", "\\bword\\b", "^(?!x)y", "(?i)abc", "a*+", "(?<=a)b", "^[a-z&&[^b]]$"]

FORMATS = {
    "date": ["2024-02-29", "2000-02-29", "1999-12-31"],
    "time": ["10:00:00Z", "23:59:59.123+05:30"],
    "date-time": ["2024-01-01T00:00:00Z", "2024-01-01T10:00:00.5-08:00"],
    "duration": ["P1D", "PT15M", "P1Y2M3DT4H5M6S", "P2W"],
    "email": ["jo@example.com", "jo.doe+tag@mail.example.co.uk", "averyverylongmailboxname@a-b.org"],
    "idn-email": ["jo@example.com"],
    "hostname": ["example.com", "localhost", "a-b.c1.example"],
    "idn-hostname": ["example.com"],
    "ipv4": ["1.0.0.0", "255.255.255.255", "10.1.20.3"],
    "ipv6": ["::", "::1", "2001:db8::ff00:42:8329", "1:2:3:4:5:6:7:8", "fe80::1:2", "::ffff:10.0.0.1"],
    "uri": [
        "https://example.com",
        "http://u@h:8080/a%20b/?q=1&r=2#top",
        "mailto:a@b.c",
        "urn:isbn:123",
        "http://[::1]/",
    ],
    "uri-reference": ["", "/a/b?c", "../x", "#top", "https://example.com/"],
    "iri": ["https://例.example/größe"],
    "iri-reference": ["/größe", "https://example.com"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000"],
    "json-pointer": ["", "/a/b~1c/0"],
    "relative-json-pointer": ["0", "1/a", "2#"],
    "uri-template": ["/users/{id}{?page,size}", "https://example.com"],
}


def check_strings(schema: dict[str, Any], texts: list[str], widened: tuple[str, ...] = ()) -> None:
    """Words are valid, and valid texts are words."""
    compiled = compile_schema(schema)
    validator = build_validator(schema)
    assert compiled.widened == widened
    for word in random_words(compiled.grammar, 0 if widened else 40):
        assert validator.is_valid(json.loads(word)), (word, schema)
    machine = Machine(compiled.grammar)
    for text in texts:
        expected = validator.is_valid(text)
        assert machine.accepts(json.dumps(text, ensure_ascii=False).encode()) == expected, (text, schema)


_SAMPLES = [
    "", "a", "b", "ab", "abc", "xabcx", "c", "cb", "aa", "bcbcdd", "d", "dd", "é", "2024-01-02", "current", "2024",
    "-1.5", '"', "\\", '\\"/', "\n", "a\nb", "日本", "Aé😀\t/.", "É1", "a@b-c.de", "bbc", "aaaa", "a-z", "${ab}",
    "中文", "13912345678", "+1.0", "Ab 9._x", "x y", "É!", "z$ ",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_held_to_exactly(pattern: str) -> None:
    check_strings({"type": "string", "pattern": pattern}, _SAMPLES)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("lengths", [(0, 3), (2, 12), (3, None)])
def test_a_pattern_with_lengths_is_held_to(pattern: str, lengths: tuple[int, int | None]) -> None:
    schema: dict[str, Any] = {"type": "string", "pattern": pattern, "minLength": lengths[0]}
    if lengths[1] is not None:
        schema["maxLength"] = lengths[1]
    try:
        check_strings(schema, _SAMPLES)
    except SchemaRefusedError:
        assert not any(build_validator(schema).is_valid(text) for text in _SAMPLES)


@pytest.mark.parametrize("pattern", [pattern for pattern in PATTERNS if "Han" not in pattern])
def test_not_a_pattern_is_held_to(pattern: str) -> None:
    schema = {"type": "string", "not": {"pattern": pattern}}
    try:
        check_strings(schema, _SAMPLES)
    except SchemaRefusedError:
        assert pattern == ""


@pytest.mark.parametrize("pattern", UNKNOWN)
def test_a_pattern_out_of_reach_is_named(pattern: str) -> None:
    compiled = compile_schema({"type": "object", "properties": {"x": {"type": "string", "pattern": pattern}}})
    assert [each.startswith("/properties/x: pattern") for each in compiled.widened] == [True]


def test_two_patterns_hold_together() -> None:
    check_strings({"allOf": [{"pattern": "^[a-c]+$"}, {"pattern": "b.?$"}], "type": "string"}, _SAMPLES)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_format_holds_what_people_write_and_only_valid_values(name: str) -> None:
    compiled = compile_schema({"type": "string", "format": name})
    validator = build_validator({"format": name})
    for word in random_words(compiled.grammar, 120):
        assert validator.is_valid(json.loads(word)), word
    machine = Machine(compiled.grammar)
    for text in FORMATS[name]:
        assert machine.accepts(json.dumps(text, ensure_ascii=False).encode()), text


@pytest.mark.parametrize(
    "text", ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "24-01-01", "0000-01-01"]
)
def test_days_that_do_not_exist(text: str) -> None:
    assert not Machine(compile_schema({"type": "string", "format": "date"}).grammar).accepts(f'"{text}"'.encode())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 300), st.text(max_size=14))
def test_lengths_count_characters(low: int, more: int, text: str) -> None:
    schema = {"type": "string", "minLength": low, "maxLength": low + more}
    spelled = json.dumps(text, ensure_ascii=False)
    if "\\u" not in spelled:
        accepted = Machine(compile_schema(schema).grammar).accepts(spelled.encode())
        assert accepted == build_validator(schema).is_valid(text)


def test_lengths_of_any_size_cost_nothing() -> None:
    compiled = compile_schema({"type": "string", "minLength": 1000, "maxLength": 1_000_000})
    assert len(repr(compiled.grammar)) < 1000


def test_an_unknown_format_says_nothing() -> None:
    check_strings({"type": "string", "format": "int32"}, _SAMPLES)
