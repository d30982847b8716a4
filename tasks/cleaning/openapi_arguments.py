"""What one operation takes, from all places of its HTTP request, as the parameters of one function."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

from schemas.function import ParameterBinding, ParameterPlace
from tasks.cleaning.clean_keywords import gather_examples
from tasks.cleaning.clean_schema import SchemaCleaner
from tasks.cleaning.finish_schema import add_examples
from tasks.cleaning.merge_arguments import Arguments, is_spreadable
from tasks.cleaning.openapi_document import ApiDocument, Operation
from tasks.cleaning.repairs import Repairs

Schema = dict[str, Any]

_PLACES = ("path", "query", "header", "cookie")
_NOT_SCHEMA = {"name", "in", "required", "schema", "content", "style", "explode", "allowEmptyValue", "collectionFormat"}
_SAYS_TYPE = {"type", "enum", "const", "anyOf", "oneOf", "allOf"}
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_MEDIA_TYPES = (
    re.compile(r"application/json\b.*", re.IGNORECASE),
    re.compile(r"[\w.-]+/([\w.-]+\+)?json\b.*|\*/\*", re.IGNORECASE),
    re.compile(r"application/x-www-form-urlencoded\b.*", re.IGNORECASE),
    re.compile(r"multipart/form-data\b.*", re.IGNORECASE),
)


class Bound(NamedTuple):
    """A function's parameters and the places that their values go to."""

    parameters: Schema
    bindings: dict[str, ParameterBinding]
    body_type: str | None


class Body(NamedTuple):
    """An operation's body before it is cleaned."""

    schema: Any
    is_required: bool
    media_type: str
    examples: Sequence[Any] = ()


def bind_arguments(api: ApiDocument, operation: Operation, repairs: Repairs) -> Bound:
    """Gather, clean and merge what an operation takes.

    Raises:
        UnresolvedReferenceError, SchemaTooLargeError: as the schema cleaner does.
    """
    cleaner, arguments = SchemaCleaner(api.references, repairs), Arguments(repairs)
    parameters = _gather_parameters(api, operation, repairs)
    placed = [one for one in parameters if _is_argument(api, operation, one, repairs)]
    for parameter in sorted(placed, key=lambda one: _PLACES.index(one["in"])):
        _add_parameter(parameter, cleaner, arguments, repairs)
    for name in re.findall(r"\{([^{}]+)\}", operation.path):
        if not arguments.has_place("path", name):
            repairs.add(name, "added: the path names it, the document does not declare it")
            arguments.add(ParameterBinding(place="path", wire_name=name), {"type": "string"}, True)
    body = _find_body(api, operation, parameters)
    if body:
        cleaned = _give_examples(cleaner.clean(body.schema, "body"), body.examples)
        arguments.add_body(cleaned, body.is_required)
    return Bound(arguments.as_schema(), arguments.bindings, body.media_type if body and arguments.has_body() else None)


def _gather_parameters(api: ApiDocument, operation: Operation, repairs: Repairs) -> list[Schema]:
    """The path's parameters and the operation's, which stand over them."""
    found: dict[tuple[str, str], Schema] = {}
    for holder in (operation.item, operation.content):
        listed = holder.get("parameters")
        for one in listed if isinstance(listed, list) else []:
            parameter = api.references.follow(one)
            if isinstance(parameter, dict) and isinstance(parameter.get("name"), str) and "in" in parameter:
                found[str(parameter["in"]), parameter["name"]] = {**parameter, "in": str(parameter["in"])}
            else:
                repairs.add("", f"parameter without name or place dropped: {parameter!r:.80}")
    return list(found.values())


def _is_argument(api: ApiDocument, operation: Operation, parameter: Schema, repairs: Repairs) -> bool:
    """Whether a parameter is the model's to fill in; a body's are looked at elsewhere."""
    name, place = parameter["name"], parameter["in"]
    if api.is_transport(operation, place, name):
        repairs.add(name, f"left out: this {place} parameter belongs to the transport")
        return False
    if place == "path" and f"{{{name}}}" not in operation.path:
        repairs.add(name, f"left out: the path {operation.path} does not name it")
        return False
    return place in _PLACES


def _add_parameter(parameter: Schema, cleaner: SchemaCleaner, arguments: Arguments, repairs: Repairs) -> None:
    name, place = parameter["name"], cast(ParameterPlace, parameter["in"])
    schema = cleaner.clean(_schema_of(parameter), name)
    if not _SAYS_TYPE & schema.keys():
        repairs.add(name, f"without a type: read as string, as a {place} is text")
        schema = {"type": "string", **schema}
    binding = ParameterBinding(place=place, wire_name=name, style="json" if "content" in parameter else "plain")
    arguments.add(binding, schema, place == "path" or parameter.get("required") is True)


def _schema_of(parameter: Mapping[str, Any]) -> Any:
    """A parameter's schema with its own description and examples; in Swagger 2 the parameter itself is the schema."""
    own = {key: value for key, value in parameter.items() if key not in _NOT_SCHEMA}
    schema = parameter.get("schema")
    content = parameter.get("content")
    if schema is None and isinstance(content, dict) and content:
        media = next(iter(content.values()))
        schema = media.get("schema") if isinstance(media, dict) else None
    if not isinstance(schema, dict):
        return own
    return {**schema, **{key: own[key] for key in ("description", "example", "examples") if own.get(key)}}


def _find_body(api: ApiDocument, operation: Operation, parameters: Sequence[Schema]) -> Body | None:
    request_body = api.references.follow(operation.content.get("requestBody"))
    if isinstance(request_body, dict):
        return _read_request_body(request_body)
    whole = next((one for one in parameters if one["in"] == "body"), None)
    if whole:
        schema = _schema_of(whole) if "schema" in whole else {}
        return Body(schema, whole.get("required") is True, _consumed(api, operation, "json"))
    fields = [one for one in parameters if one["in"] == "formData"]
    return _read_form(api, operation, fields) if fields else None


def _read_request_body(request_body: Mapping[str, Any]) -> Body | None:
    content = request_body.get("content")
    if not isinstance(content, dict) or not content:
        return None
    media_type = choose_media_type(list(content))
    media = content[media_type] if isinstance(content[media_type], dict) else {}
    schema = media.get("schema")
    is_required = request_body.get("required") is True
    return Body({} if schema is None else schema, is_required, _plain_media_type(media_type), gather_examples(media))


def _read_form(api: ApiDocument, operation: Operation, fields: Sequence[Schema]) -> Body:
    properties = {one["name"]: _schema_of(one) for one in fields}
    required = [one["name"] for one in fields if one.get("required") is True]
    has_file = any(one.get("type") == "file" for one in fields)
    media_type = _consumed(api, operation, "multipart" if has_file else "form")
    return Body({"type": "object", "properties": properties, "required": required}, True, media_type)


def _consumed(api: ApiDocument, operation: Operation, kind: Literal["json", "form", "multipart"]) -> str:
    """Swagger 2's media type of a body: of those consumed the one that fits its kind."""
    consumes = operation.content.get("consumes", api.content.get("consumes"))
    known = [str(one) for one in consumes] if isinstance(consumes, list) else []
    if kind == "json":
        return _plain_media_type(choose_media_type(known)) if known else "application/json"
    is_urlencoded = kind == "form" and (_URLENCODED in known or _MULTIPART not in known)
    return _URLENCODED if is_urlencoded else _MULTIPART


def choose_media_type(offered: Sequence[str]) -> str:
    """JSON if there is one, then a form, then whatever comes first."""
    for pattern in _MEDIA_TYPES:
        fitting = [one for one in offered if pattern.fullmatch(one.strip())]
        if fitting:
            return fitting[0]
    return offered[0]


def _plain_media_type(media_type: str) -> str:
    bare = media_type.split(";")[0].strip().lower()
    return "application/json" if bare == "*/*" else bare


def _give_examples(body: Schema, examples: Sequence[Any]) -> Schema:
    """Hand a body's examples down to those of its properties that have none; a body that stays whole keeps them."""
    if not is_spreadable(body):
        return add_examples(body, list(examples))
    objects = [example for example in examples if isinstance(example, dict)]
    given = {
        name: add_examples(schema, [example[name] for example in objects if name in example])
        for name, schema in body["properties"].items()
    }
    return {**body, "properties": given}
