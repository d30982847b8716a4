"""The mock endpoint is fair: same body, same fate; it counts what it answered; the client gets through its faults."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llm import sender
from llm.ask import ask, make_request
from llm.client import open_client
from llm.journal import Journal, recover
from prompts.render import Rendered
from schemas.sample import WrittenPair
from tests.llm.scripted import make_settings
from tests.mock_answers import smallest_value, write_canned_text
from tests.mock_endpoint import FAULTS, read_stats, running_endpoint

FUNCTION = {
    "name": "book_table",
    "description": "Book a table",
    "parameters": {
        "type": "object",
        "properties": {"day": {"type": "string", "format": "date"}, "seats": {"type": "integer", "minimum": 2}},
        "required": ["day", "seats"],
    },
}


def rendered(number: int) -> Rendered:
    return Rendered("test.v1", [("user", f"{number}\n<function>\n{json.dumps(FUNCTION)}\n</function>")])


async def ask_all(base_url: str, count: int, journal: Journal | None) -> list[Any]:
    settings = make_settings(base_url=base_url, model="mock", timeout_s=0.5, max_attempts=30)
    async with open_client(settings, journal, job_id="job", run_id="run") as client:
        requests = [
            make_request(rendered(n), model="mock", temperature=1, max_tokens=99, answer_model=WrittenPair)
            for n in range(count)
        ]
        return await asyncio.gather(*(ask(client, request, 0, WrittenPair) for request in requests))


def test_every_kind_of_fault_is_survived_and_nothing_is_paid_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", 0.001)
    log = tmp_path / "answered.jsonl"
    with running_endpoint(faults=0.4, hang=0.02, retry_after=0.051, log=log) as base_url:
        with Journal(tmp_path / "journal") as journal:
            answers = asyncio.run(ask_all(base_url, 150, journal))
        stats = read_stats(base_url)
    assert set(stats.faults) == set(FAULTS)
    wrong_texts = [asked for asked in answers if asked.reason is not None]
    assert all(asked.reason in ("not_json", "answer_schema") for asked in wrong_texts)
    assert len(wrong_texts) < 20, "twice wrong: the answer and its repair"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert set(Counter(line["key"] for line in lines).values()) == {1}
    assert stats.answered == len(lines) == stats.distinct
    recovered = [answer for segment in recover(tmp_path / "journal") for answer in segment.answers]
    assert {answer.answer_id for answer in recovered} == {name for asked in answers for name in asked.answer_ids}
    assert len(recovered) == stats.answered


def test_the_same_bodies_meet_the_same_faults() -> None:
    seen = []
    for _ in range(2):
        with running_endpoint(faults=0.5, fault_kinds=("wrong_json",)) as base_url:
            answers = asyncio.run(ask_all(base_url, 30, None))
            seen.append([(asked.value, asked.reason) for asked in answers])
    assert seen[0] == seen[1]
    assert any(value is None for value, _ in seen[0])


def test_canned_calls_are_legal() -> None:
    text = write_canned_text([{"role": "user", "content": rendered(1).messages[0][1]}])
    pair = WrittenPair.model_validate_json(text)
    assert pair.calls[0].arguments == {"day": "2026-03-01", "seats": 2}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "enum": ["a", "b"]}, "a"),
        ({"type": "string", "minLength": 9}, "sampleeee"),
        ({"type": "number", "exclusiveMinimum": 3}, 4),
        ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 1),
    ],
)
def test_smallest_values_fit_their_schema(schema: dict[str, Any], value: Any) -> None:
    assert smallest_value(schema) == value
