"""Calls per second through `ask` (limits, journal, parsing, validation) beside the bare openai client's.

Both make the same calls, 64 at a time, against an endpoint of another process that answers after 0.2 s.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import openai
from pydantic import SecretStr

from llm.ask import ask, make_request
from llm.client import open_client
from llm.journal import Journal
from prompts.render import Rendered
from schemas.answer import Request
from schemas.sample import WrittenPair
from schemas.settings import TeacherSettings
from tests.mock_endpoint import running_endpoint

_DOCUMENT = (
    '<function>\n{"name": "get_forecast", "description": "Weather of a city", "parameters": {"type": "object", '
    '"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}\n</function>'
)


def write_requests(count: int) -> list[Request]:
    """Different requests of the size of a rendered `generate_pair` prompt."""
    return [
        make_request(
            Rendered(
                "benchmark.v1", [("system", "You write training data. " * 50), ("user", f"{n}\n" + _DOCUMENT * 3)]
            ),
            model="mock-1",
            temperature=0.9,
            max_tokens=512,
            answer_model=WrittenPair,
        )
        for n in range(count)
    ]


async def run_bare_client(base_url: str, requests: list[Request], at_once: int) -> float:
    """Calls per second of the openai client alone; answers are thrown away."""
    slots = asyncio.Semaphore(at_once)
    async with openai.AsyncOpenAI(
        base_url=base_url, api_key="none", max_retries=0, http_client=openai.DefaultAioHttpClient(timeout=60)
    ) as client:

        async def call(request: Request) -> None:
            async with slots:
                await client.chat.completions.create(
                    model=request.model,
                    messages=[{"role": m.role, "content": m.content} for m in request.messages],  # type: ignore[misc]
                    temperature=request.temperature,
                    max_tokens=request.max_tokens,
                    seed=request.seed(0),
                )

        started = time.perf_counter()
        await asyncio.gather(*(call(request) for request in requests))
        return len(requests) / (time.perf_counter() - started)


async def run_client(base_url: str, requests: list[Request], at_once: int, directory: Path) -> float:
    """Calls per second of our client, journal included."""
    settings = TeacherSettings(
        base_url=base_url, model="mock-1", api_key=SecretStr("none"), concurrency=at_once, min_concurrency=at_once
    )
    with Journal(directory) as journal:
        async with open_client(settings, journal, job_id="benchmark", run_id="benchmark") as client:
            started = time.perf_counter()
            answers = await asyncio.gather(*(ask(client, request, 0, WrittenPair) for request in requests))
            rate = len(requests) / (time.perf_counter() - started)
            journal.mark_loaded(client.take_unloaded())
    if any(asked.value is None for asked in answers):
        raise SystemExit(f"an answer could not be used: {next(asked for asked in answers if asked.value is None)}")
    return rate


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4096)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, running_endpoint(latency=options.latency) as base_url:
        requests = write_requests(options.calls)
        ours = asyncio.run(run_client(base_url, requests, options.at_once, Path(directory)))
        bare = asyncio.run(run_bare_client(base_url, write_requests(options.calls), options.at_once))
    note = f"{options.calls} calls, {options.at_once} at a time, {options.latency:g} s each"
    print(f"bare openai client  {bare:7.1f} calls/s   ({note})")
    print(f"ask                 {ours:7.1f} calls/s   (limits, journal, parsing, validation included)")
    print(f"ratio               {ours / bare:7.1%}")


if __name__ == "__main__":
    main()
