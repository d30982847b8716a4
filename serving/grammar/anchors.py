"""Resolves `^` and `$`: a pattern is found anywhere in a text, a tree without anchors matches the text whole."""

from serving.grammar.trees import ANY_TEXT, Anchor, Either, Joined, Times, Tree

_MOST_FLAT = 64


class UnknownPatternError(Exception):
    """The pattern uses what no grammar can say, or what readers disagree on."""


def resolve_anchors(tree: Tree) -> Tree:
    """A tree that matches whole the texts in which this one is found.

    Raises:
        UnknownPatternError: an anchor stands inside the pattern or is repeated.
    """
    options = [_open_ends(list(flat)) for flat in _flatten(tree)]
    kept = [option for option in options if option is not None]
    return kept[0] if len(kept) == 1 else Either(tuple(kept))


def _open_ends(parts: list[Tree]) -> Tree | None:
    at_start = at_end = False
    while parts and parts[0] == Anchor("^"):
        parts, at_start = parts[1:], True
    while parts and parts[-1] == Anchor("$"):
        parts, at_end = parts[:-1], True
    if any(isinstance(part, Anchor) for part in parts):
        raise UnknownPatternError("an anchor inside the pattern")
    return Joined((*(() if at_start else (ANY_TEXT,)), *parts, *(() if at_end else (ANY_TEXT,))))


def _flatten(tree: Tree) -> list[tuple[Tree, ...]]:
    """Ways through a tree, as far as anchors stand in it."""
    if not _has_anchor(tree) or isinstance(tree, Anchor):
        return [(tree,)]
    if isinstance(tree, Either):
        return [way for option in tree.options for way in _flatten(option)]
    if not isinstance(tree, Joined):
        raise UnknownPatternError("a repeated anchor")
    ways: list[tuple[Tree, ...]] = [()]
    for part in tree.parts:
        ways = [(*way, *more) for way in ways for more in _flatten(part)]
        if len(ways) > _MOST_FLAT:
            raise UnknownPatternError("anchors in too many alternatives")
    return ways


def _has_anchor(tree: Tree) -> bool:
    if isinstance(tree, Joined):
        return any(_has_anchor(part) for part in tree.parts)
    if isinstance(tree, Either):
        return any(_has_anchor(option) for option in tree.options)
    return _has_anchor(tree.body) if isinstance(tree, Times) else isinstance(tree, Anchor)
