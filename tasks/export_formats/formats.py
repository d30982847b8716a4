"""The forms by name."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from schemas.export import ExportFormat
from tasks.export_formats import axolotl, hermes, llamafactory, ms_swift, openai
from tasks.export_formats.conversation import Conversation


class TrainerFormat(NamedTuple):
    """What makes a form."""

    to_row: Callable[[Conversation], dict[str, Any]]
    """A row's own columns; raises NotCarriedError where the form has no place for it."""
    side_files: Callable[[Sequence[str]], dict[str, str]]
    """Further files by name, for the splits that are there."""
    side_names: tuple[str, ...]
    """Every name that `side_files` may give."""
    loading: str
    """How the tool loads the folder, for the card."""


FORMATS: dict[ExportFormat, TrainerFormat] = {
    "openai": TrainerFormat(openai.to_row, openai.side_files, (), openai.LOADING),
    "hermes": TrainerFormat(hermes.to_row, hermes.side_files, (), hermes.LOADING),
    "llamafactory": TrainerFormat(
        llamafactory.to_row, llamafactory.side_files, (llamafactory.DATASET_INFO,), llamafactory.LOADING
    ),
    "ms-swift": TrainerFormat(ms_swift.to_row, ms_swift.side_files, (), ms_swift.LOADING),
    "axolotl": TrainerFormat(axolotl.to_row, axolotl.side_files, (axolotl.CONFIG,), axolotl.LOADING),
}
