"""Rows per second into the warehouse: by batch through Arrow (what we do), and row by row (what we do not)."""

import tempfile
import time
from pathlib import Path

import duckdb

from schemas.answer import Answer
from warehouse.store import Warehouse

ROWS = 20_000
ROWS_ONE_BY_ONE = 500


def make_answers(count: int, name: str) -> list[Answer]:
    """Answers of a usual size, about 1 kB each."""
    return [
        Answer(
            answer_id=f"{name}-{n}",
            request_id=f"r{n}",
            draw=0,
            prompt="generate_pair.v1",
            model="m",
            served_model="m",
            text="x" * 400,
            raw="y" * 600,
            finish_reason="stop",
            prompt_tokens=500,
            completion_tokens=100,
            cost_usd=0.001,
            latency_ms=200.0,
            attempts=1,
            answered_at="2026-01-01T00:00:00+00:00",
        )
        for n in range(count)
    ]


def main() -> None:
    """Print both, and what one open–merge–close costs."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "w.duckdb")
        warehouse.migrate()
        answers = make_answers(ROWS, "bulk")
        started = time.perf_counter()
        warehouse.commit(answers, "job", "run")
        bulk = time.perf_counter() - started
        started = time.perf_counter()
        warehouse.commit(answers, "job", "run")
        again = time.perf_counter() - started
        costs = []
        for n in range(20):
            started = time.perf_counter()
            warehouse.commit(make_answers(1, f"one-{n}"), "job", "run")
            costs.append(time.perf_counter() - started)
        connection = duckdb.connect(warehouse.path)
        rows = [(*answer.model_dump().values(), "job", "run") for answer in make_answers(ROWS_ONE_BY_ONE, "single")]
        marks = ", ".join("?" for _ in rows[0])
        started = time.perf_counter()
        for row in rows:
            connection.execute(f"insert into raw_answers values ({marks})", row)  # noqa: S608 (question marks)
        single = time.perf_counter() - started
        connection.close()
    print(f"bulk commit           {ROWS / bulk:10,.0f} rows/s  ({ROWS} rows in one commit)")
    print(f"the same rows again   {ROWS / again:10,.0f} rows/s  (nothing changes)")
    print(f"row by row            {ROWS_ONE_BY_ONE / single:10,.0f} rows/s")
    print(f"one row, one commit   {sorted(costs)[len(costs) // 2] * 1000:10.1f} ms (open, merge, close)")


if __name__ == "__main__":
    main()
