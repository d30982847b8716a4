"""Hermes' form: `conversations` of from/value, where system, gpt and tool turns hold the marks as text.

`{"conversations": [{"from": "system", "value": "… <tools> …"}, {"from": "human", …}, {"from": "gpt", "value":
"<tool_call>\\n{\\"name\\": …}\\n</tool_call>"}, {"from": "tool", "value": "<tool_response>\\n…\\n</tool_response>"}]}`
"""

from collections.abc import Sequence
from typing import Any

from serving.call_formats.format import ParsedCall
from serving.call_formats.hermes import MARKS
from serving.call_formats.messages import PastCall, PlainMessage
from serving.call_formats.reader import spell_calls
from serving.call_formats.template import render_file
from tasks.export_formats.conversation import (
    Conversation,
    NotCarriedError,
    escape_marks,
    holds_mark,
    require_all_learnt,
    spell_call,
    take_turns,
)

LOADING = """\
Any ShareGPT-style trainer with a ChatML template reads `conversations` (`from` is system, human, gpt or tool); the
system text already shows the functions, so give the trainer no tools of its own. A model so trained is served by
`callmill serve --call-format hermes` and read by vLLM's parser `hermes`: the words are those that the server writes
where a model has no template of its own; it frames `tool` turns as the user's. `tools` holds the functions as JSON text
once more, for other uses.

```python
from datasets import load_dataset

rows = load_dataset("json", data_files="train.jsonl", split="train")
```"""

_CALL = ("<tool_call>", "</tool_call>")
_RESULT = ("<tool_response>", "</tool_response>")
_NAMES = {"user": "human", "assistant": "gpt", "tool": "tool"}


def to_row(conversation: Conversation) -> dict[str, Any]:
    """Every turn as text.

    Raises:
        NotCarriedError: the turns do not alternate, an answer is not to be learnt, or a text holds a mark.
    """
    require_all_learnt(conversation)
    system, parts = take_turns(conversation)
    shown = _show_tools(system, conversation) if conversation.tools else system
    turns = [{"from": "system", "value": shown}] if shown else []
    turns += [{"from": _NAMES[part[0].role], "value": _spell(part)} for part in parts]
    return {"conversations": turns, "tools": conversation.tools_text}


def side_files(splits: Sequence[str]) -> dict[str, str]:
    """None."""
    return {}


def _show_tools(system: str, conversation: Conversation) -> str:
    example = spell_calls(MARKS, [ParsedCall("NAME", "ARGUMENTS")])
    return render_file("tools.jinja", system=system, tools=conversation.tools, example=example).rstrip("\n")


def _spell(part: list[PlainMessage]) -> str:
    first = part[0]
    if first.role == "tool":
        if any(holds_mark(message.content, _RESULT) for message in part):
            raise NotCarriedError("mark_in_text")
        return "\n".join(f"{_RESULT[0]}\n{message.content}\n{_RESULT[1]}" for message in part)
    if first.role == "assistant" and holds_mark(first.content, _CALL):
        raise NotCarriedError("mark_in_text")
    calls = [f"{_CALL[0]}\n{_spell_call(call)}\n{_CALL[1]}" for call in first.calls]
    return "\n".join([*([first.content] if first.content else []), *calls])


def _spell_call(call: PastCall) -> str:
    text = spell_call(call)
    return escape_marks(text) if holds_mark(text, _CALL) else text
