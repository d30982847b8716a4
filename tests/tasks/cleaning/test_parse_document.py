"""JSON and YAML become plain JSON values, or an error that says where."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.cleaning.parse_document import UnreadableDocumentError, parse_text

YAML, JSON = Path("a.yaml"), Path("a.json")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enum: [on, off, yes, no, NO]", {"enum": ["on", "off", "yes", "no", "NO"]}),
        ("on: {200: ok, true: x}", {"on": {"200": "ok", "true": "x"}}),
        ("- 2024-05-01\n- 2024-05-01T10:00:00Z\n- 12:30\n- 1_000",
         ["2024-05-01", "2024-05-01T10:00:00Z", "12:30", "1_000"]),
        ("[010, 0x1F, -3, 1.5, 1e3, .5]", [10, 31, -3, 1.5, 1000.0, 0.5]),
        ("[true, False, ~, null, ]", [True, False, None, None]),
        ("a: .inf", {"a": ".inf"}),
        ("a: &b {c: 1}\nd: *b\ne: {<<: *b, f: 2}", {"a": {"c": 1}, "d": {"c": 1}, "e": {"c": 1, "f": 2}}),
        ('{"a": 1} # flow style', {"a": 1}),
        ("", None),
    ],
)  # fmt: skip
def test_yaml_is_read_as_version_1_2(text: str, expected: Any) -> None:
    assert parse_text(YAML, text) == expected


@given(VALUES)
def test_json_survives_in_a_file_of_either_name(value: Any) -> None:
    text = json.dumps(value)
    assert parse_text(JSON, text) == value
    if text.startswith(("{", "[")):
        assert parse_text(YAML, text) == value


def test_half_a_character_is_replaced() -> None:
    assert parse_text(JSON, '["\\ud83d"]') == ["\ufffd"]


@pytest.mark.parametrize(
    ("path", "text", "reason", "words"),
    [
        (JSON, '{"a": 1,}', "not_json", "line 1 column 9"),
        (JSON, "", "not_json", "line 1 column 1"),
        (JSON, '{"a": NaN}', "not_json", "NaN is not a JSON value"),
        (YAML, "a: b: c", "not_yaml", "line 1, column 5"),
        (YAML, "a: !!python/object:os.system {}", "not_yaml", "tag"),
        (YAML, "? [1]\n: 2", "not_yaml", "unhashable key"),
        (YAML, "a: &a [*a]", "bad_structure", "contains itself"),
        (YAML, "- " * 60_000, "bad_structure", "100 deep"),
        (YAML, "[" * 60_000, "bad_structure", "100 deep"),
        (JSON, "[" * 60_000, "bad_structure", "100 deep"),
        (JSON, "[" * 300 + "]" * 300, "bad_structure", "100 deep"),
        (YAML, "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
         "too_large", "aliases"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_with_the_place(path: Path, text: str, reason: str, words: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=words) as caught:
        parse_text(path, text)
    assert caught.value.reason == reason
