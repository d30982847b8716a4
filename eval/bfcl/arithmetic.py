"""Arithmetic on literals, as Python would evaluate it; nothing else is run."""

import ast
import builtins
import operator
from collections.abc import Callable
from typing import Any

from eval.bfcl.findings import CannotScoreError

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.MatMult: operator.matmul,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_MOST = 10_000
"""An exponent, a shift or a repeated text beyond it costs more than any answer is worth."""


def compute(node: ast.expr) -> Any:
    """Evaluate an expression of literals.

    Raises:
        CannotScoreError: not_ours: names, calls and the like would have to be run, or the result would be huge.
        TypeError, ValueError, ArithmeticError: as Python.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=sign, operand=operand):
            return _UNARY[type(sign)](compute(operand))
        case ast.List(elts=items):
            return [compute(each) for each in items]
        case ast.Tuple(elts=items):
            return tuple(compute(each) for each in items)
        case ast.BinOp(left=left, op=sign, right=right):
            sides = compute(left), compute(right)
            if isinstance(sign, (ast.Pow, ast.LShift, ast.Mult, ast.Mod)) and _is_huge(sign, *sides):
                raise CannotScoreError("not_ours", f"{ast.unparse(node):.80} is too much to compute")
            return _BINARY[type(sign)](*sides)
        case ast.Name(id=name) if not hasattr(builtins, name):
            raise ValueError(f"{name} stands for nothing")
    raise CannotScoreError("not_ours", f"The official decoder runs {ast.unparse(node):.80} as code; we do not")


def _is_huge(sign: ast.operator, left: Any, right: Any) -> bool:
    """Whether the result may be: repeated texts and lists, large powers and shifts, padded formats."""
    if isinstance(sign, ast.Mod):
        return isinstance(left, (str, bytes))
    if isinstance(sign, ast.Mult):
        lengths = [len(side) for side in (left, right) if isinstance(side, (str, bytes, list, tuple))]
        counts = [side for side in (left, right) if isinstance(side, int)]
        return bool(lengths and counts) and lengths[0] * counts[0] > _MOST
    is_whole = isinstance(left, int) and isinstance(right, int)
    return is_whole and (right > _MOST or left.bit_length() * right > 100 * _MOST)
