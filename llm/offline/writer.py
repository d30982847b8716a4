"""Write a pair: choose arguments for a function, then a request that says every one of them."""

import random
import re
from typing import Any, NamedTuple

from llm.offline.documents import FunctionDocument
from llm.offline.leaves import Leaf, read_leaves
from llm.offline.requests import write_request
from llm.offline.values import ValueWriter

_MOST_OPTIONAL = 5


class DraftPair(NamedTuple):
    """A pair before it is written out as JSON, with what it was made from."""

    query: str
    name: str
    arguments: dict[str, Any]
    function: FunctionDocument
    language: str
    style: str

    @property
    def leaves(self) -> list[Leaf]:
        """Values of the call one by one."""
        return read_leaves(self.arguments, self.function.parameters).leaves


def write_pair(function: FunctionDocument, language: str, style: str, optional: str, rng: random.Random) -> DraftPair:
    """A request and the one call that fulfils it."""
    values = ValueWriter(language, rng)
    chosen = values.choose_members(function.parameters, _count_optional(function, optional, rng))
    arguments = values.write_members(chosen)
    leaves = read_leaves(arguments, function.parameters).leaves
    query = write_request(function, leaves, language, style, rng)
    return DraftPair(query, function.name, arguments, function, language, style)


def _count_optional(function: FunctionDocument, optional: str, rng: random.Random) -> int:
    count = len(function.parameters) - len(function.required_names)
    if not count or re.search(r"\bout\b|\bnone\b", optional):
        return 0
    if "most" in optional:
        return min(_MOST_OPTIONAL, max(1, round(count * 0.7)))
    return min(count, rng.randint(1, 2))
