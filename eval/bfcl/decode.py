"""What came back, to [{name: {argument: value}}], as BFCL's chat-completions handler decodes it.

FC mode reads each call's arguments as JSON. Prompt mode reads `[f(a=1), g(b="x")]` as Python; what the official decoder
would run as code (it evaluates `2 * 3`) is computed only where it is arithmetic on literals.
"""

import ast
import json
import warnings
from collections.abc import Sequence
from typing import Any

from eval.bfcl.arithmetic import compute
from eval.bfcl.findings import CannotScoreError
from schemas.evaluation import GivenCall


class UndecodableError(Exception):
    """The official decoder fails here too."""


def decode_calls(calls: Sequence[GivenCall]) -> tuple[dict[str, Any], ...] | None:
    """Read the arguments of calls in FC mode.

    Returns:
        One {name: arguments} for each call, where arguments may be any JSON value; None where one of them is not JSON.
    """
    try:
        return tuple({call.name: json.loads(call.arguments)} for call in calls)
    except (ValueError, RecursionError):
        return None


def decode_text(text: str, code_language: str) -> tuple[dict[str, Any], ...]:
    """Read the calls of a text in prompt mode.

    Args:
        text: such as `[f(a=1)]`; brackets may be missing, back-ticks around it are ignored.
        code_language: that of the case.

    Raises:
        UndecodableError: it is no list of calls.
        CannotScoreError: not_ours for Java and JavaScript, which the official decoder reads with grammars of their own,
            and for what only running code could tell.
    """
    if code_language != "python":
        raise CannotScoreError(
            "not_ours", f"Text with calls in {code_language} is decoded by the official harness alone"
        )
    text = text.strip("`\n ")
    text = text if text.startswith("[") else "[" + text
    text = text if text.endswith("]") else text + "]"
    try:
        with warnings.catch_warnings(action="ignore"):
            body = ast.parse(text, mode="eval").body
        if isinstance(body, ast.Call):
            return (_read_call(body),)
        return tuple(_read_listed(each) for each in _elements(body))
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        raise UndecodableError(f"{type(error).__name__}: {error}") from error


def _elements(body: ast.expr) -> list[ast.expr]:
    if isinstance(body, (ast.List, ast.Tuple, ast.Set)):
        return body.elts
    raise UndecodableError(f"Got {type(body).__name__}; expected a list of calls")


def _read_listed(node: ast.expr) -> dict[str, Any]:
    if isinstance(node, ast.Call):
        return _read_call(node)
    raise UndecodableError(f"Got {ast.unparse(node):.80}; expected a call")


def _read_call(call: ast.Call) -> dict[str, Any]:
    """Positional arguments are dropped, as the official one drops them."""
    parts, node = [], call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return {".".join(reversed(parts)): {each.arg: _read_value(each.value) for each in call.keywords}}


def _read_value(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else value
        case ast.UnaryOp(operand=ast.Constant(value=value)):
            return -value  # type: ignore[operator]  # whatever the operator: `not x` is -x; a text raises TypeError
        case ast.List(elts=items):
            return [_read_value(each) for each in items]
        case ast.Tuple(elts=items):
            return tuple(_read_value(each) for each in items)
        case ast.Dict(keys=keys, values=values):
            return {_read_value(key): _read_value(value) for key, value in zip(keys, values, strict=True)}
        case ast.BinOp():
            return compute(node)
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=keywords):
            return _read_call(node) if keywords else ast.unparse(node)
        case ast.Subscript(value=value, slice=index):
            return f"{ast.unparse(value)}[{ast.unparse(index)}]"
    raise UndecodableError(f"Got {type(node).__name__}; expected a literal, a name or a call")
