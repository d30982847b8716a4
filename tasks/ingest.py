"""Read API documents: files to documents and their functions, whatever state they are in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from schemas.document import Document, DocumentFormat, DocumentReason
from schemas.errors import UsageError
from schemas.function import Function
from schemas.record import canonical_json, content_id
from tasks.cleaning.clean_text import Script, clean_description, file_slug, slug
from tasks.cleaning.finish_functions import Draft, finish_functions, function_id_of, script_of_drafts
from tasks.cleaning.openai_tools import find_tools, read_openai_tools
from tasks.cleaning.openapi import read_openapi
from tasks.cleaning.parse_document import UnreadableDocumentError, parse_text
from tasks.cleaning.resolve_reference import UnresolvedReferenceError

_SUFFIXES = {".json", ".yaml", ".yml"}
_NOT_DOCUMENTS = ("MANIFEST.", "README", "LICENSE")
_MAX_BYTES = 32_000_000


class Ingested(NamedTuple):
    """A document and the functions found in it."""

    document: Document
    functions: list[Function]


class _Drafted(NamedTuple):
    """A parsed document before its functions are records."""

    format: DocumentFormat
    title: str
    domain: str
    drafts: list[Draft]


def find_documents(paths: Sequence[Path]) -> list[Path]:
    """Files as given; folders searched for .json, .yaml and .yml in sorted order; each file once.

    Raises:
        UsageError: a path does not exist, or a folder has no document in it.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for one in _list_folder(path) if path.is_dir() else [path]:
            found.setdefault(one.absolute(), one)
    missing = [path for path in found.values() if not path.exists()]
    if missing:
        raise UsageError(f"No such file or folder: {', '.join(map(str, missing))}; give the API documents' paths.")
    return list(found.values())


def read_document(path: Path) -> Ingested:
    """Read one document; what is wrong with it stands in its state, reason and detail."""
    text = ""
    try:
        text = _read_text(path)
        return _finish(path, text, _draft(path, parse_text(path, text)))
    except UnreadableDocumentError as error:
        return Ingested(_rejected(path, text or error.text, error.reason, error.detail), [])


def ingest_documents(paths: Sequence[Path]) -> list[Ingested]:
    """Read every document, in order; a function with the very same tool as an earlier one is merged into it.

    Raises:
        UsageError: as `find_documents`.
    """
    return _merge_twins(_tell_copies_apart([read_document(path) for path in find_documents(paths)]))


def _list_folder(folder: Path) -> list[Path]:
    inside = sorted(path for path in folder.rglob("*") if path.is_file())
    documents = [path for path in inside if _is_document(path.relative_to(folder))]
    if not documents:
        raise UsageError(f"No API document in {folder}; expected files that end in .json, .yaml or .yml.")
    return documents


def _is_document(path: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in path.parts)
    return not is_hidden and path.suffix.lower() in _SUFFIXES and not path.name.upper().startswith(_NOT_DOCUMENTS)


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise UnreadableDocumentError("too_large", f"{size:,} bytes; at most {_MAX_BYTES:,} are read")
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableDocumentError("not_readable", error.strerror or str(error)) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = content.decode("utf-8", errors="replace")
        detail = f"{error.reason} at byte {error.start}; save the file as UTF-8"
        raise UnreadableDocumentError("not_utf8", detail, text) from error


def _draft(path: Path, content: Any) -> _Drafted:
    """Find out the format and read the functions.

    Raises:
        UnreadableDocumentError: unknown_format, no_operations or bad_structure.
    """
    tools = find_tools(content)
    if tools is not None:
        facts = content if isinstance(content, dict) else {}
        return _name(path, "openai-tools", facts.get("title"), facts, file_slug(path), read_openai_tools(tools))
    version = _openapi_version(content)
    info = content.get("info") if isinstance(content.get("info"), dict) else {}
    title_slug = slug(info.get("title", "")) or file_slug(path)
    return _name(path, version, info.get("title"), {**info, **content}, title_slug, _read_operations(content))


def _name(
    path: Path, form: DocumentFormat, title: Any, facts: Mapping[str, Any], fallback: str, drafts: list[Draft]
) -> _Drafted:
    domain = slug(facts.get("x-domain", "")) or fallback
    return _Drafted(form, clean_description(title) or path.stem, domain, drafts)


def _openapi_version(content: Any) -> DocumentFormat:
    if not isinstance(content, dict):
        raise UnreadableDocumentError("unknown_format", f"{_shape(content)}; expected {_EXPECTED}")
    openapi, swagger = str(content.get("openapi", "")), str(content.get("swagger", ""))
    if openapi.startswith("3.0") or openapi == "3":
        return "openapi-3.0"
    if openapi.startswith("3."):
        return "openapi-3.1"
    if swagger in ("2", "2.0"):
        return "openapi-2.0"
    raise UnreadableDocumentError("unknown_format", f"{_shape(content)}; expected {_EXPECTED}")


_EXPECTED = "an object with 'openapi': 3.x or 'swagger': 2.0 and 'paths', or a list of OpenAI tools"


def _shape(content: Any) -> str:
    if isinstance(content, dict):
        return f"an object with the keys {', '.join(list(content)[:8]) or 'none'}"
    first = f", the first one {_shape(content[0])}" if isinstance(content, list) and content else ""
    return f"a {type(content).__name__}{f' of {len(content)}' if isinstance(content, list) else ''}{first}"


def _read_operations(content: Mapping[str, Any]) -> list[Draft]:
    paths = content.get("paths")
    if paths is not None and not isinstance(paths, dict):
        raise UnreadableDocumentError("bad_structure", f"'paths' is a {type(paths).__name__}; expected an object")
    try:
        drafts = read_openapi({**content, "paths": paths or {}})
    except UnresolvedReferenceError as error:
        raise UnreadableDocumentError("bad_structure", str(error)) from error
    if not drafts:
        raise UnreadableDocumentError("no_operations", "its 'paths' have no operation, such as get or post")
    return drafts


def _finish(path: Path, text: str, drafted: _Drafted) -> Ingested:
    script: Script = script_of_drafts(drafted.drafts)
    document = Document(
        document_id=content_id(path.name, text),
        document_path=path.as_posix(),
        format=drafted.format,
        title=drafted.title,
        domain=drafted.domain,
        language="zh" if script == "zh" else "en",
        state="parsed",
        text=text,
    )
    return Ingested(document, finish_functions(document, script, drafted.drafts))


def _rejected(path: Path, text: str, reason: DocumentReason, detail: str) -> Document:
    return Document(
        document_id=content_id(path.name, text),
        document_path=path.as_posix(),
        format="unknown",
        title=path.stem,
        domain=file_slug(path),
        language="en",
        state="rejected",
        reason=reason,
        detail=detail,
        text=text,
    )


def _tell_copies_apart(ingested: Sequence[Ingested]) -> list[Ingested]:
    """Give a copy of an earlier file (same name and text, other folder) ids of its own."""
    seen: dict[str, int] = {}
    told: list[Ingested] = []
    for one in ingested:
        document_id = one.document.document_id
        copies = seen[document_id] = seen.get(document_id, -1) + 1
        told.append(_rename(one, content_id(document_id, copies)) if copies else one)
    return told


def _rename(one: Ingested, document_id: str) -> Ingested:
    functions = [
        function.model_copy(
            update={
                "document_id": document_id,
                "function_id": function_id_of(document_id, function.position, function.tool),
            }
        )
        for function in one.functions
    ]
    return Ingested(one.document.model_copy(update={"document_id": document_id}), functions)


def _merge_twins(ingested: Sequence[Ingested]) -> list[Ingested]:
    """Of equal tools the one of the document with the lowest id stays, wherever the files lie.

    A job is named by its documents' ids, and must be the same work in whatever order they are given.
    """
    first: dict[str, str] = {}
    merged = {
        one.document.document_id: one._replace(
            functions=[_merge_function(function, first) for function in one.functions]
        )
        for one in sorted(ingested, key=lambda one: one.document.document_id)
    }
    return [merged[one.document.document_id] for one in ingested]


def _merge_function(function: Function, first: dict[str, str]) -> Function:
    if function.state != "accepted":
        return function
    http = function.http.model_dump(mode="json") if function.http else None
    twin = first.setdefault(canonical_json([function.tool, http]), function.function_id)
    if twin == function.function_id:
        return function
    return function.model_copy(update={"state": "merged", "merged_into": twin})
