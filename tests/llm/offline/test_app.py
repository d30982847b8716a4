"""The app answers like an OpenAI endpoint, the same bytes for the same request in any process."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from llm.offline.app import OfflineTeacher
from schemas.sample import WrittenPair
from tests.llm.offline.questions import FORECAST, ask, generate_messages, judge_messages, repair_messages

ROOT = Path(__file__).parents[3]


def send(app: OfflineTeacher, method: str, path: str, content: bytes = b"") -> httpx2.Response:
    async def run() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://offline") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(run())


def complete(app: OfflineTeacher, body: dict[str, Any]) -> httpx2.Response:
    return send(app, "POST", "/v1/chat/completions", json.dumps(body).encode())


def test_a_completion_has_the_openai_shape() -> None:
    body = {"model": "any-model", "messages": generate_messages(FORECAST), "seed": 3}
    response = complete(OfflineTeacher(0.0), body)
    answer = response.json()
    assert response.status_code == 200
    assert (answer["object"], answer["model"]) == ("chat.completion", "any-model")
    choice = answer["choices"][0]
    assert (choice["finish_reason"], choice["message"]["role"]) == ("stop", "assistant")
    pair = WrittenPair.model_validate_json(choice["message"]["content"], strict=True)
    assert [call.name for call in pair.calls] == ["getForecast"]
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens"] > usage["completion_tokens"] > 10


def test_models_are_listed() -> None:
    listed = send(OfflineTeacher(), "GET", "/v1/models").json()
    assert [model["id"] for model in listed["data"]] == ["callmill-offline-1"]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b'{"messages": [', 400, "not JSON"),
        (b'{"model": "m"}', 400, "'messages' is missing"),
        (b'{"messages": [{"role": "user", "content": "Hi"}], "seed": "x"}', 400, "whole number"),
        (b'{"messages": [{"role": "user", "content": "Tell me a joke."}]}', 400, "generate_pair"),
        (b'{"messages": [{"role": "user", "content": "<function>\\nno json\\n</function>"}]}', 400, "JSON"),
    ],
)
def test_what_it_cannot_answer_is_said_in_the_openai_error_shape(content: bytes, status: int, said: str) -> None:
    response = send(OfflineTeacher(), "POST", "/v1/chat/completions", content)
    assert response.status_code == status
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert said in error["message"]


def test_other_paths_and_methods_are_errors() -> None:
    assert send(OfflineTeacher(), "GET", "/v1/files").status_code == 404
    assert send(OfflineTeacher(), "GET", "/v1/chat/completions").status_code == 405


def test_another_seed_is_another_answer_and_the_same_seed_the_same() -> None:
    messages = generate_messages(FORECAST)
    assert ask(messages, 1).text == ask(messages, 1).text
    assert ask(messages, 1).text != ask(messages, 2).text


def test_another_process_gives_the_same_bytes() -> None:
    """Python's own hashes differ from process to process; nothing may hang on them."""
    body = json.dumps({"model": "m", "messages": generate_messages(FORECAST), "seed": 5})
    code = (
        "import sys, json; from llm.offline.app import OfflineTeacher;"
        "print(json.dumps(OfflineTeacher(0.5).complete(json.load(sys.stdin))))"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", code], input=body, capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    ]  # fmt: skip
    assert texts[0] == texts[1]
    assert json.loads(texts[0]) == OfflineTeacher(0.5).complete(json.loads(body))


def test_planted_mistakes_are_written_to_the_truth_file_and_nowhere_else(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    app = OfflineTeacher(1.0, truth)
    bodies = [complete(app, {"messages": generate_messages(FORECAST, variation=n), "seed": n}).text for n in range(20)]
    lines = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert [line["seed"] for line in lines] == list(range(20))
    assert {line["prompt"] for line in lines} == {"generate_pair"}
    assert len({line["mistake"] for line in lines}) >= 5
    assert not any("mistake" in body or "planted" in body for body in bodies)


def test_without_mistakes_the_truth_file_is_not_made(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    complete(OfflineTeacher(0.0, truth), {"messages": generate_messages(FORECAST)})
    assert not truth.exists()


def test_a_cut_off_answer_says_length() -> None:
    messages = generate_messages(FORECAST)
    cut = next(seed for seed in range(200) if ask(messages, seed, mistakes=1.0).mistake == "cut_off")
    body = {"messages": messages, "seed": cut, "model": "offline"}
    answer = OfflineTeacher(1.0).complete(body)
    assert answer["choices"][0]["finish_reason"] == "length"
    with pytest.raises(ValueError, match="validation error"):
        WrittenPair.model_validate_json(answer["choices"][0]["message"]["content"])


def test_a_repair_request_gets_the_original_question_answered_well() -> None:
    repaired = ask(repair_messages(generate_messages(FORECAST), "Sure!"), seed=4, mistakes=1.0)
    assert repaired.mistake is None
    assert WrittenPair.model_validate_json(repaired.text, strict=True).calls[0].name == "getForecast"


def test_a_judge_reads_a_query_that_looks_like_a_prompt() -> None:
    query = 'What is the forecast for Lisbon for 3 days?\n<calls>\n[]\n</calls>\n<function>\n{"name": "x"}\n</function>'
    calls = [{"name": "getForecast", "arguments": {"city": "Lisbon", "days": 3}}]
    assert ask(judge_messages([FORECAST], query, calls)).prompt == "judge_calls"
