"""Parse the text of an API document, JSON or YAML, into plain JSON values.

YAML is read as version 1.2, which OpenAPI asks for: `on` and `no` are words, 2024-05-01 is a string, 12:30 no number.
"""

import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from schemas.document import DocumentReason
from schemas.errors import TerminalError

_MAX_VALUES = 5_000_000
_MAX_DEPTH = 100
_TOO_DEEP = f"values nested more than {_MAX_DEPTH} deep; expected an API document"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class UnreadableDocumentError(TerminalError):
    """The document is no document.

    Args:
        reason: of the closed list.
        detail: the parser's words.
        text: what could be read of the file where decoding failed.
    """

    def __init__(self, reason: DocumentReason, detail: str, text: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: DocumentReason = reason
        self.detail = detail
        self.text = text


class _Copied(NamedTuple):
    value: Any
    size: int


class _Yaml12Loader(yaml.CSafeLoader):
    """The core schema of YAML 1.2; PyYAML's own rules are those of 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own form)


def _construct_integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).lower()
    return int(text, 0) if text.startswith(("0x", "0o")) else int(text)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Yaml12Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Yaml12Loader.add_constructor("tag:yaml.org,2002:int", _construct_integer)


def parse_text(path: Path, text: str) -> Any:
    """Parse by extension and first character.

    Raises:
        UnreadableDocumentError: not_json, not_yaml, bad_structure or too_large, with line and column where known.
    """
    try:
        return _copy_plain(_load(path, text), 0, {}).value
    except RecursionError as error:
        raise UnreadableDocumentError("bad_structure", _TOO_DEEP) from error


def _load(path: Path, text: str) -> Any:
    is_json = path.suffix.lower() == ".json"
    if is_json or text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except ValueError as error:
            if is_json:
                raise UnreadableDocumentError("not_json", str(error)) from error
    return _load_yaml(text)


def _load_yaml(text: str) -> Any:
    try:
        _check_depth(text)
        return yaml.load(text, _Yaml12Loader)  # noqa: S506 (derived from the safe loader)
    except (yaml.YAMLError, ValueError, TypeError) as error:  # an unhashable key, a number of 5000 digits
        raise UnreadableDocumentError("not_yaml", " ".join(str(error).split())) from error


def _check_depth(text: str) -> None:
    """Look at the events first: composing 50,000 nested lists overflows the C stack and kills the process."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise UnreadableDocumentError("bad_structure", _TOO_DEEP)


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON value")


def _copy_plain(value: Any, depth: int, seen: dict[int, _Copied | None]) -> _Copied:
    """Copy with text as keys; an alias's size counts wherever it is used, and one that contains itself is an error."""
    if not isinstance(value, (dict, list)):
        return _Copied(_plain_scalar(value), 1)
    if id(value) in seen:
        known = seen[id(value)]
        if known is None:
            raise UnreadableDocumentError("bad_structure", "a YAML alias contains itself; write the value out")
        return known
    if depth > _MAX_DEPTH:
        raise UnreadableDocumentError("bad_structure", _TOO_DEEP)
    seen[id(value)] = None
    copied = seen[id(value)] = _copy_items(value, depth, seen)
    return copied


def _copy_items(value: Any, depth: int, seen: dict[int, _Copied | None]) -> _Copied:
    items = list(value.values() if isinstance(value, dict) else value)
    copies = [_copy_plain(item, depth + 1, seen) for item in items]
    size = 1 + sum(copy.size for copy in copies)
    if size > _MAX_VALUES:
        raise UnreadableDocumentError("too_large", f"more than {_MAX_VALUES:,} values with aliases written out")
    values = [copy.value for copy in copies]
    if isinstance(value, dict):
        return _Copied(dict(zip(map(_key_text, value), values, strict=True)), size)
    return _Copied(values, size)


def _key_text(key: Any) -> str:
    if isinstance(key, str):
        return _LONE_SURROGATE.sub("\ufffd", key)
    return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else str(key)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)  # YAML's !!binary, !!set
