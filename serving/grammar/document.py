"""A schema as a whole: where its references lead, and validators for its parts."""

import json
import time
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

Schema = dict[str, Any] | bool


class SchemaRefusedError(Exception):
    """No language can be promised for this schema; the message says what it holds and what to change."""


MOST_SECONDS = 3.0
"""Of processor time for one schema; the largest of 1,847 real ones takes 0.02."""


class Document:
    """The schema that references are read against.

    Raises:
        SchemaRefusedError: it is not a JSON schema of Draft 2020-12, or a reference leads nowhere.
    """

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self._ends_at = time.thread_time() + MOST_SECONDS
        self._matches: dict[tuple[str, str], bool] = {}
        build_validator(root)

    @cached_property
    def _anchors(self) -> dict[str, Schema]:
        found: dict[str, Schema] = {}
        todo: list[Any] = [self.root]
        while todo:
            part = todo.pop()
            if isinstance(part, dict):
                if isinstance(part.get("$anchor"), str):
                    found.setdefault(part["$anchor"], part)
                todo += part.values()
            elif isinstance(part, list):
                todo += part
        return found

    @cached_property
    def _has_inner_id(self) -> bool:
        return any(_names_itself(part) for part in self.root.values())

    def resolve(self, reference: str) -> Schema:
        """What a `$ref` leads to.

        Raises:
            SchemaRefusedError: it leads out of the schema, or to nothing.
        """
        self.spend()
        own = self.root.get("$id")
        path = reference.removeprefix(own.rstrip("#")) if isinstance(own, str) and own else reference
        path = path or "#"
        if not path.startswith("#") or self._has_inner_id:
            raise SchemaRefusedError(
                f"$ref {reference!r} leads out of the schema; only #, #/… and #anchor are followed."
            )
        fragment = unquote(path[1:])
        if fragment and not fragment.startswith("/"):
            return self._checked(reference, self._anchors.get(fragment))
        target: Any = self.root
        for step in fragment.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(target, list):
                target = target[int(key)] if key.isdigit() and int(key) < len(target) else None
            else:
                target = target.get(key) if isinstance(target, dict) else None
        return self._checked(reference, target)

    def spend(self) -> None:
        """Called at every step of compiling: a few lines of schema can ask for endless work.

        Raises:
            SchemaRefusedError: the time is up.
        """
        if time.thread_time() > self._ends_at:
            raise SchemaRefusedError(
                f"It takes more than {MOST_SECONDS:g} s of work to compile; make it smaller or less entangled."
            )

    def _checked(self, reference: str, target: Any) -> Schema:
        if isinstance(target, dict | bool):
            return target
        raise SchemaRefusedError(f"$ref {reference!r} leads to nothing in the schema; define it under $defs.")

    def validator(self, schemas: tuple[Schema, ...]) -> jsonschema_rs.Draft202012Validator:
        """A validator of all of these parts of the document together."""
        self.spend()
        if all(schema is not self.root for schema in schemas) and "$ref" in json.dumps(schemas):
            # The parts' references are read against a copy of the document that stands inside the new schema.
            moved: dict[str, Any] = {
                "allOf": [_move(schema) for schema in schemas],
                "$defs": {"root": _move(self.root)},
            }
            return build_validator(moved)
        if len(schemas) == 1 and isinstance(schemas[0], dict):
            return build_validator(schemas[0])
        return build_validator({"allOf": [*schemas] or [True], **_definitions(self.root)})

    def matches(self, pattern: str, name: str) -> bool:
        """Whether a name of a property matches a pattern, as the validator sees it."""
        key = (pattern, name)
        if key not in self._matches:
            self._matches[key] = build_validator({"pattern": pattern}).is_valid(name)
        return self._matches[key]


def build_validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator that checks formats too.

    Raises:
        SchemaRefusedError: it is not a schema.
    """
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, retriever=_retrieve_nothing)
    except (jsonschema_rs.ValidationError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SchemaRefusedError(f"Not a JSON schema of Draft 2020-12: {_explain(error)}") from error


def _retrieve_nothing(address: str) -> Any:
    # The library would fetch it: a request's schema must not make this server talk to others.
    raise ValueError(f"{address} is not part of the schema")


def _explain(error: Exception) -> str:
    path = getattr(error, "instance_path", None)
    place = f" (at /{'/'.join(map(str, path))})" if path else ""
    message = getattr(error, "message", None) or str(error)
    first = message.splitlines()[0] if message else type(error).__name__
    return f"{first[:300]}{place}"


def _names_itself(part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(part.get("$id"), str) or any(_names_itself(each) for each in part.values())
    return isinstance(part, list) and any(_names_itself(each) for each in part)


def _definitions(root: dict[str, Any]) -> dict[str, Any]:
    return {key: root[key] for key in ("$defs", "definitions") if key in root}


def _move(part: Any) -> Any:
    if isinstance(part, list):
        return [_move(each) for each in part]
    if not isinstance(part, dict):
        return part
    moved = {key: _move(value) for key, value in part.items() if key not in ("$id", "$schema")}
    reference = part.get("$ref")
    if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
        moved["$ref"] = "#/$defs/root" + reference[1:]
    return moved
