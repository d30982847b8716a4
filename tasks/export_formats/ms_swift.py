"""ms-swift's messages: a `tool_call` message per call, a `tool_response` per result, tools as JSON text.

`{"tools": "[{\\"type\\": …}]", "messages": [{"role": "user", "content": "…"}, {"role": "tool_call", "content":
"{\\"name\\": …, \\"arguments\\": {…}}", "loss": true}, {"role": "tool_response", "content": "…"}]}`
"""

from collections.abc import Sequence
from typing import Any

from tasks.export_formats.conversation import Conversation, Turn, spell_call, take_turns

LOADING = """\
```sh
swift sft --model YOUR_MODEL --dataset path/to/this/folder/train.jsonl --agent_template hermes …
```

`--agent_template` says how calls and tools are spelled; leave it out for the model's own. Calls of one answer follow
one another as `tool_call` messages, results as `tool_response`. `loss` says of every answer whether it is learnt,
whatever `--loss_scale` (`last_round`) says. Agent templates of the ReAct kind (`react_en`, `qwen_en`) refuse a function
without a description."""


def to_row(conversation: Conversation) -> dict[str, Any]:
    """A message per text, call and result.

    Raises:
        NotCarriedError: the turns do not alternate (two users in a row would be glued together).
    """
    take_turns(conversation)
    messages = [message for turn in conversation.turns for message in _spell(turn)]
    return {"tools": conversation.tools_text if conversation.tools else "", "messages": messages}


def side_files(splits: Sequence[str]) -> dict[str, str]:
    """None."""
    return {}


def _spell(turn: Turn) -> list[dict[str, Any]]:
    message, is_learnt = turn
    if message.role == "tool":
        return [{"role": "tool_response", "content": message.content}]
    if message.role != "assistant":
        return [{"role": message.role, "content": message.content}]
    calls = [{"role": "tool_call", "content": spell_call(call), "loss": is_learnt} for call in message.calls]
    if message.content or not calls:
        # It joins words and calls as they stand; templates put a line's end between them.
        words = message.content + ("\n" if calls else "")
        return [{"role": "assistant", "content": words, "loss": is_learnt}, *calls]
    return calls
