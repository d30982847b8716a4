"""The value step: whether an argument equals one of its allowed alternatives.

Texts are compared without case and ` ,./-_*^`; everything else by Python's equality, so that 5 == 5.0 and True == 1.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from eval.bfcl.findings import CannotScoreError, Finding

_IGNORED = str.maketrans("", "", " ,./-_*^")


def standardise(text: str) -> str:
    """The text as it is compared: "April 1, 2024" and "april 1 2024" are the same."""
    return text.translate(_IGNORED).lower().replace("'", '"')


def check_text(name: str, value: str, allowed: Any) -> Finding | None:
    """Compare a text with the alternatives that are texts."""
    if standardise(value) in [standardise(each) for each in _by_position(allowed) if type(each) is str]:
        return None
    return Finding("value_error:string", f"{name} is {value!r}; expected one of {allowed!r}")


def check_list(name: str, value: Sequence[Any], allowed: Any) -> Finding | None:
    """Compare a list with whole lists: order matters, inner lists are compared as they are."""
    # An alternative that is a text is its characters; so "" allows the empty list.
    if _standardise_all(value) in [_standardise_all(_by_position(each)) for each in _by_position(allowed)]:
        return None
    return Finding("value_error:list/tuple", f"{name} is {value!r}; expected one of {allowed!r}")


def check_dict(name: str, value: Any, allowed: Any) -> Finding | None:
    """Compare a dict, one level deep; what stands is the finding of the last alternative."""
    finding: Finding | None = Finding("dict_checker:unclear", f"{name} is {value!r}; no alternative is a dict")
    for alternative in _by_position(allowed):
        if alternative == "":
            continue
        if type(value) is not dict:
            raise CannotScoreError("bad_output", f"{name} holds {value!r} where a dict is compared")
        if type(alternative) is not dict:
            raise CannotScoreError("bad_answer", f"{name} may be {alternative!r}, which is not a dict like the others")
        wrong = _find_wrong_entry(name, value, alternative)
        # The official one looks for missing keys even after a wrong entry, and lets them have the last word.
        finding = _find_missing_key(name, value, alternative) or wrong
        if finding is None:
            return None
    return finding


def check_dict_list(name: str, value: Sequence[Any], allowed: Any) -> Finding | None:
    """Compare a list of dicts position by position; what stands is the finding of the last alternative."""
    finding: Finding | None = Finding("list_dict_checker:unclear", f"{name} is {value!r}; there is no alternative")
    for alternative in _by_position(allowed):
        if not isinstance(alternative, (list, tuple, str, dict)):
            raise CannotScoreError("bad_answer", f"{name} may be {alternative!r}, which is not a list like the others")
        if len(value) != len(alternative):
            finding = Finding(
                "value_error:list_dict_count", f"{name} holds {len(value)} dicts; expected {len(alternative)}"
            )
            continue
        pairs = zip(value, _by_position(alternative), strict=True)
        finding = next((found for each, dicts in pairs if (found := check_dict(name, each, [dicts]))), None)
        if finding is None:
            return None
    return finding


def check_equal(name: str, value: Any, allowed: Any) -> Finding | None:
    """Compare anything else, as it is."""
    if value in allowed:
        return None
    return Finding("value_error:others", f"{name} is {value!r}; expected one of {allowed!r}")


def _find_wrong_entry(name: str, value: dict[Any, Any], alternative: dict[Any, Any]) -> Finding | None:
    for key, entry in value.items():
        if key not in alternative:
            return Finding("value_error:dict_key", f"{name} has the key {key!r}; expected {list(alternative)!r}")
        allowed = _standardise_all(_by_position(alternative[key]))
        if (standardise(entry) if type(entry) is str else entry) not in allowed:
            return Finding("value_error:dict_value", f"{name}.{key} is {entry!r}; expected one of {alternative[key]!r}")
    return None


def _find_missing_key(name: str, value: dict[Any, Any], alternative: dict[Any, Any]) -> Finding | None:
    for key, allowed in alternative.items():
        if key not in value and "" not in allowed:
            return Finding("value_error:dict_key", f"{name} lacks the key {key!r}")
    return None


def _by_position(found: Any) -> Sequence[Any]:
    """Alternatives as the official one goes through them: by position, a text by its characters."""
    if isinstance(found, (list, tuple, str)):
        return found
    if found == {}:
        return ()
    raise CannotScoreError("bad_answer", f"{found!r} stands where a list of alternatives is expected")


def _standardise_all(items: Iterable[Any]) -> list[Any]:
    return [standardise(each) if type(each) is str else each for each in items]
