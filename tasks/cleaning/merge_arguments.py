"""Merge what an operation takes from path, query, headers, cookies and body into one list of arguments."""

from typing import Any

from schemas.function import ParameterBinding, ParameterPlace
from tasks.cleaning.repairs import Repairs

Schema = dict[str, Any]
_NOT_SPREADABLE = ("anyOf", "oneOf", "allOf", "additionalProperties", "patternProperties", "enum", "const")


class Arguments:
    """Arguments of one function and the place of each in its HTTP request."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._properties: dict[str, Schema] = {}
        self._required: list[str] = []
        self.bindings: dict[str, ParameterBinding] = {}

    def add(self, binding: ParameterBinding, schema: Schema, is_required: bool) -> None:
        """Add an argument; a name that an earlier place has already is preceded by this one's."""
        name = self._free_name(binding.wire_name, binding.place)
        if name != binding.wire_name:
            self._repairs.add("", f"{binding.place} parameter {binding.wire_name} renamed {name}")
        self._properties[name] = schema
        self.bindings[name] = binding
        if is_required:
            self._required.append(name)

    def add_body(self, body: Schema, is_required: bool) -> None:
        """Spread a body object's properties; any other body is one argument.

        What a body object requires stays required even where the body itself is not: OpenAPI's default for
        `requestBody.required` is false, and authors who list required properties have hardly ever meant that.
        """
        if not is_spreadable(body):
            binding = ParameterBinding(place="body", wire_name="body", style="whole_body")
            self.add(binding, body, is_required)
            return
        for name, schema in body["properties"].items():
            binding = ParameterBinding(place="body", wire_name=name)
            self.add(binding, schema, name in body.get("required", []))

    def has_place(self, place: ParameterPlace, wire_name: str) -> bool:
        """Whether the request's part already has an argument of that name."""
        return any(one.place == place and one.wire_name == wire_name for one in self.bindings.values())

    def has_body(self) -> bool:
        """Whether an argument goes into the body."""
        return any(binding.place == "body" for binding in self.bindings.values())

    def as_schema(self) -> Schema:
        """Parameters of the function; an argument that is not among them is an error."""
        return {
            "type": "object",
            "properties": self._properties,
            "required": self._required,
            "additionalProperties": False,
        }

    def _free_name(self, wire_name: str, place: str) -> str:
        name, number = wire_name, 1
        while name in self._properties:
            name = f"{place}_{wire_name}" + (f"_{number}" if number > 1 else "")
            number += 1
        return name


def is_spreadable(body: Schema) -> bool:
    """Whether a cleaned body is a plain object whose properties can stand beside other arguments."""
    kinds = body.get("type")
    is_object = kinds == "object" or (isinstance(kinds, list) and set(kinds) == {"object", "null"})
    return is_object and bool(body.get("properties")) and not any(keyword in body for keyword in _NOT_SPREADABLE)
