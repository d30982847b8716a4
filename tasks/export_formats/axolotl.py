"""axolotl's `chat_template` rows: messages and tools in OpenAI's form, both as JSON text.

Text, because `datasets` fixes a column's structure by its first megabytes: where those hold no call, a later one fails.
`{"messages": "[{\\"role\\": \\"user\\", …}]", "tools": "[{\\"type\\": …}]"}`
"""

import json
from collections.abc import Sequence
from typing import Any

import yaml

from tasks.export_formats.conversation import Conversation, Turn

CONFIG = "axolotl.yaml"
LOADING = """\
`axolotl.yaml` holds the lines for your config; put the folder's path before the file's, or run axolotl in this folder.
axolotl reads messages and tools as JSON text from 0.17.0 on. The chat template (`chat_template: tokenizer_default`)
must know tools. `training: false` on a message (`message_field_training`) marks an answer that is not learnt."""


def to_row(conversation: Conversation) -> dict[str, Any]:
    """Messages and tools as JSON text."""
    messages = [_spell(turn) for turn in conversation.turns]
    return {"messages": json.dumps(messages, ensure_ascii=False), "tools": conversation.tools_text}


def side_files(splits: Sequence[str]) -> dict[str, str]:
    """What a config needs to find and read the rows: `datasets` for training, `test_datasets` for validation."""
    lists = {"datasets": "train", "test_datasets": "validation"}
    config = {name: [_describe(split)] for name, split in lists.items() if split in splits}
    return {CONFIG: yaml.safe_dump({"chat_template": "tokenizer_default", **config}, sort_keys=False)}


def _describe(split: str) -> dict[str, Any]:
    return {
        "path": f"./{split}.jsonl",
        "ds_type": "json",
        "split": "train",  # of the file, which has one part
        "type": "chat_template",
        "field_messages": "messages",
        "field_tools": "tools",
        "message_field_training": "training",
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }


def _spell(turn: Turn) -> dict[str, Any]:
    message, is_learnt = turn
    # "" beside calls: some templates add the content to a text, where null or nothing fails.
    spelled: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        # Arguments as text: axolotl drops nulls of structures, and null may be what an argument is.
        spelled["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.spelled}}
            for call in message.calls
        ]
    if message.role == "tool":
        spelled |= {"tool_call_id": message.call_id, "name": message.name}
    if not is_learnt:
        spelled["training"] = False
    return spelled
