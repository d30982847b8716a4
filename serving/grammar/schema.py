"""JSON schema (Draft 2020-12) into a grammar over spelled JSON, as json.dumps(ensure_ascii=False) writes it.

`compile_schema({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})`
"""

import json
from typing import Any

from serving.grammar.alternatives import APPLICATORS, Alternatives
from serving.grammar.arrays import spell_array
from serving.grammar.characters import is_spellable
from serving.grammar.document import Document, Schema, SchemaRefusedError
from serving.grammar.language import (
    ANY_STRING,
    Grammar,
    Literal,
    Node,
    Reference,
    Repeat,
    SchemaGrammar,
    choice,
    sequence,
)
from serving.grammar.leaves import Leaves, finite_values, read_types, types_of
from serving.grammar.numbers import NOTHING
from serving.grammar.objects import spell_object
from serving.grammar.productive import prune
from serving.grammar.scalars import read_text_rules, spell_number, spell_text
from serving.grammar.strings import RuleStore, TextRules

__all__ = ["SchemaRefusedError", "compile_schema"]

_MEANING = frozenset({
    *APPLICATORS, "type", "enum", "const", "properties", "required", "additionalProperties", "patternProperties",
    "minProperties", "maxProperties", "propertyNames", "items", "prefixItems", "minItems", "maxItems", "uniqueItems",
    "contains", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "unevaluatedProperties", "unevaluatedItems",
})  # fmt: skip
"""Keywords that say something of a value; all others are for people."""

_NUMBERS = frozenset({"integer", "fraction"})
_MOST_LISTED = 24
_MOST_DEPTH = 80
_MOST_RULES = 20_000


def compile_schema(schema: dict[str, Any]) -> SchemaGrammar:
    """The spelled values that a schema lets in.

    Objects that declare properties and say nothing of others take no others.

    Raises:
        SchemaRefusedError: it is no schema, a reference leads nowhere, or no finite value fulfils it.
    """
    return _Compiler(Document(schema)).run()


class _Compiler:
    """One schema's rules as they grow."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.store = RuleStore(self._reserve, self._define)
        self._alternatives = Alternatives(document)
        self._rules: dict[str, Node] = {}
        self._known: dict[str, Node] = {}
        self._open: dict[str, str] = {}
        self._has_loops = False
        self._widened: list[str] = []
        self._count = 0

    def run(self) -> SchemaGrammar:
        root = self.compile([self.document.root], "")
        self._rules["root"] = root
        grammar = Grammar(prune(self._rules) if self._has_loops else self._rules, "root")
        if root == NOTHING or grammar.rules["root"] == NOTHING:
            raise SchemaRefusedError(
                "No finite JSON value fulfils this schema; check its bounds, enums and references."
            )
        return SchemaGrammar(grammar, tuple(dict.fromkeys(self._widened)))

    def compile(self, schemas: list[Schema], place: str) -> Node:
        """The values that fulfil all of these."""
        parts: list[Schema] = [schema for schema in schemas if schema is not True and schema != {}]
        if False in parts:
            return NOTHING
        self.document.spend()
        if len(parts) > 1:  # a reference met twice would double at every level of a recursion
            parts = list({json.dumps(part): part for part in parts}.values())
        if len(parts) <= 1:
            plain = self._plain(parts[0] if parts else {})
            if plain is not None:
                return plain
        key = json.dumps(parts)
        if key in self._open:
            self._has_loops = True
            return Reference(self._open[key])
        if key not in self._known:
            self._known[key] = self._compile_new(key, parts, place)
        return self._known[key]

    def list_values(self, schemas: list[Schema]) -> list[str] | None:
        """The spelled values that fulfil all of these, if they are few; else None."""
        lost, self._alternatives.lost = self._alternatives.lost, []
        ways = self._alternatives.of_all(schemas)
        self._alternatives.lost = lost
        found: list[str] = []
        for way in ways:
            values = finite_values(way)
            if values is None and types_of(way) <= {"boolean", "null"}:
                values = [True, False, None]
            if values is None:
                return None
            found += self._spell_values(schemas, values)
        unique = list(dict.fromkeys(found))
        return unique if len(unique) <= _MOST_LISTED else None

    def read_names(self, schemas: list[Schema], lost: list[str]) -> TextRules | None:
        """What propertyNames say, or None if it can't be said."""
        ways = self._alternatives.of_all(schemas)
        if len(ways) == 1 and "string" in types_of(ways[0]):
            return read_text_rules(ways[0], lost)
        if ways:
            lost.append("propertyNames")
        return None

    def _plain(self, schema: Schema) -> Node | None:
        """Shared rules for a type with nothing beside it."""
        if isinstance(schema, bool) or any(key in _MEANING for key in schema if key != "type"):
            return None
        kind = schema.get("type", "any")
        return self._shared(kind) if isinstance(kind, str) and kind not in ("object", "array") else None

    def _shared(self, kind: str) -> Node:
        if kind not in self._rules:
            self._rules[kind] = NOTHING  # any value holds any value
            self._rules[kind] = self._make_shared(kind)
        return Reference(kind)

    def _make_shared(self, kind: str) -> Node:
        match kind:
            case "string":
                return ANY_STRING
            case "null":
                return Literal("null")
            case "boolean":
                return choice(["true", "false"])
            case "integer" | "number":
                return spell_number((), read_types(kind), self.store, [])
        value = Reference("any")
        pair = sequence(self._shared("string"), ": ", value)
        inside = [
            sequence(left, choice(["", sequence(one, Repeat(sequence(", ", one)))]), right)
            for left, one, right in (("[", value, "]"), ("{", pair, "}"))
        ]
        return choice([*map(self._shared, ("null", "boolean", "number", "string")), *inside])

    def _compile_new(self, key: str, parts: list[Schema], place: str) -> Node:
        if len(self._open) > _MOST_DEPTH:
            raise SchemaRefusedError(f"The schema is nested deeper than {_MOST_DEPTH} levels at {place[:200]}.")
        name = self._open[key] = self._reserve()
        node = self._spell(parts, place)
        del self._open[key]
        if node == NOTHING or isinstance(node, Reference | Literal):
            if self._has_loops:
                self._rules[name] = node  # a loop may have named it
            return node
        self._rules[name] = node
        return Reference(name)

    def _spell(self, parts: list[Schema], place: str) -> Node:
        self._alternatives.lost = []
        ways = self._alternatives.of_all(parts)
        lost = self._alternatives.lost if any(finite_values(way) is None for way in ways) else []
        options = [self._spell_way(parts, way, place, lost) for way in ways]
        self._widened += [f"{place or '/'}: {keyword}" for keyword in lost]
        return choice([option for option in options if option != NOTHING])

    def _spell_way(self, parts: list[Schema], way: Leaves, place: str, lost: list[str]) -> Node:
        values = finite_values(way)
        if values is not None:
            return choice(list[Node | str](self._spell_values(parts, values)))
        types = types_of(way)
        options: list[Node] = [self._shared(kind) for kind in ("null", "boolean") if kind in types]
        if types & _NUMBERS:
            options.append(spell_number(way, types & _NUMBERS, self.store, lost))
        if "string" in types:
            rules = read_text_rules(way, lost)
            options.append(self._shared("string") if rules.is_free else spell_text(rules, self.store, lost))
        if "array" in types:
            options.append(spell_array(self, way, place, lost))
        if "object" in types:
            options.append(spell_object(self, way, place, lost, _tells_evaluated(parts)))
        return choice([option for option in options if option != NOTHING])

    def _spell_values(self, schemas: list[Schema], values: list[Any]) -> list[str]:
        """Those of the values that fulfil everything, spelled; 1.0 is spelled 1 as well."""
        validator = self.document.validator(tuple(schemas))
        found: list[str] = []
        for value in values:
            spelled = json.dumps(value, ensure_ascii=False)
            if not is_spellable(spelled) or not validator.is_valid(value):
                continue
            found.append(spelled)
            if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
                found.append(str(int(value)))
        return found

    def _reserve(self) -> str:
        self._count += 1
        if self._count > _MOST_RULES:
            raise SchemaRefusedError(
                f"The schema needs more than {_MOST_RULES} rules; make its parts simpler or fewer."
            )
        return f"r{self._count}"

    def _define(self, name: str, node: Node) -> None:
        self._rules[name] = node


def _tells_evaluated(parts: list[Schema]) -> bool:
    """Whether the one schema here, not a part of it, says what is to be done with what nothing else looked at."""
    return len(parts) == 1 and isinstance(parts[0], dict) and "unevaluatedProperties" in parts[0]
