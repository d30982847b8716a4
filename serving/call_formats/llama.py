"""Calls as Llama 3.1's own template spells them: `{"name": "get_weather", "parameters": {"city": "Paris"}}`.

vLLM's parser `llama3_json` reads them, several with `; ` between. The mark is JSON, so words can't hold such JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from serving.call_formats.format import Marks, Template
from serving.call_formats.hermes import Hermes
from serving.call_formats.messages import PlainMessage, read_messages
from serving.call_formats.template import find_disagreement, render_with_tools

MARKS = Marks(
    trigger='{"name": "',
    head="",
    between='", "parameters": ',
    tail="}",
    separator="; ",
    end="",
)


@dataclass(frozen=True)
class Llama(Hermes):
    """A `CallFormat`."""

    name: str = "llama"
    marks: Marks = MARKS
    vllm_parser: str = "llama3_json"

    def render(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], template: Template) -> str:
        """See `Hermes`; the model's own template takes one call a message, so several follow one another."""
        if self.note(template) is not None:
            return super().render(messages, tools, template)
        return render_with_tools(separate_calls(read_messages(messages)), tools, template, self.options)

    def note(self, template: Template) -> str | None:
        """Why the model's own template is not used for tools, or None where it is."""
        return find_disagreement(template, self.marks, self.options, most_calls=1)


def separate_calls(messages: Sequence[PlainMessage]) -> list[PlainMessage]:
    """Each call in a message of its own, with its result behind it."""
    separated: list[PlainMessage] = []
    results = [each for each in messages if each.role == "tool"]
    for message in messages:
        if len(message.calls) < 2:
            separated += [message] if message.role != "tool" or message in results else []
            continue
        for place, call in enumerate(message.calls):
            separated.append(replace(message, content="" if place else message.content, calls=(call,)))
            own = next((each for each in results if each.call_id == call.id), None)
            if own:
                results.remove(own)
                separated.append(own)
    return separated
