"""The form of Qwen-Agent's function prompt: tools in the system prompt, then name, arguments, result and answer marks.

`✿FUNCTION✿: get_weather\n✿ARGS✿: {"city": "Paris"}\n✿RESULT✿: 21 °C\n✿RETURN✿: It is 21 °C.`, all one turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.call_formats.format import Marks, ParsedAnswer, ParsedCall, Template
from serving.call_formats.messages import PlainMessage, is_chinese, read_messages
from serving.call_formats.reader import CallReader, read_answer, spell_calls
from serving.call_formats.template import render_file, render_plain

_RESULT = "✿RESULT✿"
_RETURN = "✿RETURN✿"

MARKS = Marks(
    trigger="✿FUNCTION✿",
    head=": ",
    between="\n✿ARGS✿: ",
    tail="\n",
    separator="",
    end=_RESULT,
)


@dataclass(frozen=True)
class QwenAgent:
    """A `CallFormat`."""

    thinking: bool = False
    """Whether templates that know `enable_thinking` (Qwen3) begin with thoughts."""
    name: str = "qwen-agent"
    marks: Marks = MARKS
    vllm_parser: str = "qwen_agent"
    """vLLM's --tool-call-parser, by our plugin serving/vllm/qwen_agent_parser.py."""
    added_tokens: tuple[str, ...] = field(default=())
    """Tokens that a tokenizer must gain: none, the marks are spelled."""

    def render(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], template: Template) -> str:
        """The prompt text, ending where the assistant's answer begins or, after results, goes on.

        Raises:
            RefusedError: 400, for messages that can't be read, or that the model's template refuses.
        """
        plain = read_messages(messages)
        spelled = self._spell(plain, tools)
        is_open = bool(plain) and plain[-1].role == "tool" and spelled[-1].role == "assistant"
        return render_plain(spelled, template, {"enable_thinking": self.thinking}, is_open)

    def note(self, template: Template) -> str | None:
        """Why the model's own template is not used for tools."""
        return "this format puts tools and results into plain text itself"

    def parse(self, text: str) -> ParsedAnswer:
        """Read a whole answer."""
        return read_answer(self.marks, text)

    def reader(self, begins_with_call: bool = False) -> CallReader:
        """Read an answer as it grows."""
        return CallReader(self.marks, begins_with_call)

    def _spell(self, messages: list[PlainMessage], tools: Sequence[dict[str, Any]]) -> list[PlainMessage]:
        """The same conversation in text alone; a call, its results and what follows are one assistant message."""
        system = messages[0].content if messages and messages[0].role == "system" else ""
        rest = messages[1:] if messages and messages[0].role == "system" else messages
        if tools:
            system = self._write_system(system, tools, is_chinese(messages))
        spelled = [PlainMessage("system", system)] if system else []
        waits = False  # whether results have just been given, and the turn goes on
        for message in rest:
            text = self._spell_message(message, waits)
            if waits and message.role == "assistant":
                spelled[-1] = PlainMessage("assistant", spelled[-1].content + text)
            elif message.role == "tool" and spelled and spelled[-1].role == "assistant":
                so_far = spelled[-1].content.removesuffix(f"{_RETURN}:")
                spelled[-1] = PlainMessage("assistant", so_far + text)
            else:
                spelled.append(PlainMessage("assistant" if message.role == "tool" else message.role, text))
            waits = message.role == "tool"
        return spelled

    def _write_system(self, system: str, tools: Sequence[dict[str, Any]], chinese: bool) -> str:
        functions = [
            {
                "name": tool["function"]["name"],
                "description": tool["function"].get("description", ""),
                "parameters": tool["function"].get("parameters") or {"type": "object", "properties": {}},
            }
            for tool in tools
        ]
        names = ("、" if chinese else ", ").join(function["name"] for function in functions)
        file = "qwen_agent.zh.jinja" if chinese else "qwen_agent.en.jinja"
        return render_file(file, system=system, tools=functions, names=names).rstrip("\n")

    def _spell_message(self, message: PlainMessage, waits: bool) -> str:
        if message.role == "tool":
            # The turn goes on behind `✿RETURN✿:`: no blank, since words begin with a token that holds their blank.
            return f"{_RESULT}: {message.content}\n{_RETURN}:"
        calls = spell_calls(self.marks, [ParsedCall(call.name, call.spelled) for call in message.calls])
        words = f" {message.content}" if waits and message.content else message.content
        return "\n".join(part for part in (words, calls) if part)
