"""Find what a `$ref` of a document names."""

from typing import Any
from urllib.parse import unquote

from schemas.errors import TerminalError

_MAX_HOPS = 20


class UnresolvedReferenceError(TerminalError):
    """A `$ref` leads out of the document, in a circle, or to nothing."""


class References:
    """The local references of one document."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def find(self, reference: str) -> Any:
        """What `#/components/schemas/Pet` names.

        Raises:
            UnresolvedReferenceError: says where the reference leads.
        """
        if reference != "#" and not reference.startswith("#/"):
            raise UnresolvedReferenceError(
                f"'{reference}' lies outside this document; bundle the files into one document first"
            )
        node = self._root
        for part in reference.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, dict) and key in node:
                node = node[key]
            else:
                raise UnresolvedReferenceError(f"'{reference}' names nothing: there is no '{key}'")
        return node

    def follow(self, node: Any) -> Any:
        """The node itself, or what its `$ref` names, from reference to reference."""
        for _ in range(_MAX_HOPS):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node
            node = self.find(node["$ref"])
        raise UnresolvedReferenceError(f"'{node['$ref']}' leads from reference to reference, {_MAX_HOPS} times")
