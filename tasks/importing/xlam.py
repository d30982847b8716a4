"""The form of xLAM's function calling 60k.

`query` is text; `tools` and `answers` are JSON text. Parameters are flat, with Python's words for types:
`{"name": …, "parameters": {"city": {"type": "str, optional", "description": …, "default": ""}}}`.
"""

from collections.abc import Mapping
from typing import Any

from schemas.imported import Conversation, Turn
from tasks.importing.python_types import read_type_words
from tasks.importing.row import UnreadableRowError, read_call, read_spelled, read_tools, take, take_text


def read_xlam(row: Mapping[str, Any]) -> Conversation:
    """Read one row.

    Raises:
        UnreadableRowError: it is none of this form.
    """
    query, answers = take_text(row, "query"), take(row, "answers")
    tools = tuple(_with_schema(tool) for tool in read_tools(take(row, "tools")))
    if isinstance(answers, str):
        answers = read_spelled(answers)
    if not isinstance(answers, list):
        raise UnreadableRowError("decoder_failed", f"answers are a {type(answers).__name__}; expected a list of calls")
    calls = tuple(read_call(answer) for answer in answers)
    return Conversation(tools=tools, turns=(Turn(role="user", text=query), Turn(role="assistant", calls=calls)))


def _with_schema(tool: dict[str, Any]) -> dict[str, Any]:
    """The function with a JSON schema in place of its flat parameters; one that has a schema stays as it is."""
    given = tool.get("parameters")
    if not isinstance(given, dict) or "function" in tool:
        return tool
    if given.get("type") in ("object", "dict") and isinstance(given.get("properties", {}), dict):
        return tool
    read = {name: _read_parameter(parameter) for name, parameter in given.items()}
    required = [name for name, (_, is_optional) in read.items() if not is_optional]
    properties = {name: schema for name, (schema, _) in read.items()}
    return {**tool, "parameters": {"type": "object", "properties": properties, "required": required}}


def _read_parameter(given: Any) -> tuple[dict[str, Any], bool]:
    """(schema, whether it may be left out): its type says so, or it has a default."""
    if not isinstance(given, dict):
        return {}, False
    words = read_type_words(str(given.get("type", "")))
    beside = {key: value for key, value in given.items() if key not in ("type", "required")}
    return {**beside, **words.schema}, words.is_optional or "default" in given
