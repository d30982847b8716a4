"""An OpenAI endpoint whose answers to a suite's cases are decided beforehand, over real HTTP, in a process of its own.

`python -m tests.eval.scripted_endpoint CASES.jsonl --how right` prints its base URL. CASES holds records of
`schemas.evaluation.Case`; --how is one word, or several that take turns by the hash of the question.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from schemas.evaluation import Case
from tests.http_server import HttpReply, HttpRequest, serve

ROOT = Path(__file__).parents[2]
How = Literal["right", "wrong", "words", "question", "empty", "broken", "error", "garbage"]
"""words: refuses; question: asks back; broken: arguments that are no JSON; error: 500; garbage: 200, but no answer."""


class ScriptedEndpoint:
    """Knows the cases by their last message."""

    def __init__(self, cases: Iterable[Case], hows: tuple[How, ...], unknown: frozenset[str] = frozenset()) -> None:
        self._cases = {str(case.messages[-1]["content"]): case for case in cases}
        self._hows = hows
        self._unknown = unknown
        self.requests = 0

    def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one HTTP request."""
        if request.path.endswith("/models"):
            return _reply({"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        if request.path.endswith("/stats"):
            return _reply({"requests": self.requests})
        self.requests += 1
        body = json.loads(request.body)
        for name in sorted(self._unknown & body.keys()):
            return _reply({"error": {"message": f"Unknown parameter: '{name}'.", "param": name}}, 400)
        return self._answer(str(body["messages"][-1]["content"]), has_tools=bool(body.get("tools")))

    def how(self, question: str) -> How:
        """What becomes of a question."""
        return self._hows[int(hashlib.sha256(question.encode()).hexdigest()[:8], 16) % len(self._hows)]

    def _answer(self, question: str, has_tools: bool) -> HttpReply:
        how, case = self.how(question), self._cases.get(question)
        if how == "error":
            return _reply({"error": {"message": "the model crashed"}}, 500)
        if how == "garbage":
            return HttpReply(200, b"<html>Bad Gateway</html>")
        calls = right_calls(case) if case is not None else []
        if how == "wrong":
            calls = [(name, {key: _other(value) for key, value in arguments.items()}) for name, arguments in calls]
            calls = calls or [("no_such_function", {})]
        words = {"words": "I am sorry, none of these functions can do that.", "question": "Which city do you mean?"}
        if how in words or how == "empty" or not calls:
            return _complete({"role": "assistant", "content": words.get(how, "" if how == "empty" else "I can't.")})
        if not has_tools:
            text = "[" + ", ".join(f"{n}({', '.join(f'{k}={v!r}' for k, v in a.items())})" for n, a in calls) + "]"
            return _complete({"role": "assistant", "content": text})
        tool_calls = [
            {
                "id": f"call_{place}",
                "type": "function",
                "function": {"name": name.replace(".", "_"), "arguments": _spell(arguments, how)},
            }
            for place, (name, arguments) in enumerate(calls)
        ]
        return _complete({"role": "assistant", "content": None, "tool_calls": tool_calls})


def right_calls(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """Calls that BFCL's rules let pass: of every argument the first allowed value, nested ones too."""
    calls = []
    for expected in case.possible_answer:
        ((name, arguments),) = expected.items()
        given = {key: _first(values) for key, values in arguments.items() if values and values[0] != ""}
        calls.append((name, given))
    return calls


def _first(values: list[Any]) -> Any:
    """The first alternative; in a dictionary each key has its own, and what is deeper is meant literally."""
    value = next((value for value in values if value != ""), "")
    if isinstance(value, dict):
        return _fill(value)
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return [_fill(each) for each in value]
    return value


def _fill(form: dict[str, list[Any]]) -> dict[str, Any]:
    return {key: values[0] for key, values in form.items() if "" not in values}


def _other(value: Any) -> Any:
    return f"{value} indeed" if isinstance(value, str) else [value] if not isinstance(value, list) else "no list"


def _spell(arguments: dict[str, Any], how: How) -> str:
    text = json.dumps(arguments, ensure_ascii=False)
    return text[:-1] + ", oops" if how == "broken" else text


def _complete(message: dict[str, Any]) -> HttpReply:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    return _reply(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
    )


def _reply(body: Any, status: int = 200) -> HttpReply:
    return HttpReply(status, json.dumps(body, ensure_ascii=False).encode())


@contextlib.contextmanager
def scripted_endpoint(cases: Iterable[Case], folder: Path, *hows: How, unknown: str = "") -> Iterator[str]:
    """The base URL, ending in /v1, until the block ends."""
    file = folder / f"cases-{time.monotonic_ns()}.jsonl"
    file.write_text("".join(case.model_dump_json() + "\n" for case in cases), encoding="utf-8")
    command = [sys.executable, "-m", "tests.eval.scripted_endpoint", str(file), "--how", ",".join(hows)]
    process = subprocess.Popen([*command, "--unknown", unknown], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait(10)


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=Path)
    parser.add_argument("--how", default="right", help=", ".join(get_args(How)))
    parser.add_argument("--unknown", default="", help="parameters that are answered by 400, with commas")
    parser.add_argument("--port", type=int, default=0)
    words = parser.parse_args()
    with words.cases.open(encoding="utf-8") as lines:
        cases = [Case.model_validate_json(line) for line in lines]
    unknown = frozenset(filter(None, words.unknown.split(",")))
    endpoint = ScriptedEndpoint(cases, tuple(words.how.split(",")), unknown)
    async with serve(endpoint.handle, words.port) as address:
        print(f"{address}/v1", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
