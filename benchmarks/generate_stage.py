"""How much of the bare client's speed the whole `generate` stage keeps, against one endpoint that answers after 0.2 s.

Both make the same 4,096 calls, 64 at a time. The stage also renders, journals, parses, checks and stores in DuckDB, as
Prefect task runs in a flow; the flow's start is shown apart.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from benchmarks.client_throughput import run_bare_client
from schemas.answer import Request
from schemas.job import describe_options
from schemas.sample import Plan
from tests.mock_endpoint import running_endpoint

CALLS = 4096
AT_ONCE = 64
LATENCY_S = 0.2


def main() -> None:
    """Print both, and their ratio."""
    with tempfile.TemporaryDirectory() as home, running_endpoint(latency=LATENCY_S, content="echo") as base_url:
        os.environ.update(
            CALLMILL_HOME=home,
            CALLMILL_TEACHER_BASE_URL=base_url,
            CALLMILL_TEACHER_MODEL="mock",
            CALLMILL_TEACHER_CONCURRENCY=str(AT_ONCE),
            CALLMILL_TEACHER_MIN_CONCURRENCY=str(AT_ONCE),
            CALLMILL_TEACHER_STRUCTURED_OUTPUT="false",
            PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="ERROR",
        )
        from flows.local.server import ensure_server
        from flows.local.up import down
        from schemas.settings import Settings

        ensure_server(Settings())
        from prefect import flow

        from tasks.generate import generate_pairs, pair_request
        from tasks.plan import Catalog, plan_candidate
        from tasks.store_documents import read_documents, store_functions
        from tasks.synth_run import open_synth

        options = describe_options(CALLS, "simple=1", None, "train", 0, 3)

        def plans_of(catalog: Catalog) -> list[Plan]:
            return [plan_candidate(catalog, "simple", index, "benchmark", None) for index in range(CALLS)]

        @flow(name="benchmark-generate", persist_result=False)
        async def stage(called_at: float) -> tuple[float, float, list[Request]]:
            started = time.perf_counter()
            ingested = await read_documents([str(Path(__file__).parent.parent / "examples")])
            async with open_synth(options, ingested, None, None) as run:
                catalog = await store_functions(run, ingested)
                plans = plans_of(catalog)
                begun = time.perf_counter()
                await generate_pairs(run, catalog, plans)
                rate = CALLS / (time.perf_counter() - begun)
                unread = [pair for pair in run.pairs.values() if pair.query is None]
                assert not unread, f"{len(unread)} of {CALLS} answers could not be read: {unread[0].detail}"
                cells = [plan.cells[0] for plan in plans]
                requests = [
                    pair_request(cell, catalog.functions[cell.function_id], "other", run.teacher) for cell in cells
                ]
            return rate, started - called_at, requests

        rate, start_s, requests = asyncio.run(stage(time.perf_counter()))
        bare = asyncio.run(run_bare_client(base_url, requests, AT_ONCE))
        down(Settings())
    print(f"bare client      {bare:7.1f} calls/s   ({CALLS} calls, {AT_ONCE} at a time, {LATENCY_S} s each)")
    print(f"generate stage   {rate:7.1f} calls/s   (flow start {start_s:.2f} s, not counted)")
    print(f"ratio            {rate / bare:7.1%}")


if __name__ == "__main__":
    main()
