"""What a call format is: the marks around calls, the prompt, and how text is read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Marks:
    """The fixed text around calls: trigger head NAME between ARGUMENTS tail (separator trigger head …)* end.

    Hermes: `<tool_call>` + `\\n{"name": "` + NAME + `", "arguments": ` + ARGUMENTS + `}\\n</tool_call>`, separator
    `\\n`, end "". The trigger never occurs in free text; NAME is followed by a character that no name holds.
    """

    trigger: str
    head: str
    between: str
    tail: str
    separator: str
    end: str
    """Text that ends the answer after its last call; "": the end token alone does."""


@dataclass(frozen=True)
class TextDelta:
    """More of the answer in words."""

    text: str


@dataclass(frozen=True)
class CallStarted:
    """A call's name is known."""

    index: int
    name: str


@dataclass(frozen=True)
class ArgumentsDelta:
    """More of a call's arguments, as JSON text."""

    index: int
    text: str


@dataclass(frozen=True)
class CallEnded:
    """A call is complete."""

    index: int


Event = TextDelta | CallStarted | ArgumentsDelta | CallEnded


@dataclass(frozen=True)
class ParsedCall:
    """A complete call as it was spelled."""

    name: str
    arguments: str
    """JSON text."""


@dataclass(frozen=True)
class ParsedAnswer:
    """A whole answer."""

    content: str
    """Text before the first call, stripped; "" where there is none."""
    calls: tuple[ParsedCall, ...]
    is_cut: bool
    """Whether a call had begun and did not end."""


class StreamReader(Protocol):
    """Reads an answer as it grows; never shows a part of a mark as text."""

    def feed(self, text: str) -> list[Event]:
        """What these characters complete."""
        ...

    def finish(self) -> list[Event]:
        """What was held back in case a mark followed."""
        ...


class Template(Protocol):
    """The part of a tokenizer that renders chats."""

    chat_template: str | None

    def apply_chat_template(self, conversation: Sequence[dict[str, Any]], **options: Any) -> Any:
        """Transformers' method of that name."""
        ...


class CallFormat(Protocol):
    """One way of spelling calls."""

    @property
    def name(self) -> str:
        """What it is chosen by."""
        ...

    @property
    def marks(self) -> Marks:
        """Its fixed text."""
        ...

    def render(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], template: Template) -> str:
        """The prompt text for OpenAI-form messages and tools, ending where the assistant's answer begins."""
        ...

    def parse(self, text: str) -> ParsedAnswer:
        """Read a whole answer."""
        ...

    def reader(self, begins_with_call: bool = False) -> StreamReader:
        """Read an answer as it grows."""
        ...
