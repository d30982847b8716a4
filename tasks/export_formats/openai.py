"""OpenAI's chat form, a JSON object a line: messages, calls and tools nested as their API takes them."""

import json
from collections.abc import Sequence
from typing import Any

from tasks.export_formats.conversation import Conversation

LOADING = """\
`messages` and `tools` are nested as OpenAI's fine-tuning takes them; `weight: 0` marks an answer that is not learnt.

```python
import json

with open("train.jsonl", encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
```

Read it line by line: older versions of `datasets` merge the structures of all tools and fill them with nulls, and any
version may stop where a later row has a structure that the first ones lack. The data set's own Parquet holds JSON text
for that reason."""


def to_row(conversation: Conversation) -> dict[str, Any]:
    """Messages and tools as they are."""
    return {"messages": json.loads(conversation.messages_text), "tools": json.loads(conversation.tools_text)}


def side_files(splits: Sequence[str]) -> dict[str, str]:
    """None."""
    return {}
