"""A named server for as long as a block of ours lasts: it ends with this process, even after kill -9."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from schemas.errors import TerminalError
from schemas.serve import ServeOptions, ServeReport
from serving.production.state import ServeFolder
from serving.vllm.launch import PROJECT_ROOT

_STOP_S = 20.0
_POLL_S = 0.1
_TAIL_LINES = 15


@contextlib.asynccontextmanager
async def serve_attached(home: Path, name: str, options: ServeOptions) -> AsyncIterator[ServeReport]:
    """Serve a model on a free port of loopback until the block ends.

    Raises:
        TerminalError: it did not come up; carries the end of its log.
    """
    folder = ServeFolder(home.resolve())
    log = folder.log_file(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    if Path(options.model).exists():  # the server works in another folder
        options = options.model_copy(update={"model": str(Path(options.model).resolve())})
    gateway = [sys.executable, "-m", "serving.production.gateway", "--home", str(home.resolve()), "--name", name]
    gateway += ["--port", "0", "--options", options.model_dump_json()]
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]))
    # The key is for those who talk to a server that stays; this one is ours alone.
    environment = {key: value for key, value in os.environ.items() if key != "CALLMILL_SERVE_API_KEY"}
    with log.open("ab") as words:
        began = words.seek(0, os.SEEK_END)
        guard = subprocess.Popen(  # noqa: ASYNC220 (starting takes a millisecond)
            [sys.executable, "-m", "serving.vllm.guard", str(_STOP_S), *gateway],
            cwd=PROJECT_ROOT,
            env={**environment, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    try:
        yield await _wait_for_report(folder, name, guard, began)
    finally:
        guard.terminate()
        await asyncio.to_thread(guard.wait, _STOP_S + 5)


async def _wait_for_report(folder: ServeFolder, name: str, guard: "subprocess.Popen[bytes]", began: int) -> ServeReport:
    while guard.poll() is None:
        state = folder.read(name)
        if state is not None and state.report is not None:
            return state.report
        await asyncio.sleep(_POLL_S)
    log = folder.log_file(name)
    lines = log.read_bytes()[began:].decode(errors="replace").splitlines()[-_TAIL_LINES:]
    raise TerminalError(f"The model did not come up; {log} ends:\n" + "\n".join(lines))
