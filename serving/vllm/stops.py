"""Stop texts in an answer's free words: found across pieces of a stream, never inside a call."""

from collections.abc import Sequence


class FreeTextStops:
    """One answer's text as it grows."""

    def __init__(self, stops: Sequence[str], trigger: str, begins_with_call: bool) -> None:
        self._stops = tuple(text for text in stops if text)
        self._trigger = trigger
        self._is_talking = not begins_with_call and bool(self._stops)
        self._shown = ""
        self._held = ""
        self.is_stopped = False
        """Whether a stop text was found."""

    def feed(self, text: str) -> str:
        """The text that may be shown now."""
        if not self._is_talking:
            return text
        text, self._held = self._held + text, ""
        call = (self._shown + text).find(self._trigger) - len(self._shown)
        is_call = call + len(self._shown) >= 0
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if found and not (is_call and call < min(found)):
            self.is_stopped = True
            return text[: min(found)]
        if is_call:
            self._is_talking = False
            return text
        held = max(_begun(text, stop) for stop in self._stops)
        text, self._held = text[: len(text) - held], text[len(text) - held :]
        self._shown = (self._shown + text)[-len(self._trigger) + 1 :]
        return text

    def finish(self) -> str:
        """What was held back in case a stop text followed."""
        held, self._held = self._held, ""
        return "" if self.is_stopped else held


def _begun(text: str, stop: str) -> int:
    """Characters at the end of the text that the stop text begins with."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
