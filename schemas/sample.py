"""Pairs, candidates and samples: the rows the line makes."""

from typing import Any, Literal, get_args

from pydantic import Field

from schemas.function import Language, Split
from schemas.record import Record

Kind = Literal["simple", "multiple", "parallel", "parallel_multiple", "irrelevance"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Call(Record):
    """One function call."""

    name: str
    arguments: dict[str, Any]


class WrittenPair(Record):
    """What the teacher must answer to `generate_pair`."""

    query: str = Field(min_length=1)
    """What a user would type, in the language asked for."""
    calls: list[Call]
    """Exactly one call of the given function that fulfils the query."""


class WrittenQuery(Record):
    """What the teacher must answer to `combine_queries`."""

    query: str = Field(min_length=1)
    """One request that asks for all of the parts."""


class WrittenRefusal(Record):
    """What the teacher must answer to `refuse`."""

    answer: str = Field(min_length=1)
    """What an assistant says when no offered function can serve the request, in the language of the request."""


class Cell(Record):
    """A place in the endless grid of pairs: the `ordinal`-th pair of a function. Same cell, same request."""

    function_id: str
    ordinal: int = Field(ge=0)
    language: Language


class Plan(Record):
    """What candidate number `index` of a kind is made of; a pure function of seed, kind, index and functions."""

    kind: Kind
    index: int = Field(ge=0)
    cells: tuple[Cell, ...]
    """The pairs it needs; irrelevance: the one whose query is asked."""
    offered: tuple[str, ...]
    """function_ids in the order in which they are offered."""
    source: Literal["own", "unrelated", "near_miss", "taken_away"] = "own"
    """Where an irrelevance candidate's offer comes from."""


class Pair(Record):
    """A query and the call that answers it, or why there is none."""

    pair_id: str
    function_id: str
    ordinal: int
    language: Language
    query: str | None
    call: Call | None
    state: Literal["accepted", "rejected"]
    stage: Literal["generate", "check"] | None = None
    reason: str | None = None
    detail: str | None = None
    answer_ids: tuple[str, ...]


class Sample(Record):
    """One candidate, composed or rejected on the way."""

    sample_id: str
    """Content hash of job, kind and index."""
    kind: Kind
    index: int
    language: Language
    domain: str
    split: Split
    query: str | None
    tools: tuple[dict[str, Any], ...]
    """OpenAI chat form, in the order offered."""
    messages: tuple[dict[str, Any], ...]
    """OpenAI chat form; the last is the assistant's answer."""
    calls: tuple[Call, ...]
    function_ids: tuple[str, ...]
    """Functions called; irrelevance: the function the query was written for."""
    offered_ids: tuple[str, ...]
    pair_ids: tuple[str, ...]
    answer_ids: tuple[str, ...]
    """Teacher answers that it was written from."""
    source: str
    state: Literal["composed", "rejected"]
    stage: Literal["generate", "compose", "read", "clean", "check"] | None = None
    """Where it was rejected; an imported row may be so while it is read, and by its functions or calls."""
    reason: str | None = None
    detail: str | None = None
