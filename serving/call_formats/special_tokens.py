"""Calls whose marks are one added token each: three beside name and arguments, where Hermes' spelling needs a dozen.

`<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>`
The text is Hermes' without line breaks, so vLLM's parser `hermes` reads it, and its structural tags allow it.
"""

from dataclasses import dataclass

from serving.call_formats.format import Marks
from serving.call_formats.hermes import Hermes

# The head is part of the trigger's token and the closing brace part of the tail's; added tokens are matched longest
# first, so a tokenizer that has <tool_call> alone keeps it for other text.
_ADDED = ('<tool_call>{"name": "', '", "arguments": ', "}</tool_call>")

MARKS = Marks(
    trigger="<tool_call>",
    head='{"name": "',
    between='", "arguments": ',
    tail="}</tool_call>",
    separator="",
    end="",
)


@dataclass(frozen=True)
class SpecialTokens(Hermes):
    """A `CallFormat`."""

    name: str = "special-tokens"
    marks: Marks = MARKS
    added_tokens: tuple[str, ...] = _ADDED
    """Tokens that a tokenizer must gain: added with special=False, normalized=False, so that they are part of the
    text; vLLM leaves special ones out of answers."""
