"""Take down what cleaning changed, one phrase each."""

_MAX_REPAIRS = 40


class Repairs:
    """The repairs of one function, in order, each once."""

    def __init__(self) -> None:
        self._phrases: dict[str, None] = {}

    def add(self, where: str, what: str) -> None:
        """Note a repair; `where` is the argument's path, empty for the function itself."""
        self._phrases[f"{where}: {what}" if where else what] = None

    def as_tuple(self) -> tuple[str, ...]:
        """As a function stores them; a very long list ends with how many more there were."""
        phrases = tuple(self._phrases)
        more = len(phrases) - _MAX_REPAIRS
        return phrases if more <= 0 else (*phrases[:_MAX_REPAIRS], f"and {more} more")
