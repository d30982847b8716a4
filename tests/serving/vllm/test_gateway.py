"""A named server: the first model, swaps, models that fail, crashes, and kill -9."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from schemas.errors import TerminalError
from schemas.serve import BackendChoice, ServeOptions, ServeReport
from serving.api.limits import ApiOptions
from serving.call_formats.template import ChatMl
from serving.production import instances
from serving.production.detached import put_in_place
from serving.production.gateway import Gateway, GatewayOptions
from serving.production.orders import order_stop, order_swap
from serving.production.state import ServeFolder, read_start_time
from serving.production.supervisor import Patience
from tests.serving.vllm.awaited import awaited
from tests.serving.vllm.conftest import FakeModel, read_pids
from tests.serving.vllm.test_launch import wait_until_gone

QUICK = Patience(poll_s=0.05, health_s=0.3, health_failures=3, grace_s=20, first_backoff_s=0.1)


@pytest.fixture(autouse=True)
def _plain_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "load_template", lambda model, base: ChatMl())


def options(model: Path, backend: BackendChoice = "xgrammar") -> ServeOptions:
    return ServeOptions(model=str(model), engine="vllm", backend=backend)


@asynccontextmanager
async def serving(home: Path, model: Path) -> AsyncIterator[ServeReport]:
    gateway = Gateway(GatewayOptions(home, "prod", port=0, patience=QUICK), options(model))
    ready: asyncio.Future[ServeReport] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(gateway.run(ready.set_result))
    either: list[asyncio.Future[Any]] = [running, ready]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    yield ready.result()
    state = ServeFolder(home).read("prod")
    assert state is not None
    await asyncio.to_thread(order_stop, ServeFolder(home), state)
    await running


async def chat(url: str, content: str = "Hello", **more: Any) -> httpx2.Response:
    body = {"model": "any", "messages": [{"role": "user", "content": content}], **more}
    async with httpx2.AsyncClient() as client:
        return await client.post(f"{url}/chat/completions", json=body, timeout=20)


async def words(url: str) -> str:
    return str((await chat(url)).json()["choices"][0]["message"]["content"]).strip()


async def swap(
    home: Path, model: Path, limits: ApiOptions | None = None, backend: BackendChoice = "xgrammar"
) -> ServeReport:
    state = ServeFolder(home).read("prod")
    assert state is not None
    return await asyncio.to_thread(order_swap, state, options(model, backend), limits or ApiOptions())


@awaited
async def test_a_model_takes_over_after_its_smoke_test_and_running_answers_end_on_the_old(
    fake_model: FakeModel, tmp_path: Path
) -> None:
    first, second = fake_model("first", pause_s=0.1), fake_model("second")
    async with serving(tmp_path, first) as report:
        assert report.model == "first"
        assert json.loads(report.smoke.arguments or "")["unit"] == "celsius"
        slow = asyncio.create_task(words(report.url))
        await asyncio.sleep(0.2)
        swapped = await swap(tmp_path, second)
        assert (swapped.model, swapped.previous_model, swapped.url) == ("second", str(first), report.url)
        assert await words(report.url) == "Good day to you all from second"
        assert await slow == "Good day to you all from first"
        await asyncio.to_thread(wait_until_gone, read_pids(first))
    wait_until_gone(read_pids(second))
    assert ServeFolder(tmp_path).read("prod") is None


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [({"dies_at_start": True}, "can't be loaded"), ({"answer": "words"}, "smoke test"), ({"answer": "cut"}, "smoke")],
)
@awaited
async def test_the_old_model_stays_if_the_new_one_fails(
    fake_model: FakeModel, tmp_path: Path, behaviour: dict[str, Any], reason: str
) -> None:
    bad = fake_model("bad", **behaviour)
    async with serving(tmp_path, fake_model("good")) as report:
        with pytest.raises(TerminalError, match=reason) as failed:
            await swap(tmp_path, bad)
        assert str(failed.value).endswith("prod goes on serving good.")
        assert await words(report.url) == "Good day to you all from good"
        wait_until_gone(read_pids(bad))
        state = ServeFolder(tmp_path).read("prod")
        assert state is not None
        assert state.phase == "ready"
        assert reason in state.detail


@awaited
async def test_without_token_masks_an_answer_is_enough_and_wrong_calls_go_out(
    fake_model: FakeModel, tmp_path: Path
) -> None:
    wrong = '<tool_call>\n{"name": "get_forecast", "arguments": {"city": 5}}\n</tool_call>'
    caller, talker = fake_model("caller", free=wrong), fake_model("talker", free="Good day.")
    tool = {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}
    async with serving(tmp_path, fake_model("bound")) as report:
        smoke = (await swap(tmp_path, talker, backend="none")).smoke
        assert (smoke.name, smoke.is_legal, smoke.words) == (None, False, "Good day.")
        assert "no call" in smoke.summary
        smoke = (await swap(tmp_path, caller, backend="none")).smoke
        assert (smoke.name, smoke.arguments, smoke.is_legal) == ("get_forecast", '{"city": 5}', False)
        message = (await chat(report.url, tools=[tool])).json()["choices"][0]["message"]
        assert message["tool_calls"][0]["function"] == {"name": "get_forecast", "arguments": '{"city": 5}'}
        bound = await swap(tmp_path, fake_model("bound again"))
        assert bound.smoke.is_legal
        message = (await chat(report.url, tools=[tool], tool_choice="required")).json()["choices"][0]["message"]
        assert message["tool_calls"][0]["function"]["name"] == "now"


@awaited
async def test_a_first_model_that_fails_ends_the_server(fake_model: FakeModel, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="can't be loaded"):
        async with serving(tmp_path, fake_model("bad", dies_at_start=True)):
            pass
    assert ServeFolder(tmp_path).list() == []


@awaited
async def test_a_crashed_model_is_started_again_and_requests_meanwhile_get_503(
    fake_model: FakeModel, tmp_path: Path
) -> None:
    model = fake_model("frail", dies_on="die", start_s=0.5)
    async with serving(tmp_path, model) as report:
        before = read_pids(model)
        failed = await chat(report.url, "die")
        assert failed.status_code == 503
        statuses = set()
        deadline = time.monotonic() + 15
        while (answer := await chat(report.url)).status_code != 200:
            statuses.add(answer.status_code)
            assert "Retry-After" in answer.headers
            assert time.monotonic() < deadline, answer.text
            await asyncio.sleep(0.05)
        assert statuses <= {503}
        assert read_pids(model) != before
        wait_until_gone(before)


@awaited
async def test_wrong_tokens_are_turned_away(fake_model: FakeModel, tmp_path: Path) -> None:
    async with serving(tmp_path, fake_model("good")):
        state = ServeFolder(tmp_path).read("prod")
        assert state is not None
        assert (tmp_path / "serve" / "prod.json").stat().st_mode & 0o077 == 0
        with pytest.raises(TerminalError, match="wrong token"):
            await asyncio.to_thread(order_stop, ServeFolder(tmp_path), state.model_copy(update={"token": "x"}))


def test_a_detached_server_swaps_by_the_same_call_and_kill_9_leaves_nothing(
    fake_model: FakeModel, tmp_path: Path
) -> None:
    from training.tiny_model import make_tokenizer

    models = [fake_model("first"), fake_model("second")]
    for model in models:
        make_tokenizer(["some words"], vocabulary_size=400).save_pretrained(model)
    reports = [put_in_place(tmp_path, "prod", options(model), "127.0.0.1", 0) for model in models]
    assert [report.model for report in reports] == ["first", "second"]
    assert reports[0].pid == reports[1].pid
    state = ServeFolder(tmp_path).read("prod")
    assert state is not None
    with pytest.raises(TerminalError, match="runs already"), ServeFolder(tmp_path).held("prod"):
        pass
    os.kill(state.pid, signal.SIGKILL)
    wait_until_gone([state.pid, *read_pids(models[1])])
    assert ServeFolder(tmp_path).read("prod") is None
    assert read_start_time(state.pid) is None
