"""Turn drafts of functions into records: unique names, size, compiling schema, family, split, language."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.document import Document
from schemas.function import Function, FunctionReason, HttpBinding
from schemas.record import content_id
from tasks.cleaning.clean_keywords import compile_error
from tasks.cleaning.clean_text import MAX_NAME, Script, language_of, script_of
from tasks.cleaning.families import family_of, split_of

MAX_TOOL_CHARACTERS = 32_000
_KEPT_DEPTH = 2
NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


class Draft(NamedTuple):
    """A function as its document gives it, cleaned, not yet seen together with the others."""

    name: str | None
    """None: nothing is left of it."""
    description: str
    is_description_made_up: bool
    parameters: dict[str, Any] = NO_PARAMETERS
    http: HttpBinding | None = None
    repairs: tuple[str, ...] = ()
    reason: FunctionReason | None = None
    """Why it is rejected already."""
    detail: str | None = None


def script_of_drafts(drafts: Sequence[Draft]) -> Script:
    """What the descriptions of a document are written in."""
    return script_of([draft.description for draft in drafts if not draft.is_description_made_up])


def finish_functions(document: Document, script: Script, drafts: Sequence[Draft]) -> list[Function]:
    """Make the records of a document's functions, in order."""
    taken: set[str] = set()
    functions = []
    for position, draft in enumerate(drafts):
        draft = _check_draft(_name_uniquely(draft, position, taken))
        functions.append(_make_function(document, script, position, draft))
    return functions


def function_id_of(document_id: str, position: int, tool: dict[str, Any]) -> str:
    """Content hash of a function's document, position and tool."""
    return content_id(document_id, position, tool)


def _name_uniquely(draft: Draft, position: int, taken: set[str]) -> Draft:
    if draft.name is None:
        why = "neither its name nor its path has a Latin letter to make a name of"
        reason = draft.reason or "no_name"
        return draft._replace(name=f"unnamed_{position}", reason=reason, detail=draft.detail or why)
    name, number = draft.name, 1
    while name in taken:
        number += 1
        name = f"{draft.name[: MAX_NAME - len(str(number)) - 1]}_{number}"
    taken.add(name)
    if name == draft.name:
        return draft
    return draft._replace(name=name, repairs=(*draft.repairs, f"name {draft.name} taken, numbered"))


def _check_draft(draft: Draft) -> Draft:
    """Reject what is too large or does not compile; a large one loses its inner descriptions first."""
    if draft.reason:
        return draft
    if _size(draft) > MAX_TOOL_CHARACTERS:
        what = f"descriptions and examples deeper than {_KEPT_DEPTH} levels dropped for size"
        draft = draft._replace(parameters=_without_annotations(draft.parameters, 0), repairs=(*draft.repairs, what))
    if _size(draft) > MAX_TOOL_CHARACTERS:
        detail = f"{_size(draft):,} characters as a tool; at most {MAX_TOOL_CHARACTERS:,} are taken"
        return draft._replace(reason="too_large", detail=detail)
    problem = compile_error(draft.parameters)
    return draft._replace(reason="bad_schema", detail=problem) if problem else draft


def _size(draft: Draft) -> int:
    tool = {"name": draft.name, "description": draft.description, "parameters": draft.parameters}
    return len(json.dumps({"type": "function", "function": tool}, ensure_ascii=False))


def _without_annotations(schema: dict[str, Any], depth: int) -> dict[str, Any]:
    """Arguments are depth 1, their properties or items depth 2."""
    kept = {k: v for k, v in schema.items() if depth <= _KEPT_DEPTH or k not in ("description", "examples", "default")}
    for keyword in ("properties", "patternProperties"):
        if keyword in kept:
            kept[keyword] = {name: _without_annotations(one, depth + 1) for name, one in kept[keyword].items()}
    for keyword in ("items", "additionalProperties"):
        if isinstance(kept.get(keyword), dict):
            kept[keyword] = _without_annotations(kept[keyword], depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if keyword in kept:
            kept[keyword] = [_without_annotations(one, depth + 1) for one in kept[keyword]]
    return kept


def _make_function(document: Document, script: Script, position: int, draft: Draft) -> Function:
    family_id = family_of(str(draft.name), draft.parameters)
    function = Function(
        function_id="",
        document_id=document.document_id,
        document_path=document.document_path,
        format=document.format,
        position=position,
        name=str(draft.name),
        description=draft.description,
        parameters=draft.parameters,
        http=draft.http,
        domain=document.domain,
        language=language_of(draft.description, draft.is_description_made_up, script),
        family_id=family_id,
        split=split_of(family_id),
        state="rejected" if draft.reason else "accepted",
        reason=draft.reason,
        detail=draft.detail,
        repairs=draft.repairs,
    )
    return function.model_copy(update={"function_id": function_id_of(document.document_id, position, function.tool)})
