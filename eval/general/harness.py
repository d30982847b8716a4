"""Finds the environment that `make lm-eval-env` made and runs its `lm-eval` against an endpoint."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from schemas.errors import TerminalError, UsageError
from schemas.general import GeneralOptions

VERSION = "0.4.13"
PROGRAM_VARIABLE = "CALLMILL_LM_EVAL"
LOG = "lm-eval.log"
_FIND = "import importlib.metadata as m; print(m.version('lm_eval'))"
_TAIL_LINES = 15
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
# Loaded here: between fork and exec another thread's lock on the loader would never be freed.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
# Tasks fetch their data, so proxies, certificates and what concerns the hub stay; no other key does.
_KEPT = (
    "PATH", "HOME", "TMPDIR", "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_ENDPOINT", "HF_TOKEN",
    "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)  # fmt: skip


class Harness(NamedTuple):
    """An installed harness of the pinned version."""

    program: Path
    version: str


class Endpoint(NamedTuple):
    """Whom the harness asks."""

    url: str
    """Ending in /v1."""
    model: str
    key: str
    concurrency: int
    timeout_s: float
    max_attempts: int


def find_harness(root: Path, values: Mapping[str, str]) -> Harness:
    """Find the harness and check its version.

    Args:
        root: the project's folder, where `make lm-eval-env` puts it.
        values: the environment's variables; CALLMILL_LM_EVAL names another `lm-eval`.

    Raises:
        UsageError: there is none, or it is another version.
    """
    program = Path(values.get(PROGRAM_VARIABLE) or root / ".venv-lm-eval" / "bin" / "lm-eval")
    python = program.with_name("python")
    if not program.is_file() or not python.is_file():
        raise UsageError(
            f"No lm-evaluation-harness at {program}; run `make lm-eval-env`, or set {PROGRAM_VARIABLE} to the `lm-eval`"
            f" of an environment that has lm_eval {VERSION}."
        )
    found = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, timeout=60, check=False)
    version = found.stdout.strip()
    if found.returncode or version != VERSION:
        raise UsageError(
            f"{program} is lm_eval {version or 'of no version'}; expected {VERSION}, or scores would not compare."
            " Remove the environment and run `make lm-eval-env`."
        )
    return Harness(program.absolute(), version)


async def run_harness(harness: Harness, endpoint: Endpoint, options: GeneralOptions, folder: Path) -> None:
    """Ask and score all tasks; the harness is killed when we are cancelled or die.

    Args:
        folder: gets its results and its log; what an earlier run left there is removed first.

    Raises:
        UsageError: the model's name cannot be said to the harness.
        TerminalError: it failed; says its last lines.
    """
    words = make_words(endpoint, options, folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / LOG
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(harness.program),
            *words,
            cwd=working_folder(options, folder),
            env=_environment(endpoint),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_us,
        )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise TerminalError(
            f"`lm-eval` for {', '.join(options.tasks)} ended with code {process.returncode}; its last lines:\n"
            f"{_tail(log)}\nAll of it: {log}"
        )


def make_words(endpoint: Endpoint, options: GeneralOptions, folder: Path) -> list[str]:
    """The harness's command line; chat completions, since a server of ours has no plain ones."""
    if set(endpoint.model) & set(",="):
        raise UsageError(
            f"lm-eval cannot be told the model name '{endpoint.model}'; serve it under one without , and =."
        )
    arguments = {
        "model": endpoint.model,
        "base_url": f"{endpoint.url}/chat/completions",
        "num_concurrent": endpoint.concurrency,
        "max_retries": endpoint.max_attempts,
        "timeout": int(endpoint.timeout_s),
        "tokenized_requests": False,
    }
    given = ",".join(f"{name}={value}" for name, value in arguments.items())
    tasks = [str(Path(task).absolute()) if Path(task) in options.task_files else task for task in options.tasks]
    words = ["run", "--model", "local-chat-completions", "--model_args", given, "--tasks", ",".join(tasks)]
    words += ["--apply_chat_template", "--log_samples", "--output_path", str(folder.absolute())]
    words += ["--limit", str(options.limit)] if options.limit is not None else []
    return words + (["--num_fewshot", str(options.fewshot)] if options.fewshot is not None else [])


def working_folder(options: GeneralOptions, folder: Path) -> Path:
    """Beside the first task file, so that it may name its data by a path from there; else where the results go."""
    return options.task_files[0].absolute().parent if options.task_files else folder


def _environment(endpoint: Endpoint) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    spared = ",".join(filter(None, ["127.0.0.1,localhost", os.environ.get("NO_PROXY", os.environ.get("no_proxy", ""))]))
    # Without a key the harness refuses to start.
    return {
        **kept, "OPENAI_API_KEY": endpoint.key or "none", "NO_PROXY": spared, "no_proxy": spared, "PYTHONUTF8": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }  # fmt: skip


def _die_with_us() -> None:
    """Linux ends the harness when the thread that started it ends, even by kill -9."""
    if _LIBC is not None:
        _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _tail(log: Path) -> str:
    lines = log.read_bytes().decode("utf-8", "replace").replace("\r", "\n").split("\n")
    return "\n".join([line for line in lines if line.strip()][-_TAIL_LINES:])
