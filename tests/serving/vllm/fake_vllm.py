"""A process that speaks as much of vLLM's HTTP as our engine uses, and answers as its model folder's fake.json says.

`python fake_vllm.py -m vllm.entrypoints.openai.api_server --port 1 --model DIR --served-model-name N`
fake.json: {"start_s": 0, "dies_at_start": false, "answer": "legal" | "cut" | "words", "dies_on": "word", "pause_s": 0}
A request without a grammar of ours is answered with the text in "free".
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

WORDS = "Good day to you all"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--served-model-name")
    options, _ = parser.parse_known_args()
    behaviour = json.loads((options.model / "fake.json").read_text())
    # Like vLLM's engine process: a child in the same process group.
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (options.model / "pids.json").write_text(json.dumps([os.getpid(), child.pid]))
    print("loading the fake model", flush=True)
    if behaviour.get("dies_at_start"):
        child.kill()
        sys.exit("ValueError: this model can't be loaded")
    asyncio.run(serve(options.port, options.served_model_name, behaviour))


async def serve(port: int, name: str, behaviour: dict[str, Any]) -> None:
    await asyncio.sleep(behaviour.get("start_s", 0))
    app = web.Application()

    async def health(request: web.Request) -> web.Response:
        return web.Response()

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name, "max_model_len": 4000}]})

    async def tokenize(request: web.Request) -> web.Response:
        return web.json_response({"tokens": list((await request.json())["prompt"].encode())})

    async def complete(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if behaviour.get("dies_on") and behaviour["dies_on"] in bytes(body["prompt"]).decode():
            os._exit(1)
        response = web.StreamResponse()
        await response.prepare(request)
        if "structured_outputs" in body:
            pieces = make_answer(body["structured_outputs"]["grammar"], behaviour.get("answer", "legal"), name)
        else:
            pieces = [behaviour["free"]]
        for count, piece in enumerate(pieces, 1):
            await asyncio.sleep(behaviour.get("pause_s", 0))
            finish = None if count < len(pieces) else "length" if behaviour.get("answer") == "cut" else "stop"
            event = {
                "choices": [{"index": 0, "text": piece, "finish_reason": finish}],
                "usage": {"completion_tokens": count},
            }
            await response.write(f"data: {json.dumps(event)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    app.router.add_get("/health", health)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/tokenize", tokenize)
    app.router.add_post("/v1/completions", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def make_answer(grammar: str, kind: str, name: str) -> list[str]:
    spec = json.loads(grammar.partition("\n")[0].removeprefix("# callmill: "))
    if spec["may_talk"] or kind == "words":
        return [f"{word} " for word in f"{WORDS} from {name}".split()]
    function, _ = spec["functions"][0]
    arguments = '{"city": "Paris", "unit": "celsius", "days": 3}'
    call = f'<tool_call>\n{{"name": "{function}", "arguments": {arguments}}}\n</tool_call>'
    return [call[place : place + 7] for place in range(0, len(call), 7)][: 4 if kind == "cut" else None]


if __name__ == "__main__":
    main()
