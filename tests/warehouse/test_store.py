"""One DuckDB file: migrations, commits that repeat, nested values, locks held by other processes, reading only."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.answer import Answer
from schemas.errors import TerminalError, UsageError, WarehouseLockedError
from schemas.job import RunEvent
from schemas.record import canonical_json, content_id
from schemas.sample import Call, Sample
from tests.warehouse.small_job import RUN_ID, SmallJob, commit_small_job, small_job
from warehouse.store import Warehouse

HOLD = "import duckdb, sys; c = duckdb.connect({path!r}, read_only={read_only}); print('held', flush=True); input()"
KILLED = (
    "import duckdb; c = duckdb.connect({path!r}); c.execute(\"set checkpoint_threshold = '1TB'\");"
    " c.execute(\"insert into core_migrations values ('whole', now()::timestamp)\"); c.begin();"
    " c.execute(\"insert into core_migrations values ('half', now()::timestamp)\"); print('held', flush=True); input()"
)


@pytest.fixture
def fresh_warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "home" / "warehouse.duckdb", wait_s=5)
    warehouse.migrate()
    return warehouse


@contextmanager
def other_process(script: str, path: Path, read_only: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A real process that has the file open until its input ends."""
    words = [sys.executable, "-c", script.format(path=str(path), read_only=read_only)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "held\n"
        try:
            yield one
        finally:
            one.kill()


def release(process: subprocess.Popen[str]) -> None:
    """Let a process go on and end."""
    process.communicate("\n")


def happened(number: int) -> RunEvent:
    """An event like no other."""
    moment = f"2026-03-01T02:00:{number:02d}+00:00"
    return RunEvent(run_id=RUN_ID, job_id="job", event_at=moment, event="stage_ended", stage="check")


def count(warehouse: Warehouse, table: str) -> int:
    return warehouse.read(f"from {table}").height


def test_migrating_again_applies_nothing(fresh_warehouse: Warehouse) -> None:
    assert fresh_warehouse.migrate() == []
    assert Warehouse(fresh_warehouse.path).migrate() == []
    assert count(fresh_warehouse, "core_migrations") >= 2


def test_a_migration_that_fails_leaves_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "001_half.sql").write_text("create table whole (a int); create table half (nonsense);")
    monkeypatch.setattr("warehouse.store._FOLDER", tmp_path)
    warehouse = Warehouse(tmp_path / "w.duckdb")
    with pytest.raises(duckdb.Error):
        warehouse.migrate()
    assert warehouse.read("select table_name from duckdb_tables()")["table_name"].to_list() == ["core_migrations"]


def test_committing_the_same_records_again_changes_nothing(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    tables = [row for (row,) in warehouse.read("select table_name from duckdb_tables()").iter_rows()]
    before = {table: warehouse.read(f"from {table} order by all") for table in tables}
    assert warehouse.commit(job.records, job.job_id, "another-run") == 0
    assert all(warehouse.read(f"from {table} order by all").equals(before[table]) for table in tables)


def test_commit_counts_added_rows_and_keeps_the_first_of_a_key(fresh_warehouse: Warehouse) -> None:
    job = small_job()
    first = job.checks[0]
    later = first.model_copy(update={"state": "failed", "reason": "duplicate"})
    assert fresh_warehouse.commit([first, later, job.checks[1], first], job.job_id, RUN_ID) == 2
    states = fresh_warehouse.read("select state from core_checks where sample_id = $id", {"id": first.sample_id})
    assert states["state"].to_list() == ["passed"]


def test_an_event_without_a_stage_is_the_same_event_again(fresh_warehouse: Warehouse) -> None:
    started = RunEvent(run_id=RUN_ID, job_id="job", event_at="2026-03-01T02:00:00.123456+00:00", event="started")
    assert [fresh_warehouse.commit([started], "job", RUN_ID) for _ in range(2)] == [1, 0]


def test_committing_nothing_does_not_open_the_file(tmp_path: Path) -> None:
    assert Warehouse(tmp_path / "none.duckdb").commit([], "job", RUN_ID) == 0
    assert not (tmp_path / "none.duckdb").exists()


def test_every_row_names_its_job_and_run(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    for table in ("raw_documents", "core_functions", "raw_answers", "core_samples", "core_votes", "core_acceptances"):
        rows = warehouse.read(f"from {table}").select("job_id", "run_id").unique()
        assert rows.rows() == [(job.job_id, RUN_ID)], table


def test_moments_are_stored_in_utc(fresh_warehouse: Warehouse) -> None:
    event = RunEvent(run_id=RUN_ID, job_id="job", event_at="2026-03-01T02:00:00+02:00", event="started")
    fresh_warehouse.commit([event], "job", RUN_ID)
    assert str(fresh_warehouse.read("select event_at from core_run_events")["event_at"][0]) == "2026-03-01 00:00:00"


def test_nested_values_keep_their_keys_their_order_and_gain_no_null(tmp_path: Path) -> None:
    warehouse, job = commit_small_job(tmp_path)
    for sample in job.samples:
        (row,) = warehouse.read("from core_samples where sample_id = $id", {"id": sample.sample_id}).to_dicts()
        assert row["tools"] == json.dumps(sample.tools, ensure_ascii=False)
        assert row["messages"] == json.dumps(sample.messages, ensure_ascii=False)
        assert [Call(**call) for call in json.loads(row["calls"])] == list(sample.calls)
        assert "null" not in row["tools"] + row["messages"] + row["calls"]
    tools = warehouse.read("select name, tool from core_functions").rows()
    assert {name: json.loads(tool) for name, tool in tools} == {one.name: one.tool for one in job.functions}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=3)
samples = st.builds(
    Sample,
    sample_id=st.uuids().map(lambda one: content_id(str(one))),
    language=st.sampled_from(["en", "zh"]),
    domain=st.text(),
    query=st.none() | st.text(),
    tools=st.lists(json_objects, max_size=3).map(tuple),
    messages=st.lists(json_objects, max_size=3).map(tuple),
    calls=st.lists(st.builds(Call, arguments=json_objects), max_size=3).map(tuple),
    index=st.integers(0, 2**63 - 1),
    function_ids=st.lists(st.text(), max_size=3).map(tuple),
    reason=st.none() | st.text(),
)


def read_sample(row: dict[str, Any]) -> Sample:
    nested = {name: tuple(json.loads(row[name])) for name in ("tools", "messages", "calls")}
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Sample(**{name: (row | nested | lists)[name] for name in Sample.model_fields})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(samples, min_size=1, max_size=4, unique_by=lambda sample: sample.sample_id))
def test_any_sample_comes_back_as_it_went_in(fresh_warehouse: Warehouse, records: list[Sample]) -> None:
    records = [record.model_copy(update={"sample_id": uuid.uuid4().hex}) for record in records]  # one warehouse for all
    fresh_warehouse.commit(records, "job", RUN_ID)
    ids = [record.sample_id for record in records]
    rows = fresh_warehouse.read("from core_samples where sample_id in (select unnest($ids))", {"ids": ids}).to_dicts()
    read = {row["sample_id"]: read_sample(row) for row in rows}
    # canonical_json tells 1 from 1.0 and from true, which == does not.
    as_text = {key: canonical_json(sample.model_dump(mode="json")) for key, sample in read.items()}
    assert as_text == {sample.sample_id: canonical_json(sample.model_dump(mode="json")) for sample in records}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), raw=st.text(), cost_usd=st.none() | st.floats(0, 1e9), tokens=st.integers(0, 2**40))
def test_any_answer_comes_back_as_it_went_in(
    fresh_warehouse: Warehouse, text: str, raw: str, cost_usd: float | None, tokens: int
) -> None:
    answer = (
        small_job()
        .answers[0]
        .model_copy(
            update={
                "answer_id": content_id(text, raw, cost_usd, tokens),
                "text": text,
                "raw": raw,
                "cost_usd": cost_usd,
                "prompt_tokens": tokens,
                "answered_at": "2026-03-01T02:00:10.654321",
            }
        )
    )
    fresh_warehouse.commit([answer], "job", RUN_ID)
    (row,) = fresh_warehouse.read("from raw_answers where answer_id = $id", {"id": answer.answer_id}).to_dicts()
    stored = {name: row[name] for name in Answer.model_fields} | {"answered_at": row["answered_at"].isoformat()}
    assert Answer(**stored) == answer


def test_commit_waits_for_a_process_that_lets_go(fresh_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []

    with other_process(HOLD, fresh_warehouse.path) as holder:

        def wait(seconds: float) -> None:
            waits.append(seconds)
            release(holder)

        monkeypatch.setattr("warehouse.store.time.sleep", wait)
        assert fresh_warehouse.commit([happened(1)], "job", RUN_ID) == 1
    assert len(waits) == 1


def test_a_lock_that_is_not_let_go_is_reported_with_its_holder(fresh_warehouse: Warehouse) -> None:
    impatient = Warehouse(fresh_warehouse.path, wait_s=0)
    with other_process(HOLD, fresh_warehouse.path) as holder:
        for attempt in (lambda: impatient.commit([happened(1)], "job", RUN_ID), lambda: impatient.read("select 1")):
            with pytest.raises(WarehouseLockedError, match=rf"held by process {holder.pid} \(.*python"):
                attempt()


def test_a_holder_that_ends_while_duckdb_looks_for_its_name_is_waited_for(
    fresh_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB then knows the number only: `held in PID 7`. No process can be made to end at that very moment."""
    connect = duckdb.connect
    message = 'IO Error: Could not set lock on file "w": Conflicting lock is held in PID 7. See also https://…'
    answers = iter([duckdb.IOException(message)])

    def connect_second_time(*words: Any, **options: Any) -> duckdb.DuckDBPyConnection:
        for error in answers:
            raise error
        return connect(*words, **options)

    monkeypatch.setattr("warehouse.store.duckdb.connect", connect_second_time)
    assert fresh_warehouse.read("select 1 as one")["one"].to_list() == [1]


def test_two_processes_read_at_once(fresh_warehouse: Warehouse) -> None:
    with other_process(HOLD, fresh_warehouse.path, read_only=True):
        assert count(fresh_warehouse, "core_jobs") == 0


def test_a_killed_writer_leaves_what_it_committed_and_nothing_else(fresh_warehouse: Warehouse) -> None:
    with other_process(KILLED, fresh_warehouse.path) as writer:
        writer.kill()
        writer.wait()
        names = fresh_warehouse.read("select name from core_migrations")["name"].to_list()
        assert "whole" in names
        assert "half" not in names
    assert fresh_warehouse.commit([happened(1)], "job", RUN_ID) == 1


def test_threads_and_several_warehouse_objects_share_one_file(fresh_warehouse: Warehouse) -> None:
    others = [fresh_warehouse, Warehouse(fresh_warehouse.path), Warehouse(fresh_warehouse.path)]

    def commit_and_read(number: int) -> int:
        warehouse = others[number % 3]
        warehouse.commit([happened(number)], "job", RUN_ID)
        return count(warehouse, "core_run_events")

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(commit_and_read, range(12)))
    assert max(counts) == count(fresh_warehouse, "core_run_events") == 12


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("selec 1", "syntax error"),
        ("select * from nowhere", "nowhere does not exist"),
        ("select $sample_id", "needs sample_id; give --param"),
        ("", "Got no statement; expected one statement that reads"),
        ("select 1; select 2", "Got select, select"),
        ("insert into core_run_events (run_id) values ('x')", "Got insert"),
        ("delete from core_migrations", "Got delete"),
        ("drop table core_jobs", "Got drop"),
        ("copy core_jobs to 'jobs.csv'", "Got copy"),
        ("attach 'other.duckdb'", "Got attach"),
        ("create table mine as select 1", "Got create"),
    ],
)
def test_a_statement_that_does_not_read_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, words: str
) -> None:
    warehouse, job = commit_small_job(tmp_path)
    monkeypatch.chdir(tmp_path)
    files = set(tmp_path.iterdir())
    with pytest.raises(UsageError, match=f"(?s){words}"):
        warehouse.read(statement)
    assert count(warehouse, "core_jobs") == 1
    assert set(tmp_path.iterdir()) == files
    assert warehouse.commit([job.job], job.job_id, RUN_ID) == 0


def test_the_connection_for_reading_can_not_write(fresh_warehouse: Warehouse) -> None:
    with fresh_warehouse._open(read_only=True) as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("insert into core_run_events (run_id) values ('x')")


@pytest.mark.parametrize(
    "statement",
    [
        "from core_jobs",
        "describe core_jobs",
        "explain select 1",
        "show tables",
        "pivot core_checks on state using count(*)",
    ],
)
def test_whatever_reads_may_be_asked(tmp_path: Path, statement: str) -> None:
    warehouse, _ = commit_small_job(tmp_path)
    assert warehouse.read(statement).height >= 1


def test_a_missing_warehouse_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No warehouse at .*none\.duckdb; run `callmill ingest`"):
        Warehouse(tmp_path / "none.duckdb").read("select 1")


def test_a_file_that_is_no_warehouse_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("not a database, but long enough to look at" * 400)
    with pytest.raises(TerminalError, match=r"Can't open the warehouse .*notes\.duckdb"):
        Warehouse(tmp_path / "notes.duckdb").read("select 1")


def test_an_unknown_query_names_those_there_are(fresh_warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match=r"No query named 'acepted'; there are accepted_per_kind, .*lineage"):
        fresh_warehouse.read_named("acepted")


def test_the_small_job_is_whole(tmp_path: Path) -> None:
    """What the other tests of this folder break breaks nothing before."""
    warehouse, job = commit_small_job(tmp_path)
    assert isinstance(job, SmallJob)
    assert warehouse.broken_rules(job.job_id) == {}
