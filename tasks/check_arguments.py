"""Check calls against the functions' JSON schemas, by compiled validators; reasons in BFCL's words where there are."""

import json
from typing import Any, NamedTuple

import jsonschema_rs

from schemas.function import Function
from schemas.sample import Call
from schemas.verdict import CallReason

_REASONS: dict[str, CallReason] = {
    "required": "missing_required",
    "additionalProperties": "unexpected_param",
    "unevaluatedProperties": "unexpected_param",
    "type": "type_error:simple",
    "enum": "value_error:enum",
    "const": "value_error:enum",
    "minimum": "value_error:range",
    "maximum": "value_error:range",
    "exclusiveMinimum": "value_error:range",
    "exclusiveMaximum": "value_error:range",
    "minLength": "value_error:range",
    "maxLength": "value_error:range",
    "minItems": "value_error:range",
    "maxItems": "value_error:range",
    "pattern": "value_error:format",
    "format": "value_error:format",
}


class CallProblem(NamedTuple):
    """Why a call can't be made."""

    reason: CallReason
    detail: str


class ArgumentChecker:
    """Validators compiled once per function."""

    def __init__(self) -> None:
        self._compiled: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def find_problem(self, call: Call, function: Function) -> CallProblem | None:
        """The first problem of a call, or None.

        The order is BFCL's: name, required, unexpected, then types and values.
        """
        if call.name != function.name:
            return CallProblem("wrong_func_name", f"called '{call.name}', expected '{function.name}'")
        validator = self._compiled.get(function.function_id)
        if validator is None:
            validator = jsonschema_rs.Draft202012Validator(function.parameters, validate_formats=True)
            self._compiled[function.function_id] = validator
        if validator.is_valid(call.arguments):
            return None
        problems = [_name_problem(error) for error in validator.iter_errors(call.arguments)]
        return min(problems, key=lambda problem: _ORDER.index(problem.reason))


_ORDER: list[CallReason] = [
    "wrong_func_name", "missing_required", "unexpected_param", "type_error:simple", "type_error:nested",
    "value_error:enum", "value_error:range", "value_error:format", "value_error:others",
]  # fmt: skip


def _name_problem(error: Any) -> CallProblem:
    keyword = str(error.schema_path[-1]) if error.schema_path else ""
    reason = _REASONS.get(keyword, "value_error:others")
    path = list(error.instance_path)
    if reason == "type_error:simple" and len(path) > 1:
        reason = "type_error:nested"
    return CallProblem(reason, f"{json.dumps(path, ensure_ascii=False)}: {error.message[:300]}")
