"""A training run's YAML becomes a `TrainConfig`, in milliseconds: nothing heavy is imported here."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.errors import UsageError
from schemas.training import TrainConfig


def load_config(path: Path, changes: Sequence[str] = ()) -> TrainConfig:
    """Read a config.

    Args:
        path: YAML.
        changes: `key=value` or `lora.r=8`, `data.0.path=…`, each value in YAML, over what the file says.

    Raises:
        UsageError: the file is missing or no YAML, a knob is unknown or its value does not fit; all of them together.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The config {path} can't be read ({error.strerror}); name a YAML file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path} holds {type(values).__name__}; expected `knob: value` lines.")
    for change in changes:
        _apply_change(values, change)
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"{path}: {'; '.join(_describe(each) for each in error.errors())}.") from None


def _apply_change(values: dict[str, Any], change: str) -> None:
    key, sign, text = change.partition("=")
    if not sign or not key:
        raise UsageError(f"'{change}' changes nothing; write KNOB=VALUE.")
    *way, last = key.split(".")
    place: Any = values
    try:
        for word in way:
            if isinstance(place, list):
                place = place[int(word)]
            else:
                place[word] = place.get(word) or {}
                place = place[word]
        place[int(last) if isinstance(place, list) else last] = yaml.safe_load(text)
    except (ValueError, IndexError, TypeError, AttributeError):
        raise UsageError(f"'{change}' names no place in the config; `data.0.path=…` is the first source.") from None
    except yaml.YAMLError:
        raise UsageError(f"The value of '{change}' is no YAML; quote it.") from None


def _describe(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        nearest = get_close_matches(str(error["loc"][-1]), TrainConfig.model_fields, 1)
        return f"there is no knob '{place}'" + (f", did you mean '{nearest[0]}'?" if nearest else "")
    message = str(error["msg"]).removeprefix("Value error, ")
    came = f", and {error['input']!r} came" if place and error["type"] != "missing" else ""
    return f"{place}: {message}{came}" if place else message
