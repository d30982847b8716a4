"""Long rows: as long as asked for, every call legal and determined, only calls learnt, sources named."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from llm.offline.documents import read_document
from llm.offline.results import ResultWriter, looks_up, most_records
from schemas.errors import UsageError
from schemas.function import Language
from schemas.record import canonical_json
from tasks.compose_long import LongComposer, LongRow, Shelf, find_rival, make_shelf
from tasks.count_tokens import estimate_tokens, open_counter
from tasks.export import write_dataset
from tasks.long_rows import make_long_rows
from tests.tasks.test_export import facts
from tests.warehouse.small_job import commit_small_job

TOKENS = 8_000
THINGS = {
    "en": [
        *[(word, word) for word in ("invoice", "parcel", "recipe", "museum", "train")],
        *[(word, word) for word in ("dentist", "concert", "garden", "ferry", "lecture")],
    ],
    "zh": [
        *[("hotel", "酒店"), ("flight", "航班"), ("ticket", "门票"), ("repair", "报修"), ("fruit", "水果")],
        *[("bus", "公交"), ("doctor", "医生"), ("movie", "电影"), ("course", "课程"), ("parking", "停车")],
    ],
}


def tool(language: Language, name: str, word: str) -> dict[str, Any]:
    told = f"Find {word}s of a city." if language == "en" else f"查询某个城市的{word}列表。"
    properties = {"city": {"type": "string", "description": "City" if language == "en" else "城市"},
                  f"{name}_type": {"type": "string"}, "limit": {"type": "integer"}}  # fmt: skip
    parameters = {"type": "object", "properties": properties, "required": ["city"]}
    return {"type": "function", "function": {"name": f"find_{name}s", "description": told, "parameters": parameters}}


def row(language: Language, place: int, city: str) -> dict[str, Any]:
    name, word = THINGS[language][place]
    query = f"Please find {word}s in {city}." if language == "en" else f"请查询{city}的{word}。"
    call = {
        "id": "call_0",
        "type": "function",
        "function": {"name": f"find_{name}s", "arguments": json.dumps({"city": city})},
    }
    return {
        "sample_id": f"{language}-{name}-{city}", "language": language, "domain": name,
        "tools": [tool(language, name, word)],
        "messages": [{"role": "user", "content": query}, {"role": "assistant", "content": "", "tool_calls": [call]}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    english = [row("en", place, city) for place in range(10) for city in ("Lisbon", "Oslo")]
    chinese = [row("zh", place, city) for place in range(10) for city in ("杭州", "成都")]
    refusal = {**english[0], "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "no"}]}
    return make_shelf([*english, *chinese, refusal], "train")


@pytest.fixture(scope="module")
def rows(shelf: Shelf) -> list[LongRow]:
    composer = LongComposer(shelf, TOKENS, estimate_tokens, seed=1)
    made = [composer.compose(final, number) for number, final in enumerate(composer.finals(None)[:8])]
    assert composer.compose(composer.finals(None)[0], 0) == made[0], "the same again"
    return [one for one in made if isinstance(one, LongRow)]


def test_rows_are_as_long_as_asked_for(rows: list[LongRow]) -> None:
    assert len(rows) >= 6
    for one in rows:
        assert abs(one.tokens - TOKENS) <= TOKENS * 0.1
        text = json.dumps([one.tools, one.messages], ensure_ascii=False)
        assert estimate_tokens(text) == pytest.approx(TOKENS, rel=0.2)
    assert {one.final.language for one in rows} == {"en", "zh"}


def test_the_last_message_is_the_call_asked_for_and_only_calls_are_learnt(rows: list[LongRow], shelf: Shelf) -> None:
    for one in rows:
        offered = {each["function"]["name"] for each in one.tools}
        *_, user, answer = one.messages
        assert user["content"] == one.final.query
        assert "weight" not in answer
        assert [call["function"]["name"] for call in answer["tool_calls"]] == [call.name for call in one.final.calls]
        assert not find_rival(one.final, [shelf.functions[name] for name in offered])
        for message in one.messages:
            if message["role"] == "assistant":
                assert ("tool_calls" in message) or message["weight"] == 0
                assert {call["function"]["name"] for call in message.get("tool_calls", [])} <= offered
        assert len(offered) == len(one.tools) > len({call.name for call in one.final.calls})


def test_results_answer_their_calls_and_no_call_stands_twice(rows: list[LongRow]) -> None:
    for one in rows:
        asked = [call for message in one.messages for call in message.get("tool_calls", [])]
        answered = [message["tool_call_id"] for message in one.messages if message["role"] == "tool"]
        assert [call["id"] for call in asked[: -len(one.final.calls)]] == answered
        assert len({call["id"] for call in asked}) == len(asked)
        assert len({canonical_json(call["function"]) for call in asked}) == len(asked)
        assert all(json.loads(message["content"]) for message in one.messages if message["role"] == "tool")


def test_a_row_names_the_samples_that_it_is_made_of(rows: list[LongRow], shelf: Shelf) -> None:
    known = {source.sample_id for source in shelf.sources}
    for one in rows:
        assert one.made_from[0] == one.final.sample_id
        assert set(one.made_from) <= known
        requests = [message for message in one.messages if message["role"] == "user"]
        assert len(requests) == len(one.made_from) == len(set(one.made_from))


def test_a_function_that_would_serve_too_is_a_rival(shelf: Shelf) -> None:
    (source, *_) = (one for one in shelf.sources if one.calls[0].name == "find_museums")
    own = shelf.functions["find_museums"]
    twin = own.model_copy(update={"name": "search_museums"})
    assert find_rival(source, [own, twin])
    assert not find_rival(source, [own, shelf.functions["find_ferrys"]])


def test_a_call_that_its_schema_forbids_makes_no_row() -> None:
    bad = row("en", 0, "Lisbon")
    bad["messages"][-1]["tool_calls"][0]["function"]["arguments"] = '{"town": "Lisbon"}'
    wrong = make_shelf([bad, row("en", 1, "Oslo")], "train")
    composer = LongComposer(wrong, TOKENS, estimate_tokens, seed=0)
    assert composer.compose(wrong.sources[0], 0) == "wrong_call"


def test_results_hold_what_was_asked_for_and_no_more_than_that() -> None:
    function = read_document(json.dumps(tool("en", "museum", "museum")["function"]))
    assert looks_up(function)
    writer = ResultWriter(function, "en", random.Random(3))
    records = [writer.write_record({"city": "Oslo"}) for _ in range(3)]
    assert {record["city"] for record in records} == {"Oslo"}
    assert len({record["id"] for record in records}) == 3
    assert len({tuple(record) for record in records}) == 1
    assert "limit" not in records[0]
    assert (most_records({"limit": 5, "city": "Oslo"}), most_records({"city": "Oslo"})) == (5, None)
    assert writer.write_done({"city": "Oslo"}).items() >= {"success": True, "city": "Oslo"}.items()


def test_tokens_are_estimated_or_counted(tmp_path: Path) -> None:
    assert estimate_tokens("How are you doing today, my friend?") == pytest.approx(9, abs=1)
    assert estimate_tokens("今天天气怎么样") == 5
    assert open_counter(None).told == "an estimate from characters"


def test_a_held_out_set_makes_no_training_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path))
    warehouse, job = commit_small_job(tmp_path)
    rows = warehouse.read_named("samples", {"job_id": job.job_id})
    write_dataset(rows.with_columns(split=pl.lit("test")), tmp_path / "set", facts())
    with pytest.raises(UsageError, match="has no row of the train split, only test"):
        make_long_rows(str(tmp_path / "set"), TOKENS, 1, None, None, 0, str(tmp_path / "long"))
    assert not (tmp_path / "long").exists()
