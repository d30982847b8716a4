"""Launching: what vLLM is started with, how its failures read, and that nothing outlives whoever started it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.errors import TerminalError
from schemas.serve import ServeOptions
from serving.production.instances import describe_vllm
from serving.production.state import read_start_time
from serving.vllm.launch import VllmOptions, VllmProcess, find_vllm_python, make_command, start_vllm
from tests.serving.vllm.awaited import awaited
from tests.serving.vllm.conftest import FakeModel, read_pids


def wait_until_gone(pids: list[int], longest_s: float = 8) -> None:
    deadline = time.monotonic() + longest_s
    while alive := [pid for pid in pids if read_start_time(pid) is not None]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.05)


def start(model: Path, tmp_path: Path, **options: float) -> VllmProcess:
    chosen = VllmOptions(model=str(model), served_name=model.name, stop_s=2, **options)  # type: ignore[arg-type]
    return start_vllm(chosen, tmp_path / "vllm.log")


@awaited
async def test_a_server_is_waited_for_and_stopped_with_all_its_processes(fake_model: FakeModel, tmp_path: Path) -> None:
    model = fake_model("good", start_s=0.3)
    process = start(model, tmp_path)
    await process.wait_until_ready()
    pids = read_pids(model)
    await process.stop()
    assert not process.is_running
    wait_until_gone(pids)


@awaited
async def test_a_server_that_ends_while_loading_says_why(fake_model: FakeModel, tmp_path: Path) -> None:
    process = start(fake_model("bad", dies_at_start=True), tmp_path)
    with pytest.raises(TerminalError, match="this model can't be loaded"):
        await process.wait_until_ready()
    await process.stop()


@awaited
async def test_a_server_that_takes_too_long_is_given_up(fake_model: FakeModel, tmp_path: Path) -> None:
    process = start(fake_model("slow", start_s=60), tmp_path, start_s=1.5)
    with pytest.raises(TerminalError, match="did not answer within 2 s"):
        await process.wait_until_ready()
    await process.stop()


@pytest.mark.parametrize("victim", ["starter", "guard"])
@awaited
async def test_kill_9_leaves_no_orphan(fake_model: FakeModel, tmp_path: Path, victim: str) -> None:
    """The guard ends the group when its starter is gone; a supervisor does when the guard is."""
    model = fake_model("good")
    script = (
        "import asyncio, sys, time; from pathlib import Path; from serving.vllm.launch import VllmOptions, start_vllm\n"
        "process = start_vllm(VllmOptions(sys.argv[1], 'good', stop_s=2), Path(sys.argv[2]))\n"
        "asyncio.run(process.wait_until_ready()); print(process.pid, flush=True)\n"
        "while process.is_running: time.sleep(0.05)\n"
        "process.kill()\n"
    )
    command = [sys.executable, "-c", script, str(model), str(tmp_path / "vllm.log")]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220  # quick
    assert starter.stdout is not None
    guard = int(await asyncio.to_thread(starter.stdout.readline))
    pids = [guard, *read_pids(model)]
    os.kill(starter.pid if victim == "starter" else guard, signal.SIGKILL)
    starter.wait(10)
    starter.stdout.close()
    wait_until_gone(pids)


def test_options_reach_vllm() -> None:
    options = VllmOptions(
        "m", "n", lora=("a=/a",), tensor_parallel=2, max_model_len=99, quantization="fp8", dtype="half"
    )
    words = " ".join(make_command(Path("py"), options, 1, is_cpu=False))
    for part in ("--tensor-parallel-size 2", "--max-model-len 99", "--quantization fp8", "--dtype half"):
        assert part in words
    assert "--enable-lora --lora-modules a=/a" in words
    assert "--tool-call-parser hermes --tool-strict-level parameter" in words
    assert "--enforce-eager" not in words


def test_without_token_masks_vllm_gets_no_word_of_them() -> None:
    words = make_command(Path("py"), VllmOptions("m", "n", backend="none"), 1, is_cpu=False)
    assert "--tool-call-parser" in words
    assert not {"--tool-strict-level", "--scheduler-cls"} & set(words)


def test_an_adapter_folder_is_served_over_its_base_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "base/model", "r": 24}))
    options = describe_vllm(ServeOptions(model=str(tmp_path), engine="vllm", served_name="mine"))
    assert (options.model, options.served_name, options.lora) == ("base/model", "mine-base", (f"mine={tmp_path}",))
    assert options.extra == ("--max-lora-rank", "32")


def test_a_wrong_interpreter_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMILL_VLLM_PYTHON", "/nowhere/python")
    with pytest.raises(TerminalError, match="/nowhere/python"):
        find_vllm_python()
