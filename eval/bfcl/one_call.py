"""One call against one expected call, in the official order: name, required, then each argument, then what is left out.

Shapes are asked about only where the official checker meets them, so that it fails where that one fails.
"""

from collections.abc import Set
from typing import Any, NamedTuple

from eval.bfcl.findings import CannotScoreError, Finding
from eval.bfcl.java_literals import read_java
from eval.bfcl.javascript_literals import read_javascript
from eval.bfcl.types import WITH_ITEMS, check_type, find_type, read_items_word
from eval.bfcl.values import check_dict, check_dict_list, check_equal, check_list, check_text
from schemas.evaluation import CodeLanguage, ErrorType, Leniency


class Setting(NamedTuple):
    """What holds for all calls of a case."""

    code_language: CodeLanguage = "python"
    underscore_to_dot: bool = False
    """Functions were offered with `_` for every `.` in their names."""
    lenient: Set[Leniency] = frozenset()
    """Empty for BFCL's own rules."""


def check_call(function: Any, call: dict[str, Any], answer: Any, setting: Setting) -> Finding | None:
    """Compare one call with one expected call.

    Args:
        function: document of the expected function.
        call: {name: {argument: value}}.
        answer: {name: {parameter: [allowed, …]}}.
        setting: of the case.

    Returns:
        The first thing that is wrong, or None.

    Raises:
        CannotScoreError: document or answer are of a shape that the rules cannot read.
    """
    name, properties, required = _read_document(function)
    if not isinstance(answer, dict) or not answer:
        raise CannotScoreError("bad_answer", f"Got {answer!r} for an expected call; expected one function's name")
    allowed = next(iter(answer.values()))
    if setting.underscore_to_dot:
        name = name.replace(".", "_")
    if name not in call:
        return Finding("simple_function_checker:wrong_func_name", f"{next(iter(call))!r} is called; expected {name!r}")
    given = call[name]
    if not isinstance(required, (list, tuple, dict, str)):
        raise CannotScoreError("bad_function", f"Expected a list of required names, got {required!r}")
    for each in required:
        if _is_absent(each, given):
            return Finding("simple_function_checker:missing_required", f"{name} lacks the required {each!r}")
    if "default_given" in setting.lenient:
        given = _leave_out_defaults(given, properties, required, allowed)
    return _check_arguments(name, given, properties, allowed, setting) or _find_left_out(name, given, allowed)


def _read_document(function: Any) -> tuple[str, Any, Any]:
    """Name, properties and required of a function."""
    if function is None:
        raise CannotScoreError("unknown_function", "The answer names a function without a document")
    parameters = function.get("parameters") if isinstance(function, dict) else None
    if not isinstance(parameters, dict) or not {"properties", "required"} <= parameters.keys():
        raise CannotScoreError("bad_function", f"Expected a document with properties and required, got {function!r}")
    if not isinstance(function.get("name"), str):
        raise CannotScoreError("bad_function", f"Expected a document with a name, got {function!r}")
    return function["name"], parameters["properties"], parameters["required"]


def _is_absent(required: Any, given: dict[str, Any]) -> bool:
    if isinstance(required, (list, dict)):
        raise CannotScoreError("bad_function", f"{required!r} stands among the required names")
    return required not in given


def _check_arguments(
    function: str, given: dict[str, Any], properties: Any, allowed: Any, setting: Setting
) -> Finding | None:
    for name, value in given.items():
        if not isinstance(properties, (dict, list, str)):
            raise CannotScoreError("bad_function", f"Expected properties by name, got {properties!r}")
        if name not in properties or name not in allowed:
            return Finding("simple_function_checker:unexpected_param", f"{function} does not expect {name!r}")
        if finding := _check_argument(name, value, properties, allowed, setting):
            return finding
    return None


def _check_argument(name: str, value: Any, properties: Any, allowed: Any, setting: Setting) -> Finding | None:
    description = properties[name] if isinstance(properties, dict) else None
    if not isinstance(description, dict) or "type" not in description:
        raise CannotScoreError("bad_function", f"Expected a type for {name!r}, got {description!r}")
    word, language = description["type"], setting.code_language
    declared = find_type(word, language)
    if language != "python" and type(value) is not str:
        error: ErrorType = "type_error:java" if language == "java" else "type_error:js"
        return Finding(error, f"{name} is {value!r}; expected a literal in a string, such as {str(value)!r}")
    items_word = read_items_word(name, description) if word in WITH_ITEMS else None
    items = find_type(items_word, language) if word in WITH_ITEMS else None
    value = _convert(value, word, items_word, setting)
    match = check_type(name, value, allowed[name], declared, items)
    if match.finding is not None:
        return match.finding
    if match.is_variable:
        return check_equal(name, value, allowed[name])
    return _check_value(name, value, allowed[name], declared, items)


def _convert(value: Any, word: str, items_word: str | None, setting: Setting) -> Any:
    if setting.code_language == "java":
        return read_java(value, word, items_word)
    if setting.code_language == "javascript":
        return read_javascript(value, word, items_word)
    if word == "tuple" and type(value) is tuple:
        value = list(value)
    if word == "float" and type(value) is int:
        return _to_float(value)
    if "integer_in_float_list" in setting.lenient and items_word == "float" and type(value) is list:
        return [_to_float(each) if type(each) is int else each for each in value]
    return value


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise CannotScoreError("number_too_large", f"No float holds an integer of {value.bit_length()} bits") from error


def _check_value(name: str, value: Any, allowed: Any, declared: type, items: type | None) -> Finding | None:
    if declared is dict:
        return check_dict(name, value, allowed)
    if declared is list and items is dict:
        return check_dict_list(name, value, allowed)
    if declared is str:
        return check_text(name, value, allowed)
    if declared is list:
        return check_list(name, value, allowed)
    return check_equal(name, value, allowed)


def _find_left_out(function: str, given: dict[str, Any], allowed: Any) -> Finding | None:
    for name in allowed:
        if name not in given and "" not in allowed[name]:
            return Finding("simple_function_checker:missing_optional", f"{function} lacks {name!r}")
    return None


def _leave_out_defaults(given: dict[str, Any], properties: Any, required: Any, allowed: Any) -> dict[str, Any]:
    """The arguments without those that say what holds anyway."""

    def is_idle(name: str, value: Any) -> bool:
        default = properties[name].get("default", ...) if name in properties and name not in required else ...
        return type(value) is type(default) and value == default and (name not in allowed or "" in allowed[name])

    return {name: value for name, value in given.items() if not is_idle(name, value)}
