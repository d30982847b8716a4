"""Text out of tokens as they come: whole characters only, and nothing from a stop text on."""

import codecs
from collections.abc import Sequence

from serving.vocabulary import Vocabulary


class AnswerText:
    """One answer's text as it grows."""

    def __init__(self, vocabulary: Vocabulary, stop: Sequence[str]) -> None:
        self._vocabulary = vocabulary
        self._stop = tuple(text for text in stop if text)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""
        self.is_stopped = False
        """Whether a stop text was found."""

    def feed(self, token: int, is_talking: bool) -> str:
        """The text that may be shown now.

        Args:
            token: the next one of the answer.
            is_talking: whether its text is free text, where stop texts count.
        """
        text = self._held + self._decoder.decode(self._vocabulary.tokens[token])
        self._held = ""
        if not self._stop or not is_talking:
            return text
        found = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        if found:
            self.is_stopped = True
            return text[: min(found)]
        held = max(_begun(text, stop) for stop in self._stop)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def finish(self) -> str:
        """What was held back; bytes of a character that never ended are no text."""
        held, self._held = self._held, ""
        return "" if self.is_stopped else held


def _begun(text: str, stop: str) -> int:
    """Characters at the end of the text that the stop text begins with."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
