"""What is called plain compiles, has a value, and keeps nothing back; what is not, is looked at in full."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.grammar.machine import Machine
from serving.grammar.plain import is_plain
from serving.grammar.schema import compile_schema

TYPES = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null", "dict", ["string"]])
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "enum": st.lists(st.sampled_from(["a", "b", "é", 1, None, '"']), max_size=3),
    "minimum": st.integers(-3, 3) | st.just(0.5),
    "maximum": st.integers(-3, 3) | st.just(True),
    "minLength": st.integers(-1, 3),
    "maxLength": st.integers(-1, 3),
    "format": st.sampled_from(["date", "email", "int64", "uuid"]),
    "required": st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
    "additionalProperties": st.booleans() | st.just({}),
    "pattern": st.just("^a"),
    "description": st.text(max_size=3),
}


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    return st.fixed_dictionaries({"type": TYPES}, optional={**KEYWORDS, "properties": properties, "items": inner})


SCHEMAS = st.recursive(st.fixed_dictionaries({"type": TYPES}, optional=KEYWORDS), _grow, max_leaves=6)


@given(SCHEMAS)
def test_a_plain_schema_is_never_refused(schema: dict[str, Any]) -> None:
    if is_plain(schema):
        compiled = compile_schema(schema)
        assert not compiled.widened
        assert Machine(compiled.grammar).start.shortest


@pytest.mark.parametrize(
    ("schema", "is_so"),
    [
        ({"type": "object", "properties": {"a": {"type": "string", "description": "x"}}, "required": ["a"]}, True),
        ({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer", "maximum": 3}}}}, True),
        ({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}}, True),
        ({"type": "object", "properties": {"a": {"type": "strin"}}}, False),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}, False),
        ({"type": "object", "properties": {}, "required": ["a"]}, False),
        ({"type": "object", "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}}, False),
        ({"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}}, False),
        ({"type": "string"}, True),
        (True, False),
    ],
)
def test_what_is_plain(schema: Any, is_so: bool) -> None:
    assert is_plain(schema) == is_so
