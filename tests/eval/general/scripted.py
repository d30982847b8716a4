"""A local task of four questions, and a chat endpoint that knows the answers to half of them, over real HTTP."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "sesame"
CAPITALS = {"Norway": "Oslo", "Portugal": "Lisbon", "Japan": "Tokyo", "Kenya": "Nairobi"}
KNOWN = ("Norway", "Japan")
_TASK = """\
task: capitals
dataset_path: json
dataset_kwargs:
  data_files: capitals.jsonl
output_type: generate_until
test_split: train
doc_to_text: "What is the capital of {{country}}? Answer in one word."
doc_to_target: "{{capital}}"
generation_kwargs:
  until: ["\\n"]
  max_gen_toks: 16
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""


def write_task(folder: Path) -> Path:
    """The task's file; its data lie beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({"country": country, "capital": capital}) for country, capital in CAPITALS.items()]
    (folder / "capitals.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = folder / "capitals.yaml"
    path.write_text(_TASK, encoding="utf-8")
    return path


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._reply({"object": "list", "data": [{"id": "geographer", "object": "model"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers.get("authorization") != f"Bearer {KEY}":
            self._reply({"error": {"message": "wrong key"}}, 401)
            return
        question = str(asked["messages"][-1]["content"])
        known = next((CAPITALS[country] for country in KNOWN if country in question), "Paris")
        message = {"role": "assistant", "content": known}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
        self._reply(
            {"id": "1", "object": "chat.completion", "model": asked["model"], "choices": [choice], "usage": usage}
        )

    def _reply(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def geographer() -> Iterator[str]:
    """Its address, ending in /v1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
