"""Puts a model behind a named server, detached: starts the server, or has the running one swap."""

import os
import subprocess
import sys
import time
from pathlib import Path

from prefect import task

from schemas.serve import ServeOptions, ServeReport
from schemas.settings import Settings, load_settings
from serving.production.orders import order_swap, wait_for_report
from serving.production.state import ServeFolder
from serving.vllm.launch import PROJECT_ROOT

_START_S = 3600.0


def put_in_place(home: Path, name: str, options: ServeOptions, host: str, port: int) -> ServeReport:
    """Have a model answer behind the server of this name; waits for its smoke test.

    Raises:
        TerminalError: it did not take over; a model that answered before still does.
    """
    if Path(options.model).exists():  # the server works in another folder
        options = options.model_copy(update={"model": str(Path(options.model).resolve())})
    folder = ServeFolder(home)
    state = folder.read(name)
    if state is not None and state.admin_url:
        return order_swap(state, options)
    process = start_detached(home, name, options, host, port)
    return wait_for_report(folder, name, lambda: process.poll() is None, _START_S)


def start_detached(home: Path, name: str, options: ServeOptions, host: str, port: int) -> "subprocess.Popen[bytes]":
    """Start a server that outlives this process; its words go to its log."""
    log = ServeFolder(home).log_file(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "serving.production.gateway", "--home", str(home.resolve()), "--name", name]
    command += ["--host", host, "--port", str(port), "--options", options.model_dump_json()]
    with log.open("ab") as words:
        words.write(f"callmill: {time.strftime('%F %T')} {options.model}\n".encode())
        return subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )


@task(name="put in place", persist_result=False)
def put_model_in_place(name: str, options: ServeOptions, host: str, port: int) -> ServeReport:
    """Start the server, or swap its model, and wait for the smoke test."""
    return put_in_place(load_settings(Settings).home, name, options, host, port)
