"""Train a model: a subprocess that takes files and gives a folder; what it did becomes a row."""

import asyncio
import os
import re
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import cast

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

from schemas.errors import TerminalError
from schemas.training_report import TrainingReport
from tasks.batches import StageBar
from tasks.training_run import TrainingRun

_ROOT = Path(__file__).parent.parent
_REPORT = "training.json"
_STEP = re.compile(r"^stage (?P<stage>\S+): step (?P<done>\d+)/(?P<total>\d+)")
_TAIL_LINES = 15
_STOP_S = 20.0
_ACCELERATE = {2: "two-gpus.yaml", 4: "fsdp-four-gpus.yaml"}
"""Shipped settings of accelerate by number of GPUs."""


@task(name="train model", cache_policy=NO_CACHE, persist_result=False)
async def train_model(run: TrainingRun) -> TrainingReport:
    """Run the training to its end, or go on with one that was interrupted; a finished one is only read.

    Raises:
        TerminalError: it failed; carries the end of its log.
    """
    with run.timed("train"):
        report = await _run_process(run)
    await run.commit([report])
    await _show_in_ui(run, report)
    run.log_event("ended", model_path=report.model_path, log=str(run.log_path))
    return report


def training_command(run: TrainingRun) -> list[str]:
    """The words of the subprocess; several GPUs are accelerate's."""
    devices = run.plan.config.devices
    start = [sys.executable, "-m"]
    if devices > 1:
        settings = _ROOT / "training" / "configs" / "accelerate" / _ACCELERATE.get(devices, "two-gpus.yaml")
        start += ["accelerate.commands.launch", "--config_file", str(settings), "--num_processes", str(devices), "-m"]
    changes = [word for change in run.plan.changes for word in ("--set", change)]
    return [*start, "training.run", str(run.plan.config_path), "--resume", *changes]


async def _run_process(run: TrainingRun) -> TrainingReport:
    """The guard ends the training with us, however we end, and itself last of all, so its own code says nothing.

    What tells is stdout: the training says its model's folder there, and only when it has ended well.
    """
    guard = [sys.executable, "-m", "serving.vllm.guard", str(_STOP_S), *training_command(run)]
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    process = await asyncio.create_subprocess_exec(
        *guard,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
    )
    try:
        tail = await _follow(run, process)
        made = await cast(asyncio.StreamReader, process.stdout).read()
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    file = Path(run.plan.config.output) / _REPORT
    report = TrainingReport.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None
    # The report of an earlier training may be there all the same.
    if report is None or report.model_path not in made.decode(errors="replace").splitlines():
        words = next((line for line in tail if line.startswith("error: ")), "\n".join(tail)).removeprefix("error: ")
        raise TerminalError(f"The training did not end well: {words} Its log is {run.log_path}.")
    return report


async def _follow(run: TrainingRun, process: asyncio.subprocess.Process) -> deque[str]:
    """Write the log, move a bar per stage; gives the last lines."""
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    bars: dict[str, StageBar] = {}
    done: dict[str, int] = {}
    run.log_path.parent.mkdir(parents=True, exist_ok=True)
    words_of = cast(asyncio.StreamReader, process.stderr)  # it was started with a pipe
    with run.log_path.open("ab") as log:
        async for line in words_of:
            log.write(line)
            log.flush()
            words = line.decode(errors="replace").rstrip()
            tail.append(words)
            step = _STEP.match(words)
            if step is None:
                continue
            stage, now = step["stage"], int(step["done"])
            if stage not in bars:
                bars[stage] = StageBar(run, stage, int(step["total"]))
                await bars[stage].start()
            await bars[stage].advance(now - done.get(stage, 0))
            done[stage] = now
    return tail


async def _show_in_ui(run: TrainingRun, report: TrainingReport) -> None:
    if FlowRunContext.get() is None:
        return
    losses = [
        {"stage": stage.name, "step": step.step, "loss": round(step.loss, 4), "learning rate": step.learning_rate}
        for stage in report.stages
        for step in stage.losses[:: max(1, len(stage.losses) // 50)]
    ]
    await acreate_table_artifact(losses, key="train-losses", description=f"Losses, job {run.job_id}")
    facts = {
        "model": report.model_path,
        "base": report.config.base_model,
        "method": report.config.method,
        "device": report.device,
        "trained parameters": f"{report.trained_parameters:,} of {report.parameters:,}",
        "tokens per second": f"{report.tokens_per_second:,.0f}",
        "seconds": f"{report.wall_seconds:,.0f}",
        "peak memory": f"{report.peak_memory_bytes / 2**30:.2f} GiB",
        "log": str(run.log_path),
    }
    table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])
    await acreate_markdown_artifact(table, key="train-report", description="What was trained")
