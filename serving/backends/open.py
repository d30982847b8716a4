"""Chooses a back end by name; its library is imported only then."""

from serving.backends.backend import Backend, BackendName
from serving.vocabulary import Vocabulary

NO_WORD = "A grammar without any finite word, such as a rule that always leads back to itself."
TOO_DEEP = (
    "A grammar nested deeper than Python's stack: some 90 arrays or objects spelled out within each other. "
    "Recursion by $ref is not nesting and is taken."
)

REFUSES: dict[BackendName, tuple[str, ...]] = {
    "xgrammar": (NO_WORD, TOO_DEEP),
    "llguidance": (NO_WORD, TOO_DEEP),
    "lm-format-enforcer": (NO_WORD, TOO_DEEP, "A rule that begins with itself; no schema leads to one."),
}
"""What each back end answers with a BackendRefusalError."""


def open_backend(name: BackendName, vocabulary: Vocabulary) -> Backend:
    """Make a back end ready for a vocabulary.

    Raises:
        ValueError: no back end has this name.
        ModuleNotFoundError: its library is not installed.
    """
    match name:
        case "xgrammar":
            from serving.backends.xgrammar import XgrammarBackend

            return XgrammarBackend(vocabulary)
        case "llguidance":
            from serving.backends.llguidance import LlguidanceBackend

            return LlguidanceBackend(vocabulary)
        case "lm-format-enforcer":
            from serving.backends.lmfe import LmfeBackend

            return LmfeBackend(vocabulary)
    raise ValueError(f"Unknown back end {name!r}; expected one of {', '.join(REFUSES)}.")
