"""Lets vLLM read the qwen-agent form: `--tool-parser-plugin` this file, `--tool-call-parser qwen_agent`.

For those who talk to vLLM's own port; it also sends our language along, so that calls there are legal too, unless the
server runs without our scheduler (CALLMILL_SERVE_BACKEND=none).
"""

import os
from collections.abc import Sequence
from typing import Any

from vllm.entrypoints.generate.base.protocol import (
    DeltaFunctionCall,
    DeltaMessage,
    DeltaToolCall,
    ExtractedToolCallInformation,
    FunctionCall,
    ToolCall,
)
from vllm.renderers.chat_utils import make_tool_call_id
from vllm.sampling_params import StructuredOutputsParams
from vllm.tool_parsers.abstract_tool_parser import ToolParser, ToolParserManager

from serving.call_formats.format import ArgumentsDelta, CallStarted, Event, TextDelta
from serving.call_formats.qwen_agent import QwenAgent
from serving.calls import build_language
from serving.refusals import RefusedError
from serving.vllm.spec import write_spec

_UNLIMITED = 1 << 20
"""Where a request names no limit: steering then never begins, and vLLM's own limit may cut a call."""


class QwenAgentToolParser(ToolParser):  # type: ignore[misc]  # vLLM is not installed where mypy runs
    """One answer's calls."""

    # Forced calls come in the model's own form, not as vLLM's JSON list.
    supports_required_and_named = False

    def __init__(self, tokenizer: Any, tools: Any = None) -> None:
        super().__init__(tokenizer, tools)
        self._format = QwenAgent()
        self._reader = self._format.reader()

    def adjust_request(self, request: Any) -> Any:
        """Let the model speak our language of these tools.

        Raises:
            ValueError: a tool's calls can't be promised to be legal; vLLM answers 400.
        """
        request.skip_special_tokens = False
        is_free = os.environ.get("CALLMILL_SERVE_BACKEND") == "none"
        if is_free or not request.tools or request.structured_outputs is not None:
            return request
        tools = [_as_chat(tool.model_dump(exclude_none=True)) for tool in request.tools]
        choice = request.tool_choice
        choice = choice if choice is None or isinstance(choice, str) else choice.model_dump()
        try:
            language = build_language(tools, choice, request.parallel_tool_calls is not False, self._format)
        except RefusedError as error:
            raise ValueError(error.message) from error
        names = ("max_completion_tokens", "max_tokens", "max_output_tokens")
        limit = next(filter(None, (getattr(request, name, None) for name in names)), _UNLIMITED)
        request.structured_outputs = StructuredOutputsParams(grammar=write_spec(language, limit))
        return request

    def extract_tool_calls(self, model_output: str, request: Any) -> Any:
        """Read a whole answer."""
        answer = self._format.parse(model_output)
        calls = [
            ToolCall(type="function", function=FunctionCall(name=call.name, arguments=call.arguments))
            for call in answer.calls
        ]
        return ExtractedToolCallInformation(tools_called=bool(calls), tool_calls=calls, content=answer.content or None)

    def extract_tool_calls_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
        request: Any,
    ) -> Any:
        """What these characters complete; None: nothing."""
        events = self._reader.feed(delta_text)
        content = "".join(event.text for event in events if isinstance(event, TextDelta))
        calls = [delta for delta in map(self._read, events) if delta is not None]
        return DeltaMessage(content=content or None, tool_calls=calls) if content or calls else None

    def _read(self, event: Event) -> Any:
        if isinstance(event, CallStarted):
            # vLLM compares these two at the end of a stream and sends what is missing: nothing.
            self.prev_tool_call_arr.append({"name": event.name, "arguments": ""})
            self.streamed_args_for_tool.append("")
            function = DeltaFunctionCall(name=event.name).model_dump(exclude_none=True)
            return DeltaToolCall(index=event.index, type="function", id=make_tool_call_id(), function=function)
        if isinstance(event, ArgumentsDelta):
            self.prev_tool_call_arr[event.index]["arguments"] += event.text
            self.streamed_args_for_tool[event.index] += event.text
            function = DeltaFunctionCall(arguments=event.text).model_dump(exclude_none=True)
            return DeltaToolCall(index=event.index, function=function)
        return None


def _as_chat(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool of /v1/responses has its function's fields beside its type."""
    return tool if "function" in tool else {"type": "function", "function": tool}


ToolParserManager.register_module(name="qwen_agent", module=QwenAgentToolParser)
