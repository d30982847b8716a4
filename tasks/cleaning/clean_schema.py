"""Clean a schema of an API document to plain JSON Schema (Draft 2020-12): references inlined, wrong words repaired."""

from typing import Any, NamedTuple

from schemas.errors import TerminalError
from tasks.cleaning.clean_keywords import gather_examples, read_count, read_number, read_pattern, read_type
from tasks.cleaning.clean_text import clean_description, shorten, slug
from tasks.cleaning.finish_schema import finish_schema, merge_schemas
from tasks.cleaning.repairs import Repairs
from tasks.cleaning.resolve_reference import References

Schema = dict[str, Any]

_MAX_DEPTH = 24
_MAX_NODES = 20_000
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_DROPPED = (
    "not", "if", "then", "else", "contains", "propertyNames", "dependencies", "dependentRequired", "dependentSchemas",
    "unevaluatedProperties", "unevaluatedItems",
)  # fmt: skip


class SchemaTooLargeError(TerminalError):
    """A schema with its references written out has too many parts."""


class _Place(NamedTuple):
    """Where the cleaner is."""

    where: str
    references: tuple[str, ...] = ()
    """Those that led here; one that comes again is a circle."""
    depth: int = 0

    def enter(self, name: str) -> "_Place":
        return _Place(f"{self.where}.{name}" if self.where else name, self.references, self.depth + 1)


class SchemaCleaner:
    """Cleans the schemas of one function.

    Args:
        references: the document's.
        repairs: takes down what was changed.
    """

    def __init__(self, references: References, repairs: Repairs) -> None:
        self._references = references
        self._repairs = repairs
        self._nodes = 0

    def clean(self, schema: Any, where: str) -> Schema:
        """Clean one schema.

        Args:
            schema: as the document has it.
            where: its name in repairs.

        Raises:
            UnresolvedReferenceError: a `$ref` leads nowhere or out of the document.
            SchemaTooLargeError: more than 20,000 parts.
        """
        return self._clean(schema, _Place(where))

    def _clean(self, schema: Any, place: _Place) -> Schema:
        return finish_schema(self._read(schema, place), self._repairs, place.where)

    def _read(self, schema: Any, place: _Place) -> Schema:
        """Keywords cleaned one by one and allOf merged; what needs all of them at once is left to `finish_schema`."""
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise SchemaTooLargeError(f"more than {_MAX_NODES:,} schemas with references written out")
        schema, place = self._inline(schema, place)
        if place.depth > _MAX_DEPTH:
            self._repairs.add(place.where, f"cut at depth {_MAX_DEPTH}")
            return {}
        read = {**self._read_scalars(schema, place), **self._read_children(schema, place)}
        return self._merge_all_of(read, schema.get("allOf"), place)

    def _inline(self, schema: Any, place: _Place) -> tuple[Schema, _Place]:
        """Replace `$ref` by what it names; words beside it stand over it."""
        while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            reference = schema["$ref"]
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            target = self._references.find(reference)
            if reference in place.references:
                self._repairs.add(place.where, f"circular reference {reference} cut")
                return {"type": "object", **beside}, place
            place = place._replace(references=(*place.references, reference))
            schema = {**target, **beside} if isinstance(target, dict) else target
        if isinstance(schema, dict):
            return schema, place
        if schema is not True:
            self._repairs.add(place.where, f"{type(schema).__name__} in place of a schema read as anything")
        return {}, place

    def _read_scalars(self, schema: Schema, place: _Place) -> Schema:
        read: Schema = {}
        if "type" in schema:
            read |= self._read_type(schema["type"], place)
        text = clean_description(schema.get("description")) or _telling_title(schema.get("title"), place.where)
        if text:
            read["description"] = shorten(text)
        if isinstance(schema.get("format"), str):
            read["format"] = schema["format"]
        read |= self._read_numbers(schema, place)
        read |= self._read_pattern(schema, place)
        read |= self._read_values(schema, place)
        if schema.get("nullable") is True or schema.get("x-nullable") is True:
            read["nullable"] = True
        for keyword in _DROPPED:
            if keyword in schema:
                self._repairs.add(place.where, f"keyword {keyword} dropped")
        return read

    def _read_type(self, word: Any, place: _Place) -> Schema:
        types, text_format, items, is_clean = read_type(word)
        if not is_clean:
            self._repairs.add(place.where, f"type {word!r:.60} read as {' or '.join(types) or 'anything'}")
        read: Schema = {"type": types[0] if len(types) == 1 else list(types)} if types else {}
        if text_format:
            read["format"] = text_format
        if items:
            read["items"] = {"type": items}
        return read

    def _read_numbers(self, schema: Schema, place: _Place) -> Schema:
        read: Schema = {}
        for side in ("Minimum", "Maximum"):  # draft 4: a boolean that sharpens the other keyword
            if schema.get(f"exclusive{side}") is True:
                schema = {**schema, f"exclusive{side}": schema.get(side.lower()), side.lower(): None}
            elif schema.get(f"exclusive{side}") is False:
                schema = {key: value for key, value in schema.items() if key != f"exclusive{side}"}
        for keyword in (*_NUMBERS, *_COUNTS):
            if schema.get(keyword) is None:
                continue
            number = read_number(schema[keyword]) if keyword in _NUMBERS else read_count(schema[keyword])
            if number is None or (keyword == "multipleOf" and number <= 0):
                self._repairs.add(place.where, f"{keyword} {schema[keyword]!r:.60} dropped")
            else:
                read[keyword] = number
        if schema.get("uniqueItems") is True:
            read["uniqueItems"] = True
        return read

    def _read_pattern(self, schema: Schema, place: _Place) -> Schema:
        pattern = schema.get("pattern")
        if pattern is None:
            return {}
        read = read_pattern(pattern) if isinstance(pattern, str) else None
        if read != pattern:
            what = "dropped: it does not compile" if read is None else "freed of its slashes"
            self._repairs.add(place.where, f"pattern {pattern!r:.80} {what}")
        return {} if read is None else {"pattern": read}

    def _read_values(self, schema: Schema, place: _Place) -> Schema:
        read: Schema = {key: schema[key] for key in ("const", "default") if key in schema}
        examples = gather_examples(schema)
        if examples:
            read["examples"] = examples
        enum = schema.get("enum")
        if isinstance(enum, list) and enum:
            read["enum"] = enum
        elif enum is not None:
            self._repairs.add(place.where, f"enum {enum!r:.60} dropped")
        return read

    def _read_children(self, schema: Schema, place: _Place) -> Schema:
        read: Schema = {}
        if isinstance(schema.get("properties"), dict):
            read["properties"] = self._clean_properties(schema["properties"], place)
        if isinstance(schema.get("required"), list):
            read["required"] = list(dict.fromkeys(str(name) for name in schema["required"]))
        if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
            read["additionalProperties"] = self._clean(schema["additionalProperties"], place.enter("*"))
        if isinstance(schema.get("patternProperties"), dict):
            kept = {key: value for key, value in schema["patternProperties"].items() if read_pattern(key) == key}
            read["patternProperties"] = {key: self._clean(value, place.enter(key)) for key, value in kept.items()}
        for keyword in ("anyOf", "oneOf", "prefixItems"):
            if isinstance(schema.get(keyword), list) and schema[keyword]:
                read[keyword] = self._clean_list(schema[keyword], keyword, place)
        if "discriminator" in schema and "oneOf" in read:  # it told apart what the branches alone do not
            read["anyOf"] = read.pop("oneOf")
        return read | self._read_items(schema.get("items"), place)

    def _clean_properties(self, properties: Schema, place: _Place) -> Schema:
        cleaned: Schema = {}
        for name, schema in properties.items():
            at = place.enter(name)
            if self._is_read_only(schema):
                self._repairs.add(at.where, "read-only property dropped")
                continue
            if isinstance(schema, dict) and isinstance(schema.get("required"), (bool, str)):
                self._repairs.add(at.where, f"required: {schema['required']!r:.20} inside a property dropped")
            cleaned[name] = self._clean(schema, at)
        return cleaned

    def _is_read_only(self, schema: Any) -> bool:
        followed = self._references.follow(schema) if isinstance(schema, dict) else None
        return isinstance(followed, dict) and (followed.get("readOnly") is True or schema.get("readOnly") is True)

    def _read_items(self, items: Any, place: _Place) -> Schema:
        if items is None:
            return {}
        if isinstance(items, list):  # draft 4's tuple
            return {"prefixItems": self._clean_list(items, "items", place)} if items else {}
        return {"items": self._clean(items, place.enter("items"))}

    def _merge_all_of(self, read: Schema, branches: Any, place: _Place) -> Schema:
        if not isinstance(branches, list) or not branches:
            return read
        merged: Schema | None = read
        for index, branch in enumerate(branches):
            part = self._read(branch, place.enter(f"allOf{index}"))
            merged = None if merged is None else merge_schemas(merged, part)
        if merged is not None:
            return merged
        self._repairs.add(place.where, "allOf kept: its branches contradict each other or can't be merged")
        return {**read, "allOf": self._clean_list(branches, "allOf", place)}

    def _clean_list(self, schemas: list[Any], keyword: str, place: _Place) -> list[Schema]:
        return [self._clean(schema, place.enter(f"{keyword}{index}")) for index, schema in enumerate(schemas)]


def _telling_title(title: Any, where: str) -> str:
    """A title, unless it only repeats the argument's name as generators do."""
    text, name = clean_description(title), where.rsplit(".", 1)[-1]
    return "" if (slug(text) or text) == (slug(name) or name) else text
