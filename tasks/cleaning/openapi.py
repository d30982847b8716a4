"""OpenAPI 2.0, 3.0 and 3.1 documents to functions, one per operation.

`{"paths": {"/pets/{id}": {"get": {"operationId": "getPet", "parameters": [...]}}}}` → getPet(id) with its HTTP request.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from schemas.function import FunctionReason, HttpBinding
from tasks.cleaning.clean_schema import SchemaTooLargeError
from tasks.cleaning.clean_text import (
    clean_description,
    clean_name,
    describe_name,
    join_descriptions,
    name_from_path,
    shorten,
)
from tasks.cleaning.finish_functions import Draft
from tasks.cleaning.openapi_arguments import bind_arguments
from tasks.cleaning.openapi_document import ApiDocument, Operation, open_api_document
from tasks.cleaning.repairs import Repairs
from tasks.cleaning.resolve_reference import UnresolvedReferenceError

_METHODS = get_args(HttpBinding.model_fields["method"].annotation)


def read_openapi(content: Mapping[str, Any]) -> list[Draft]:
    """Functions of a document whose `paths` are an object, in its order.

    An operation that can't be read is a draft with a reason.
    """
    api = open_api_document(content)
    paths = ((path, item) for path, item in content["paths"].items() if not path.startswith("x-"))
    return [draft for path, item in paths for draft in _read_path(api, path, item)]


def _read_path(api: ApiDocument, path: str, item: Any) -> Iterator[Draft]:
    try:
        item = api.references.follow(item)
    except UnresolvedReferenceError as error:
        yield _reject("CALL", path, "unresolved_reference", str(error))
        return
    if not isinstance(item, dict):
        yield _reject("CALL", path, "bad_schema", f"{type(item).__name__} in place of the operations of {path}")
        return
    for key, operation in item.items():
        if key.upper() in _METHODS:
            yield _read_operation(api, path, key.upper(), item, operation)


def _reject(method: str, path: str, reason: FunctionReason, detail: str) -> Draft:
    name = name_from_path(method, path)
    return Draft(name, describe_name(name or path), True, reason=reason, detail=detail)


def _read_operation(api: ApiDocument, path: str, method: str, item: Mapping[str, Any], content: Any) -> Draft:
    try:
        content = api.references.follow(content)
    except UnresolvedReferenceError as error:
        return _reject(method, path, "unresolved_reference", str(error))
    if not isinstance(content, dict):
        return _reject(method, path, "bad_schema", f"{type(content).__name__} in place of an operation")
    operation, repairs = Operation(path, method, item, content), Repairs()
    draft = _describe(operation, repairs)
    try:
        draft = _bind(api, operation, draft, repairs)
    except UnresolvedReferenceError as error:
        draft = draft._replace(reason="unresolved_reference", detail=str(error))
    except SchemaTooLargeError as error:
        draft = draft._replace(reason="too_large", detail=str(error))
    return draft._replace(repairs=repairs.as_tuple())


def _describe(operation: Operation, repairs: Repairs) -> Draft:
    """Name and description of an operation."""
    name = _name_of(operation, repairs)
    summary, text = (clean_description(operation.content.get(key)) for key in ("summary", "description"))
    description = join_descriptions(summary, text)
    if not description and name:
        repairs.add("", "description made from the name")
        return Draft(name, describe_name(name), True)
    if shorten(description) != description:
        repairs.add("", "description shortened")
    return Draft(name, shorten(description), False)


def _name_of(operation: Operation, repairs: Repairs) -> str | None:
    asked = operation.content.get("operationId")
    name = clean_name(asked) if asked else None
    if name is None:
        repairs.add(
            "", "name made from the path" + (f": operationId {asked!r:.100} has no Latin letter" if asked else "")
        )
        return name_from_path(operation.method, operation.path)
    if name != asked:
        repairs.add("", f"operationId {asked!r:.100} is no function name")
    return name


def _bind(api: ApiDocument, operation: Operation, draft: Draft, repairs: Repairs) -> Draft:
    bound = bind_arguments(api, operation, repairs)
    http = HttpBinding.model_validate(
        {
            "method": operation.method,
            "path": operation.path,
            "server": api.server_of(operation),
            "body_type": bound.body_type,
            "parameters": bound.bindings,
        }
    )
    return draft._replace(parameters=bound.parameters, http=http)
