"""Calls as the templates of Qwen2.5, Qwen3 and Hermes spell them; vLLM's parser `hermes` reads them.

`<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>`
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.call_formats.format import Marks, ParsedAnswer, ParsedCall, Template
from serving.call_formats.messages import PlainMessage, read_messages
from serving.call_formats.reader import CallReader, read_answer, spell_calls
from serving.call_formats.template import find_disagreement, render_file, render_plain, render_with_tools

MARKS = Marks(
    trigger="<tool_call>",
    head='\n{"name": "',
    between='", "arguments": ',
    tail="}\n</tool_call>",
    separator="\n",
    end="",
)


@dataclass(frozen=True)
class Hermes:
    """A `CallFormat`."""

    thinking: bool = False
    """Whether templates that know `enable_thinking` (Qwen3) begin with thoughts."""
    name: str = "hermes"
    marks: Marks = MARKS
    vllm_parser: str = "hermes"
    """vLLM's --tool-call-parser. It ends a call at the first `</tool_call>`, one inside a string argument too; our
    reader does not."""
    added_tokens: tuple[str, ...] = field(default=())
    """Tokens that a tokenizer must gain; Qwen's and Hermes' have <tool_call> and </tool_call>, others spell them."""

    @property
    def options(self) -> dict[str, Any]:
        """What chat templates are told."""
        return {"enable_thinking": self.thinking}

    def render(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], template: Template) -> str:
        """The prompt text, ending where the assistant's answer begins.

        Raises:
            RefusedError: 400, for messages that can't be read, or that the model's template refuses.
        """
        plain = read_messages(messages)
        if self.note(template) is None:
            return render_with_tools(plain, tools, template, self.options)
        return render_plain(self._spell(plain, tools), template, self.options)

    def note(self, template: Template) -> str | None:
        """Why the model's own template is not used for tools, or None where it is."""
        return find_disagreement(template, self.marks, self.options)

    def parse(self, text: str) -> ParsedAnswer:
        """Read a whole answer."""
        return read_answer(self.marks, text)

    def reader(self, begins_with_call: bool = False) -> CallReader:
        """Read an answer as it grows."""
        return CallReader(self.marks, begins_with_call)

    def _spell(self, messages: list[PlainMessage], tools: Sequence[dict[str, Any]]) -> list[PlainMessage]:
        """The same conversation in text alone."""
        system = messages[0].content if messages and messages[0].role == "system" else ""
        rest = messages[1:] if messages and messages[0].role == "system" else messages
        if tools:
            example = spell_calls(self.marks, [ParsedCall("NAME", "ARGUMENTS")])
            system = render_file("tools.jinja", system=system, tools=tools, example=example).rstrip("\n")
        spelled = [PlainMessage("system", system)] if system else []
        for message in rest:
            if message.role != "tool":
                spelled.append(PlainMessage(message.role, self._spell_words(message)))
                continue
            result = f"<tool_response>\n{message.content}\n</tool_response>"
            if spelled and spelled[-1].role == "user" and spelled[-1].content.endswith("</tool_response>"):
                spelled[-1] = PlainMessage("user", f"{spelled[-1].content}\n{result}")
            else:
                spelled.append(PlainMessage("user", result))
        return spelled

    def _spell_words(self, message: PlainMessage) -> str:
        calls = spell_calls(self.marks, [ParsedCall(call.name, call.spelled) for call in message.calls])
        return "\n".join(part for part in (message.content, calls) if part)
