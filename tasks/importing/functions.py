"""The functions of imported rows, cleaned as those of API documents are; each different one is stored once."""

from typing import Any, NamedTuple

from schemas.document import Document
from schemas.function import Function
from schemas.record import canonical_json
from tasks.cleaning.finish_functions import finish_functions, function_id_of
from tasks.cleaning.openai_tools import read_openai_tools


class Offer(NamedTuple):
    """A function as one row offers it."""

    given_name: str
    """As the row's calls spell it."""
    function: Function


class FunctionShelf:
    """All functions of a set by their text.

    Args:
        document: stands for the set.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._offers: dict[str, Offer] = {}
        self._by_tool: dict[str, Function] = {}

    @property
    def domain(self) -> str:
        """Of all of them."""
        return self._document.domain

    @property
    def functions(self) -> list[Function]:
        """Every different one, in the order in which they came."""
        return list(self._by_tool.values())

    def offer(self, tool: dict[str, Any]) -> Offer:
        """Clean a function, or find it: rows repeat them by the thousand."""
        text = canonical_json(tool)
        if text not in self._offers:
            self._offers[text] = Offer(_given_name(tool), self._clean(tool))
        return self._offers[text]

    def _clean(self, tool: dict[str, Any]) -> Function:
        (function,) = finish_functions(self._document, "other", read_openai_tools([_in_openai_form(tool)]))
        key = canonical_json([function.tool, function.state])
        if key not in self._by_tool:
            position = len(self._by_tool)
            function_id = function_id_of(self._document.document_id, position, function.tool)
            self._by_tool[key] = function.model_copy(update={"position": position, "function_id": function_id})
        return self._by_tool[key]


def _given_name(tool: dict[str, Any]) -> str:
    wrapped = tool.get("function")
    return str((wrapped if isinstance(wrapped, dict) else tool).get("name"))


def _in_openai_form(tool: dict[str, Any]) -> dict[str, Any]:
    """A bare function wrapped, so that fields beside its schema are no reason to reject it."""
    return tool if isinstance(tool.get("function"), dict) else {"type": "function", "function": tool}
