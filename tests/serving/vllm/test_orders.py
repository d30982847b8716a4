"""What orders to named servers check and show: who runs, by which limits, what starts, and why it did not."""

import asyncio
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.errors import TerminalError
from schemas.serve import ServeReport, SmokeCall
from serving.api.limits import ApiOptions
from serving.production.detached import put_in_place
from serving.production.gateway import read_limits
from serving.production.orders import fingerprint, order_stop
from serving.production.state import ServeFolder
from serving.vllm.launch import VllmOptions, VllmProcess
from tasks.serve import as_markdown
from tests.serving.vllm.awaited import awaited
from tests.serving.vllm.conftest import FakeModel
from tests.serving.vllm.test_gateway import _plain_template, options, serving, swap, words
from training.tiny_model import make_tokenizer

__all__ = ["_plain_template"]


def with_tokenizer(model: Path) -> Path:
    make_tokenizer(["some words"], vocabulary_size=400).save_pretrained(model)
    return model


def test_one_of_two_detached_at_once_is_told_who_runs(fake_model: FakeModel, tmp_path: Path) -> None:
    models = [with_tokenizer(fake_model(name, start_s=3)) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        orders = [pool.submit(put_in_place, tmp_path, "prod", options(model), "127.0.0.1", 0) for model in models]
        errors = [order.exception() for order in orders]
    state = ServeFolder(tmp_path).read("prod")
    assert state is not None
    order_stop(ServeFolder(tmp_path), state)
    assert errors.count(None) == 1
    winner = errors.index(None)
    assert orders[winner].result().pid == state.pid
    assert re.search(f"prod was started at the same time .*{models[winner]}", str(errors[1 - winner]))


def test_a_failed_start_shows_its_own_lines_alone(fake_model: FakeModel, tmp_path: Path) -> None:
    log = ServeFolder(tmp_path).log_file("prod")
    log.parent.mkdir(parents=True)
    log.write_text("of an earlier start\n")
    bad = with_tokenizer(fake_model("bad", dies_at_start=True))
    with pytest.raises(TerminalError, match="can't be loaded") as failed:
        put_in_place(tmp_path, "prod", options(bad), "127.0.0.1", 0)
    assert "earlier" not in str(failed.value)
    assert re.search(rf"^{datetime.now(UTC).year}-\d\d-\d\d [\d:]+ callmill: vLLM ended", log.read_text(), re.MULTILINE)


@awaited
async def test_a_swap_by_other_limits_is_refused(fake_model: FakeModel, tmp_path: Path) -> None:
    second = fake_model("second")
    async with serving(tmp_path, fake_model("first")) as report:
        with pytest.raises(TerminalError, match=r"^CALLMILL_SERVE_API_KEY: .*callmill down.*; prod goes on serving"):
            await swap(tmp_path, second, ApiOptions(api_key="hidden"))
        assert await words(report.url) == "Good day to you all from first"


def test_fingerprints_tell_no_key_and_the_environment_alone_is_the_default() -> None:
    assert fingerprint(read_limits(), "a") == fingerprint(ApiOptions(), "a")
    assert "hidden" not in str(fingerprint(ApiOptions(api_key="hidden"), "a"))
    assert fingerprint(ApiOptions(), "a") != fingerprint(ApiOptions(), "b")


@awaited
async def test_a_swap_is_seen_while_it_starts(
    fake_model: FakeModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "callmill")
    first, second = fake_model("first"), fake_model("second", start_s=1.5)
    async with serving(tmp_path, first):
        swapping = asyncio.create_task(swap(tmp_path, second))
        await asyncio.sleep(0.8)
        state = ServeFolder(tmp_path).read("prod")
        assert state is not None
        assert (state.phase, state.detail) == ("swapping", f"starting {second}")
        assert (state.served, state.options.model) == ("first", str(first))
        await swapping
        state = ServeFolder(tmp_path).read("prod")
        assert state is not None
        assert (state.phase, state.detail, state.served) == ("ready", "", "second")
    assert f"{second} took over from {first}" in caplog.messages


def test_the_run_shows_what_took_over() -> None:
    smoke = SmokeCall(name="get_forecast", arguments='{"city": "a|b"}', seconds=0.5)
    table = as_markdown(
        ServeReport(
            name="prod",
            url="http://127.0.0.1:8000/v1",
            model="tiny",
            engine="vllm",
            seconds_to_ready=3,
            previous_model=None,
            smoke=smoke,
            pid=1,
            log="prod.log",
        )
    )
    assert "| model | tiny |" in table
    assert '`get_forecast({"city": "a\\|b"}) is legal`, 0.5 s' in table


def test_the_cause_is_the_engine_process_first_exception(tmp_path: Path) -> None:
    log = tmp_path / "prod.log"
    earlier = "(EngineCore pid=1) KeyError: earlier\n"
    own = "(APIServer pid=1) WARNING ImportError: no triton\n(EngineCore pid=2) ERROR ValueError: no weights\n"
    last = "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above\n"
    log.write_text(earlier + own + "  File\n" * 20 + last)
    guard = subprocess.Popen([sys.executable, "-c", ""])
    cause = VllmProcess(guard, 1, VllmOptions("m", "m"), log, len(earlier)).read_cause().splitlines()
    guard.wait()
    assert cause[0] == "ValueError: no weights"
    assert len(cause) == 7
    assert cause[-1] == last.strip()
