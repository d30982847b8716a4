"""`callmill serve` and `callmill chat` as a person types them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai

from tests.serving.server_process import ROOT, serving

WEATHER = ROOT / "examples" / "weather.openapi30.yaml"


def callmill(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    values = {**os.environ, "CALLMILL_HOME": str(home)}
    command = [sys.executable, "-m", "cli", *words]
    return subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, timeout=120, check=False)


def test_a_served_model_is_listed_chats_and_asks_for_the_key(tiny_model: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(tiny_model, home, environment={"CALLMILL_SERVE_API_KEY": "open sesame"}) as server:
        assert openai.OpenAI(base_url=server.url, api_key="open sesame").models.list().data
        refused = callmill(home, "chat", server.url, "--message", "Hello", "--json")
        assert refused.returncode == 1
        assert "401" in refused.stderr
        words = [
            "--tools",
            str(WEATHER),
            "--tool-choice",
            "required",
            "--message",
            "Rain?",
            "--max-steps",
            "1",
            "--json",
        ]
        said = callmill(home, "chat", server.url, "--api-key", "open sesame", *words)
        conversation = json.loads(said.stdout)
        assert conversation["outcome"] == "needs_results"  # the document's calls have no server to run on
        assert json.loads(conversation["pending"][0]["arguments"]) is not None
        listed = json.loads(callmill(home, "status", "--json").stdout)["servers"]
        assert [(each["name"], each["phase"], each["url"]) for each in listed] == [("production", "ready", server.url)]
        assert "token" not in listed[0]
    assert json.loads(callmill(home, "status", "--json").stdout)["servers"] == []


def test_a_model_is_served_without_token_masks(tiny_model: Path, tmp_path: Path) -> None:
    """A randomly initialised model makes no legal call of its own accord; it is served and answers all the same."""
    with serving(tiny_model, tmp_path / "home", "--backend", "none") as server:
        smoke = server.report["smoke"]
        assert isinstance(smoke, dict)
        assert not smoke["is_legal"]
        client = openai.OpenAI(base_url=server.url, api_key="x")
        tool: Any = {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}
        asked: Any = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "tools": [tool]}
        free = client.chat.completions.create(**asked, tool_choice="required", max_tokens=20).choices[0]
        assert free.message.content
        assert free.finish_reason in ("length", "stop")


def test_a_model_in_a_folder_runs_the_tools_of_a_python_file(tiny_model: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools.py"
    tools.write_text('def add(left: int, right: int) -> int:\n    """Add two numbers."""\n    return left + right\n')
    words = ["--tools", str(tools), "--tool-choice", "required", "--max-steps", "2", "--message", "1 + 1?", "--json"]
    conversation = json.loads(callmill(tmp_path / "home", "chat", str(tiny_model), *words).stdout)
    called = next(each for each in conversation["messages"] if each.get("tool_calls"))["tool_calls"][0]["function"]
    result = next(each for each in conversation["messages"] if each["role"] == "tool")["content"]
    assert int(result) == sum(json.loads(called["arguments"]).values())


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for words in (["serve", str(tmp_path / "empty")], ["chat", str(tmp_path / "nowhere"), "--message", "Hi"]):
        done = callmill(tmp_path / "home", *words)
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert str(tmp_path) in done.stderr
