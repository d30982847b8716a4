"""Small samples over invented functions, and a way to draw strange ones."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from eval.tiers.own_cases import OwnSample
from schemas.function import Split
from schemas.sample import Call, Kind

Schema = dict[str, Any]


def make_tool(name: str, properties: dict[str, Schema], required: Sequence[str] = ()) -> dict[str, Any]:
    """A tool in OpenAI chat form."""
    parameters = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": f"Do {name}.", "parameters": parameters}}


def make_sample(
    tools: Sequence[dict[str, Any]],
    calls: Sequence[Call],
    kind: Kind = "parallel_multiple",
    sample_id: str = "0123456789abcdef0123",
    split: Split = "test",
) -> OwnSample:
    """An accepted sample."""
    return OwnSample(
        sample_id=sample_id,
        kind=kind,
        language="en",
        split=split,
        query="Do it.",
        tools=tuple(tools),
        messages=({"role": "user", "content": "Do it."},),
        calls=tuple(calls),
        function_ids=("f",),
    )


class Drawn(NamedTuple):
    """A schema and a value that obeys it."""

    schema: Schema
    value: Any


_TEXTS = st.text(alphabet="aB .-/é中'\"", max_size=4)
_INTEGERS = st.integers(-(2**60), 2**60)
_FLOATS = st.floats(-1000, 1000)
_SCALARS: st.SearchStrategy[Drawn] = st.one_of(
    st.builds(Drawn, st.just({"type": "string"}), _TEXTS),
    st.builds(Drawn, st.just({"type": "integer"}), _INTEGERS),
    st.builds(Drawn, st.just({"type": "number"}), _FLOATS | _INTEGERS),
    st.builds(Drawn, st.just({"type": "boolean"}), st.booleans()),
    st.builds(Drawn, st.just({"type": ["string", "null"]}), _TEXTS | st.none()),
    st.builds(Drawn, st.just({"type": ["integer", "string"]}), _TEXTS | _INTEGERS),
    st.builds(Drawn, st.just({}), _TEXTS | _INTEGERS | _FLOATS | st.none() | st.booleans()),
    st.builds(Drawn, st.just({"anyOf": [{"type": "number"}, {"type": "null"}]}), _FLOATS | _INTEGERS | st.none()),
    st.builds(Drawn, st.just({"enum": ["a", "b"]}), st.sampled_from(["a", "b"])),
    st.builds(Drawn, st.just({"type": "array", "items": {"type": "number"}}), st.lists(_FLOATS | _INTEGERS)),
    st.builds(Drawn, st.just({"type": "array"}), st.lists(_TEXTS | _INTEGERS | st.none() | st.lists(_TEXTS))),
    st.builds(
        Drawn,
        st.just({"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "null"}]}),
        st.none() | st.lists(st.dictionaries(_TEXTS, _TEXTS | _INTEGERS, max_size=2), max_size=2),
    ),
)


def _lists(inner: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    return st.builds(
        lambda drawn, length: Drawn({"type": "array", "items": drawn.schema}, [drawn.value] * length),
        inner,
        st.integers(0, 2),
    )


def _objects(inner: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    return st.builds(
        lambda drawn: Drawn(
            {"type": "object", "properties": {name: one.schema for name, one in drawn.items()}},
            {name: one.value for name, one in drawn.items()},
        ),
        st.dictionaries(st.sampled_from("pqr"), inner, max_size=3),
    )


VALUES = st.recursive(_SCALARS, lambda inner: _lists(inner) | _objects(inner), max_leaves=6)


@st.composite
def drawn_samples(draw: st.DrawFn) -> OwnSample:
    """One to three functions, all of them called, with at least one argument each."""
    tools, calls = [], []
    for name in ("open_it", "close_it", "move_it")[: draw(st.integers(1, 3))]:
        arguments = draw(st.dictionaries(st.sampled_from("xyz"), VALUES, min_size=1, max_size=3))
        properties = {key: one.schema for key, one in arguments.items()}
        tools.append(make_tool(name, {**properties, "unused": {"type": "string"}}))
        calls.append(Call(name=name, arguments={key: one.value for key, one in arguments.items()}))
    return make_sample(tools, calls)
