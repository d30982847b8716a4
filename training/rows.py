"""Rows of an export become conversations, in the shape that chat templates take.

`{"messages": "[{\"role\": \"user\", …}]", "tools": "[{\"type\": \"function\", …}]"}`: JSON text, since Arrow's
structs would put a null into every tool schema for every key that another tool has.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import TerminalError, UsageError

_BATCH = 1000
_MANIFEST = "manifest.json"


class Conversation(NamedTuple):
    """Messages as templates take them: content is text, arguments are objects, results in the order of their calls."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]


class Preference(NamedTuple):
    """One prompt and two answers to it."""

    chosen: Conversation
    rejected: Conversation


def find_files(path: str | Path) -> tuple[Path, ...]:
    """The Parquet files of a source; of a data set of ours those for training alone.

    Raises:
        UsageError: there are none.
    """
    place = Path(path)
    if place.is_file():
        return (place,)
    found = tuple(sorted(place.rglob("*.parquet")))
    if not found:
        raise UsageError(f"There is no Parquet file at {path}; name one, or the folder of an export.")
    if not any((folder / _MANIFEST).is_file() for folder in (place, place.parent)):
        return found
    kept = tuple(file for file in found if file.name.startswith("train-"))
    if not kept:
        names = ", ".join(file.name for file in found)
        raise UsageError(f"The data set {path} holds no rows for training, only {names}; held-out functions stay so.")
    return kept


def hash_files(files: Sequence[Path]) -> str:
    """SHA-256 over their bytes."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()


def read_conversations(files: Sequence[Path]) -> Iterator[Conversation]:
    """Every row of a supervised source.

    Raises:
        TerminalError: a row is not of that form; names the file and the row.
    """
    for place, row in _read_rows(files, ("messages",), ("tools",)):
        yield Conversation(_read_messages(place, row["messages"]), _read_tools(place, row.get("tools")))


def read_preferences(files: Sequence[Path]) -> Iterator[Preference]:
    """Every row of a preference source.

    Raises:
        TerminalError: a row is not of that form, or an answer is not one assistant message.
    """
    for place, row in _read_rows(files, ("prompt", "chosen", "rejected"), ("tools",)):
        tools = _read_tools(place, row.get("tools"))
        prompt = _read_list(place, "prompt", row["prompt"])
        yield Preference(*(_read_answered(place, name, prompt, row[name], tools) for name in ("chosen", "rejected")))


def _read_answered(place: str, name: str, prompt: list[Any], value: Any, tools: list[dict[str, Any]]) -> Conversation:
    answer = _read_list(place, name, value)
    if len(answer) != 1 or not isinstance(answer[0], dict) or answer[0].get("role") != "assistant":
        raise TerminalError(f"{place}: `{name}` holds {len(answer)} messages; expected one, the assistant's.")
    answer = [{**answer[0], "weight": 1}]  # it is compared, whatever an export said of learning it
    return Conversation(_read_messages(place, [*prompt, *answer]), tools)


def _read_rows(
    files: Sequence[Path], needed: Sequence[str], wanted: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in files:
        try:
            table = pq.ParquetFile(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise UsageError(f"{file} is no Parquet file ({error}); name a file of an export.") from None
        names = table.schema_arrow.names
        missing = [name for name in needed if name not in names]
        if missing:
            raise UsageError(
                f"{file} has the columns {', '.join(names)}; expected {', '.join(needed)} as JSON text. Make one with "
                "`callmill export`."
            )
        columns = [name for name in (*needed, *wanted) if name in names]
        number = 0
        for batch in table.iter_batches(_BATCH, columns=columns):
            for row in batch.to_pylist():
                yield f"{file} row {number}", row
                number += 1


def _read_list(place: str, name: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TerminalError(f"{place}: `{name}` is no JSON ({error}); export the data again.") from None
    if not isinstance(value, list):
        raise TerminalError(f"{place}: `{name}` is {type(value).__name__}; expected a list, as JSON text.")
    return value


def _read_tools(place: str, value: Any) -> list[dict[str, Any]]:
    if value in (None, ""):
        return []
    if not isinstance(value, str):
        raise TerminalError(
            f"{place}: `tools` is an Arrow structure, which puts nulls into schemas; store it as JSON text."
        )
    return _read_list(place, "tools", value)


def _read_messages(place: str, value: Any) -> list[dict[str, Any]]:
    read = [_read_message(place, message) for message in _read_list(place, "messages", value)]
    head = next((index for index, each in enumerate(read) if each["role"] != "system"), len(read))
    if head > 1:  # as the server joins them
        words = "\n\n".join(each["content"] for each in read[:head] if each["content"])
        read[:head] = [{"role": "system", "content": words}]
    return _order_results(read)


def _read_message(place: str, message: Any) -> dict[str, Any]:
    role = message.get("role") if isinstance(message, dict) else None
    role = "system" if role == "developer" else role
    if role not in ("system", "user", "assistant", "tool"):
        raise TerminalError(f"{place}: a message's role is {role!r}; expected system, user, assistant or tool.")
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        raise TerminalError(f"{place}: a message's content is {type(content).__name__}; only text can be learnt.")
    read: dict[str, Any] = {"role": role, "content": content or ""}
    if role == "assistant":
        calls = [_read_call(place, call) for call in message.get("tool_calls") or ()]
        read |= {"tool_calls": calls} if calls else {}
        read |= {"weight": 0} if message.get("weight") == 0 else {}
    if role == "tool":
        read |= {"tool_call_id": str(message.get("tool_call_id") or ""), "name": str(message.get("name") or "")}
    return read


def _read_call(place: str, call: Any) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise TerminalError(f"{place}: a call holds no function with a name; expected OpenAI's form.")
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except ValueError:
            raise TerminalError(f"{place}: the arguments of {function['name']} are no JSON: {arguments!r}.") from None
    function = {"name": function["name"], "arguments": {} if arguments is None else arguments}
    return {"id": str(call.get("id") or ""), "type": "function", "function": function}


def _order_results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results name their call by id, which no prompt shows; so they stand in the order of the calls."""
    ordered: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    names: dict[str, str] = {}
    start = 0
    for message in [*messages, {"role": "end"}]:
        if message["role"] == "tool":
            call_id = message["tool_call_id"]
            ordered.append({**message, "name": names.get(call_id, message["name"])})
            continue
        ordered[start:] = sorted(ordered[start:], key=lambda each: places.get(each["tool_call_id"], len(places)))
        if message["role"] != "end":
            ordered.append(message)
        calls = message.get("tool_calls", [])
        places = {call["id"]: index for index, call in reversed(list(enumerate(calls))) if call["id"]}
        names = {call["id"]: call["function"]["name"] for call in calls}
        start = len(ordered)
    return ordered
