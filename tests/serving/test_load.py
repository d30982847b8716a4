"""64 clients at once, some of them rude: nobody gets another's answer, nothing crashes, memory stays flat."""

import asyncio
import contextlib
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.server_process import RunningServer, serving

CLIENTS = 64
SECONDS = float(os.environ.get("CALLMILL_TEST_LOAD_S", "60"))
WARM_UP = 0.3
"""Share of the time after which memory has to be flat."""


class Client:
    """One client and what it met; its function and its secret are its own."""

    def __init__(self, number: int, http: httpx.AsyncClient, met: Counter[str]) -> None:
        self.number = number
        self.http = http
        self.met = met
        self.rng = random.Random(number)
        self.rounds = 0

    def body(self, stream: bool) -> dict[str, Any]:
        """A request whose answer nobody else may get: the secret is the only value its schema allows."""
        self.rounds += 1
        self.secret = f"secret of {self.number}, {self.rounds}"
        parameters = {
            "type": "object",
            "properties": {"secret": {"const": self.secret}, "note": {"type": "string", "maxLength": 40}},
            "required": ["secret"],
        }
        function = {"name": f"tell_{self.number}", "parameters": parameters}
        return {
            "model": "any",
            "messages": [{"role": "user", "content": f"Tell {self.secret}."}],
            "tools": [{"type": "function", "function": function}],
            "tool_choice": "required",
            "max_tokens": 400,  # forty characters can take six tokens each
            "parallel_tool_calls": False,
            "temperature": 1.5,
            "stream": stream,
        }

    async def act(self) -> None:
        """One visit."""
        polite = [self.ask, self.ask, self.ask, self.stream, self.read_slowly]
        rude = [self.leave, self.leave_early, self.send_too_much, self.send_rubbish, self.send_wrong_tools]
        act = self.rng.choice(polite + rude)
        await act()
        self.met[act.__name__] += 1

    async def ask(self) -> None:
        """Ask and check."""
        answer = await self.http.post("/chat/completions", json=self.body(False))
        assert answer.status_code == 200, answer.text
        calls = answer.json()["choices"][0]["message"]["tool_calls"]
        self.check(calls[0]["function"]["name"], calls[0]["function"]["arguments"])

    def check(self, name: str, arguments: str) -> None:
        """It is this client's answer."""
        assert name == f"tell_{self.number}"
        assert json.loads(arguments)["secret"] == self.secret

    async def stream(self, pause_s: float = 0.0) -> None:
        """Ask for a stream, and put the call together."""
        name, arguments, lines = "", "", []
        async with self.http.stream("POST", "/chat/completions", json=self.body(True)) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                lines.append(line)
                await asyncio.sleep(pause_s)
        assert lines[-2] == "data: [DONE]", lines[-3:]
        for line in lines:
            if line.startswith("data: {"):
                for part in json.loads(line[6:])["choices"][0]["delta"].get("tool_calls", []):
                    name += part["function"].get("name", "")
                    arguments += part["function"].get("arguments", "")
        self.check(name, arguments)

    async def read_slowly(self) -> None:
        """A slow reader."""
        await self.stream(0.02)

    async def leave(self) -> None:
        """Go in the middle of a stream."""
        async with self.http.stream("POST", "/chat/completions", json=self.body(True)) as answer:
            async for _ in answer.aiter_lines():
                break

    async def leave_early(self) -> None:
        """Go before anything came."""
        with contextlib.suppress(httpx.ReadTimeout):
            impatient = httpx.Timeout(60, read=0.05)
            await self.http.post("/chat/completions", json=self.body(False), timeout=impatient)

    async def send_too_much(self) -> None:
        """More than the server takes."""
        answer = await self.http.post("/chat/completions", content=b"x" * (5 << 20))
        assert answer.status_code == 413

    async def send_rubbish(self) -> None:
        """No JSON."""
        answer = await self.http.post("/chat/completions", content=b'{"messages": [')
        assert answer.status_code == 400
        assert answer.json()["error"]["message"]

    async def send_wrong_tools(self) -> None:
        """A schema that is none."""
        body = self.body(False)
        body["tools"][0]["function"]["parameters"] = {"type": "object", "properties": {"a": {"type": "strin"}}}
        answer = await self.http.post("/chat/completions", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "tools[0].function.parameters"


async def _run(server: RunningServer) -> tuple[Counter[str], list[float]]:
    met: Counter[str] = Counter()
    memory: list[float] = []
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as http:
        ends_at = asyncio.get_running_loop().time() + SECONDS

        async def visit(number: int) -> None:
            client = Client(number, http, met)
            while asyncio.get_running_loop().time() < ends_at:
                await client.act()

        async def watch() -> None:
            while asyncio.get_running_loop().time() < ends_at:
                memory.append(server.resident_mib)
                await asyncio.sleep(SECONDS / 100)

        await asyncio.gather(watch(), *(visit(number) for number in range(CLIENTS)))
        assert (await http.get(server.url.removesuffix("/v1") + "/health")).status_code == 200
        metrics = (await http.get(server.url.removesuffix("/v1") + "/metrics")).text
    print("\n".join(line for line in metrics.splitlines() if line.startswith("callmill_requests_total")))
    return met, memory


@pytest.mark.slow
def test_a_minute_of_64_clients_leaves_the_server_well(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tiny_model, tmp_path / "home") as server:
        met, memory = asyncio.run(_run(server))
    warm = memory[int(len(memory) * WARM_UP)]
    print(f"\n{sum(met.values())} visits in {SECONDS:.0f} s: {dict(met)}; {warm:.0f} MiB, {memory[-1]:.0f} at the end")
    assert len(met) == 8  # of each kind
    assert max(memory[int(len(memory) * WARM_UP) :]) < warm * 1.1 + 32
