"""Resolves references and applicators: a schema becomes a list of alternatives, each a tuple of schemas without them.

`anyOf` is a list of alternatives, `allOf` joins them, and `oneOf`, `not`, `if` and `dependent…` are rewritten into
those two by turning schemas around. What can't be is left out and named.
"""

from collections.abc import Sequence
from typing import Any

from serving.grammar.document import Document, Schema
from serving.grammar.leaves import (
    ABSENT,
    PROPERTY,
    Leaves,
    bounds_of,
    count_of,
    finite_values,
    is_absent,
    property_schemas,
    required_of,
    types_of,
)
from serving.grammar.negation import NotExpressedError, negate

APPLICATORS = (
    "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas",
    "dependencies",
)  # fmt: skip
MOST_ALTERNATIVES = 96
_DEPTH = 3


class Alternatives:
    """The ways to fulfil schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.lost: list[str] = []
        """Keywords that had to be left out since this list was last emptied."""

    def of_all(self, schemas: Sequence[Schema], chain: frozenset[str] = frozenset()) -> list[Leaves]:
        """Ways to fulfil all of these."""
        ways: list[Leaves] = [()]
        for schema in schemas:
            ways = self._combine(ways, self.of(schema, chain))
        return ways

    def of(self, schema: Schema, chain: frozenset[str] = frozenset()) -> list[Leaves]:
        """Ways to fulfil one schema; `chain` holds the references that led here."""
        if isinstance(schema, bool):
            return [()] if schema else []
        if not any(keyword in schema for keyword in APPLICATORS):
            return [(schema,)]
        ways: list[Leaves] = [(schema,)]
        for keyword in APPLICATORS:
            if keyword not in schema:
                continue
            try:
                ways = self._combine(ways, self._apply(keyword, schema, chain))
            except NotExpressedError:
                self.lost.append(keyword)
        return ways

    def is_empty(self, leaves: Leaves, depth: int = _DEPTH) -> bool:
        """Whether it is plain that no value fulfils all of these; False where it is not."""
        types = types_of(leaves)
        values = finite_values(leaves)
        if values is not None:
            plain = tuple({key: value for key, value in leaf.items() if not key.startswith("\0")} for leaf in leaves)
            validator = self._document.validator(plain)
            values = [value for value in values if validator.is_valid(value)]
        return values == [] or all(self._is_kind_empty(kind, leaves, depth) for kind in types)

    def _is_kind_empty(self, kind: str, leaves: Leaves, depth: int) -> bool:
        if kind in ("integer", "fraction"):
            bounds = bounds_of(leaves)
            low, high = bounds.low, bounds.high
            return low is not None and high is not None and (low > high or (low == high and not bounds.holds(low)))
        counts = {"string": "Length", "array": "Items", "object": "Properties"}
        if kind in counts:
            least, most = count_of(leaves, f"min{counts[kind]}", f"max{counts[kind]}")
            if most is not None and least > most:
                return True
        return kind == "object" and any(self._is_member_empty(name, leaves, depth) for name in required_of(leaves))

    def _is_member_empty(self, name: str, leaves: Leaves, depth: int) -> bool:
        if is_absent(leaves, name):
            return True
        schemas = property_schemas(self._document, leaves, name)
        if depth == 0 or not schemas:
            return False
        lost, self.lost = self.lost, []
        try:
            return all(self.is_empty(way, depth - 1) for way in self.of_all(schemas))
        except NotExpressedError:
            return False
        finally:
            self.lost = lost

    def _combine(self, first: list[Leaves], second: list[Leaves]) -> list[Leaves]:
        if len(first) == 1 and len(second) == 1:
            return [first[0] + second[0]]
        joined = [one + other for one in first for other in second if types_of(one + other)]
        if len(joined) > MOST_ALTERNATIVES // 4:
            joined = [way for way in joined if not self.is_empty(way, 0)]
        if len(joined) > MOST_ALTERNATIVES:
            raise NotExpressedError
        return joined

    def _apply(self, keyword: str, schema: dict[str, Any], chain: frozenset[str]) -> list[Leaves]:
        value = schema[keyword]
        match keyword:
            case "$ref":
                return self._follow(value, chain)
            case "allOf":
                return self.of_all(value, chain)
            case "anyOf":
                return self._any_of(value, chain)
            case "oneOf":
                return self._one_of(schema, chain)
            case "not":
                return self._any_of(negate(self._document, value, ()), chain)
            case "if":
                return self._conditional(schema, chain)
            case "dependentRequired" | "dependentSchemas" | "dependencies":
                return self._dependent(value, chain)
        raise NotExpressedError

    def _follow(self, reference: str, chain: frozenset[str]) -> list[Leaves]:
        if reference in chain:
            return []  # it refers to itself without any value in between: nothing finite comes of it
        return self.of(self._document.resolve(reference), chain | {reference})

    def _any_of(self, schemas: Sequence[Schema], chain: frozenset[str], lost: str | None = None) -> list[Leaves]:
        self.lost += [lost] if lost else []
        ways = [way for schema in schemas for way in self.of(schema, chain)]
        if len(ways) > MOST_ALTERNATIVES:
            raise NotExpressedError
        return ways

    def _conditional(self, schema: dict[str, Any], chain: frozenset[str]) -> list[Leaves]:
        otherwise = [{"allOf": [each, schema.get("else", True)]} for each in negate(self._document, schema["if"], ())]
        return self._any_of([{"allOf": [schema["if"], schema.get("then", True)]}, *otherwise], chain)

    def _dependent(self, value: dict[str, Any], chain: frozenset[str]) -> list[Leaves]:
        ways: list[Leaves] = [()]
        for name, needed in value.items():
            has = (
                {"required": list(dict.fromkeys([name, *needed]))} if isinstance(needed, list) else {"required": [name]}
            )
            more = [has] if isinstance(needed, list) else [has, needed]
            ways = self._combine(ways, [({ABSENT: (name,)},), *self.of_all(more, chain)])
        return ways

    def _one_of(self, schema: dict[str, Any], chain: frozenset[str]) -> list[Leaves]:
        """Each branch, less what another one lets in as well."""
        beside = {key: value for key, value in schema.items() if key not in APPLICATORS}
        branches = [self.of(each, chain) for each in schema["oneOf"]]
        ways: list[Leaves] = []
        for place, branch in enumerate(branches):
            for other, others in enumerate(branches):
                if other != place:
                    branch = self._less(beside, branch, schema["oneOf"][other], others, chain)
                if len(branch) > MOST_ALTERNATIVES // 4:
                    return self._any_of(schema["oneOf"], chain, "oneOf")
            ways += branch
        return ways if len(ways) <= MOST_ALTERNATIVES else self._any_of(schema["oneOf"], chain, "oneOf")

    def _less(
        self, beside: dict[str, Any], branch: list[Leaves], other: Schema, others: list[Leaves], chain: frozenset[str]
    ) -> list[Leaves]:
        kept: list[Leaves] = []
        for way in branch:
            shared = [each for each in others if not self.is_empty((beside, *way, *each))]
            if not shared:
                kept.append(way)
                continue
            names = _names((beside, *way))
            telling = _telling_name(beside, shared, names)
            if telling is not None:
                kept.append((*way, {ABSENT: (telling,)}))
                continue
            try:
                opposite = self._any_of(negate(self._document, other, names), chain)
            except NotExpressedError:
                self.lost.append("oneOf")
                kept.append(way)
                continue
            kept += [(*way, *each) for each in opposite if not self.is_empty((beside, *way, *each))]
        return kept


def _names(leaves: Leaves) -> list[str]:
    found = [name for leaf in leaves for key in ("properties", "required", PROPERTY) for name in leaf.get(key, ())]
    return list(dict.fromkeys(found))


def _telling_name(beside: dict[str, Any], others: list[Leaves], names: list[str]) -> str | None:
    """A property that all the others require and this one does not know: without it, it is none of them."""
    if any(not types_of((beside, *way)) <= {"object"} for way in others):
        return None
    common = set.intersection(*(set(required_of(way)) for way in others)) - set(names)
    return min(common) if common else None
