"""The fixed text around a call, as a tree of bytes: marks, the offered names, and where each name leads."""

from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Target = TypeVar("Target")


class Fixed(Generic[Target]):
    """A place inside fixed text, of which one of several words is to come; each word leads to a target."""

    __slots__ = ("edges", "row")

    def __init__(self) -> None:
        self.edges: dict[int, Fixed[Target] | Leaf[Target]] = {}
        self.row: npt.NDArray[np.int32] | None = None
        """The tokens that may follow, once somebody asked."""

    def add(self, word: bytes, target: Target) -> None:
        """One more word; no word may begin with another, which the mark after a name sees to.

        Raises:
            ValueError: one does.
        """
        node = self
        for byte in word[:-1]:
            following = node.edges.setdefault(byte, Fixed())
            if not isinstance(following, Fixed):
                raise ValueError(f"{word!r} begins with another word.")
            node = following
        if word[-1] in node.edges:
            raise ValueError(f"Another word begins with {word!r}.")
        node.edges[word[-1]] = Leaf(target)

    def words(self) -> Iterator[tuple[bytes, Target]]:
        """What is still to come, and where it leads."""
        open_nodes: list[tuple[bytes, Fixed[Target]]] = [(b"", self)]
        while open_nodes:
            text, node = open_nodes.pop()
            for byte, following in reversed(node.edges.items()):
                longer = text + bytes((byte,))
                if isinstance(following, Leaf):
                    yield longer, following.target
                else:
                    open_nodes.append((longer, following))


class Leaf(Generic[Target]):
    """The end of a word."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target = target
