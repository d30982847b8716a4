"""Finds the environment that `make bfcl-env` made and runs its `bfcl` program, cleanly and never for longer than us."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eval.official.categories import GROUPS, SEARCH_KEY, Category
from eval.official.relay import Relay
from schemas.errors import TerminalError, UsageError

VERSION = "2026.3.23"
PROGRAM_VARIABLE = "CALLMILL_BFCL"
LOG = "bfcl.log"
_FIND = (
    "import importlib.metadata as m, importlib.util as u;"
    " print(m.version('bfcl-eval')); print(u.find_spec('bfcl_eval').origin)"
)
_TAIL_LINES = 12
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
# Loaded here: between fork and exec another thread's lock on the loader would never be freed.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
# Nothing else of the user's: a key, a proxy or an address of theirs would lead the harness elsewhere.
_KEPT = ("PATH", "HOME", "TMPDIR", "HF_HOME", "HF_HUB_CACHE")
_KEPT_FOR_SEARCH = (SEARCH_KEY, "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE")


class Harness(NamedTuple):
    """An installed harness of the pinned version."""

    program: Path
    data: Path
    """The package's own questions and answers."""


def find_harness(root: Path, values: Mapping[str, str]) -> Harness:
    """Find the harness and check its version.

    Args:
        root: the project's folder, where `make bfcl-env` puts it.
        values: the environment's variables; CALLMILL_BFCL names another `bfcl`.

    Raises:
        UsageError: there is none, or it is another version.
    """
    program = Path(values.get(PROGRAM_VARIABLE) or root / ".venv-bfcl" / "bin" / "bfcl")
    python = program.with_name("python")
    if not program.is_file() or not python.is_file():
        raise UsageError(
            f"No BFCL harness at {program}; run `make bfcl-env`, or set {PROGRAM_VARIABLE} to the `bfcl` of an"
            f" environment that has bfcl-eval {VERSION}."
        )
    found = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, timeout=60, check=False)
    version, _, origin = found.stdout.strip().partition("\n")
    if found.returncode or version != VERSION:
        raise UsageError(
            f"{program} is bfcl-eval {version or 'of no version'}; expected {VERSION}, or scores would not compare."
            " Remove the environment and run `make bfcl-env`."
        )
    return Harness(program, Path(origin).parent / "data")


async def run_harness(
    harness: Harness, relay: Relay, folder: Path, categories: Sequence[Category], words: Sequence[str]
) -> None:
    """Run one `bfcl` command to its end; it is killed when we are cancelled or die.

    Args:
        folder: where it keeps results and scores; its output is appended to bfcl.log there.
        categories: web search alone gets the key and the proxies that it needs.
        words: of the command.

    Raises:
        TerminalError: it failed; says its last lines.
        Exception: what the relay's `ask` raised.
    """
    values = _environment(relay, folder, categories)
    log = folder / LOG
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            str(harness.program),
            *words,
            cwd=folder,
            env=values,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_us,
        )
    try:
        await _wait(process, relay)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise TerminalError(
            f"`bfcl {words[0]}` for {', '.join(categories)} ended with code {process.returncode}; its last lines:\n"
            f"{_tail(log, began)}\nAll of it: {log}"
        )


async def _wait(process: asyncio.subprocess.Process, relay: Relay) -> None:
    ending = asyncio.create_task(process.wait())
    try:
        awaited: list[asyncio.Future[Any]] = [ending, relay.failure]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.cancel()
    if relay.failure.done():
        raise relay.failure.result()


def _environment(relay: Relay, folder: Path, categories: Sequence[Category]) -> dict[str, str]:
    does_search = not set(categories).isdisjoint(GROUPS["web_search"])
    names = (*_KEPT, *_KEPT_FOR_SEARCH) if does_search else _KEPT
    kept = {name: os.environ[name] for name in names if name in os.environ}
    if (folder / ".env").exists():
        raise UsageError(f"{folder / '.env'} would override what the harness is told; remove it.")
    return {
        **kept,
        "BFCL_PROJECT_ROOT": str(folder.resolve()),
        "OPENAI_BASE_URL": relay.url,
        "OPENAI_API_KEY": relay.key,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUTF8": "1",
    }


def _die_with_us() -> None:
    """Linux ends the harness when the thread that started it ends, even by kill -9."""
    if _LIBC is not None:
        _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _tail(log: Path, began: int) -> str:
    with log.open("rb") as file:
        file.seek(began)
        lines = file.read().decode("utf-8", "replace").replace("\r", "\n").split("\n")
    return "\n".join([line for line in lines if line.strip()][-_TAIL_LINES:])
