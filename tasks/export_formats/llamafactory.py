"""LLaMA-Factory's `sharegpt`: human or observation in odd places, gpt or function_call in even ones, and no others.

`{"conversations": [{"from": "human", "value": "…"}, {"from": "function_call", "value": "[{\\"name\\": …}]"}, {"from":
"observation", "value": "…"}, {"from": "gpt", "value": "…"}], "system": "", "tools": "[{\\"type\\": …}]"}`
"""

import json
from collections.abc import Sequence
from typing import Any

from serving.call_formats.messages import PlainMessage
from tasks.export_formats.conversation import (
    Conversation,
    NotCarriedError,
    escape_marks,
    holds_mark,
    require_all_learnt,
    spell_call,
    take_turns,
)

DATASET_INFO = "dataset_info.json"
DATASET_NAME = "callmill_{split}"
LOADING = """\
`dataset_info.json` names one data set per split: `callmill_train`, …

```yaml
dataset_dir: path/to/this/folder
dataset: callmill_train
template: qwen          # your base model's; it spells calls and tools
```

Or copy the entries into your own `data/dataset_info.json` and put the folder's path before `file_name`.

Choose the template of a model that knows tools: the tool format `default` stops at an enum of numbers.

Several calls stand in one `function_call` as a list; several results stand in one `observation`, joined as
LLaMA-Factory joins those of OpenAI's form. An answer that speaks before it calls is written `words
<tool_call>[…]</tool_call>`, which LLaMA-Factory reads from 0.9.4 on. Every answer is learnt, the ones before the last
too, unless `mask_history` is set."""

_CALL = ("<tool_call>", "</tool_call>")
# As its converter of OpenAI's form does; with templates of the Hermes kind each result gets marks of its own so.
_BETWEEN_RESULTS = "\n</tool_response>\n<tool_response>\n"


def to_row(conversation: Conversation) -> dict[str, Any]:
    """Turns in strict alternation, system text and tools beside them.

    Raises:
        NotCarriedError: the turns do not alternate, an answer is not to be learnt, or a text holds a mark.
    """
    require_all_learnt(conversation)
    system, parts = take_turns(conversation)
    return {
        "conversations": [_spell(part) for part in parts],
        "system": system,
        "tools": conversation.tools_text if conversation.tools else "",
    }


def side_files(splits: Sequence[str]) -> dict[str, str]:
    """The entries that LLaMA-Factory finds the files by; a column that is not named there is not read."""
    entries = {
        DATASET_NAME.format(split=split): {
            "file_name": f"{split}.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
        }
        for split in splits
    }
    return {DATASET_INFO: json.dumps(entries, indent=2) + "\n"}


def _spell(part: list[PlainMessage]) -> dict[str, str]:
    first = part[0]
    if first.role == "user":
        return {"from": "human", "value": first.content}
    if first.role == "tool":
        results = [message.content for message in part]
        if any(holds_mark(result, ("<tool_response>", "</tool_response>")) for result in results):
            raise NotCarriedError("mark_in_text")
        return {"from": "observation", "value": _BETWEEN_RESULTS.join(results)}
    if not first.calls:
        return {"from": "gpt", "value": first.content}
    # It looks for marks of calls and thoughts in the text before it reads the JSON, and writes the JSON anew.
    calls = escape_marks(f"[{', '.join(map(spell_call, first.calls))}]")
    if not first.content:
        return {"from": "function_call", "value": calls}
    if holds_mark(first.content, _CALL):
        raise NotCarriedError("mark_in_text")
    return {"from": "function_call", "value": f"{first.content}\n{_CALL[0]}{calls}{_CALL[1]}"}
