"""The type step: type words per language, and whether a value has the declared type or that of the answer."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from eval.bfcl.findings import CannotScoreError, Finding
from schemas.evaluation import CodeLanguage

TYPES: dict[CodeLanguage, dict[str, type]] = {
    "python": {
        "string": str,
        "integer": int,
        "float": float,
        "boolean": bool,
        "array": list,
        "tuple": list,
        "dict": dict,
        "any": str,
    },
    "java": {
        "byte": int,
        "short": int,
        "integer": int,
        "long": int,
        "float": float,
        "double": float,
        "boolean": bool,
        "char": str,
        "String": str,
        "any": str,
        "Array": list,
        "ArrayList": list,
        "Queue": list,
        "Stack": list,
        "HashMap": dict,
        "Hashtable": dict,
        "Set": set,
    },
    "javascript": {
        "String": str,
        "integer": int,
        "Bigint": int,
        "float": float,
        "Boolean": bool,
        "array": list,
        "dict": dict,
        "any": str,
    },
}
WITH_ITEMS = frozenset({"array", "tuple", "Array", "ArrayList"})


class TypeMatch(NamedTuple):
    """What the type step found."""

    finding: Finding | None
    is_variable: bool = False
    """The value has the answer's type, which is not the declared one: compare it as it is."""


def find_type(word: Any, language: CodeLanguage) -> type:
    """Python's type for a type word.

    Raises:
        CannotScoreError: the language's table does not have the word.
    """
    found = TYPES[language].get(word) if isinstance(word, str) else None
    if found is None:
        raise CannotScoreError("unknown_type", f"Unknown type {word!r}; expected one of {', '.join(TYPES[language])}")
    return found


def read_items_word(name: str, description: Any) -> Any:
    """The type word of a list's elements.

    Raises:
        CannotScoreError: there is none.
    """
    items = description.get("items")
    if not isinstance(items, dict) or "type" not in items:
        raise CannotScoreError("no_items_type", f"{name} is a list; expected items with a type, got {items!r}")
    return items["type"]


def check_type(name: str, value: Any, allowed: Any, declared: type, items: type | None) -> TypeMatch:
    """Compare a value's type with the declared one, and with that of the answer.

    Args:
        name: of the argument.
        value: converted already where the language or a float asks for it.
        allowed: the argument's alternatives.
        declared: by the function's document.
        items: for the elements of a list; one level deep.

    Raises:
        CannotScoreError: the alternatives are no list.
    """
    if not isinstance(allowed, (list, tuple, str, dict)):
        raise CannotScoreError("bad_answer", f"{name} may be {allowed!r}; expected a list of alternatives")
    answered = _first_type(allowed)
    if type(value) is declared:
        if items is None or any(_items_fit(value, each, items) for each in allowed):
            return TypeMatch(None, is_variable=answered is not None and answered is not declared)
        # Only where the answer has this very type does the failure keep the name of the nested step.
        detail = f"{name} is {value!r}; expected elements of type {items.__name__}"
        return TypeMatch(Finding("type_error:nested" if answered is declared else "type_error:simple", detail))
    if type(value) is answered:
        return TypeMatch(None, is_variable=True)
    detail = f"{name} is {value!r}, of type {type(value).__name__}; expected {declared.__name__}"
    return TypeMatch(Finding("type_error:simple", detail))


def _first_type(alternatives: Iterable[Any]) -> type | None:
    """Of the first alternative that is not the mark for "may be omitted"."""
    return next((type(each) for each in alternatives if each != ""), None)


def _items_fit(value: Any, alternative: Any, items: type) -> bool:
    if type(alternative) is not list:
        return True
    answered = _first_type(alternative)
    return all(type(each) is items or type(each) is answered for each in value)
