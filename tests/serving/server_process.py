"""A real `callmill serve` in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class RunningServer:
    """Where it answers."""

    url: str
    """Ending in /v1."""
    pid: int
    report: dict[str, object]

    @property
    def resident_mib(self) -> float:
        """Memory that the process holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def serving(model: Path, home: Path, *words: str, environment: dict[str, str] | None = None) -> Iterator[RunningServer]:
    """Serve a model on a free port until the block ends, which must be without an error of the server's."""
    command = [sys.executable, "-m", "cli", "serve", str(model), "--port", "0", "--json", *words]
    log = home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    values = {**os.environ, "CALLMILL_HOME": str(home), "OMP_NUM_THREADS": "1", **(environment or {})}
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=values, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        assert line, f"the server did not start: {log.read_text()[-2000:]}"
        report = json.loads(line)
        yield RunningServer(report["url"], process.pid, report)
        assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
    finally:
        process.terminate()
        process.wait(30)
    assert process.returncode in (0, -15, 143), log.read_text()[-2000:]
