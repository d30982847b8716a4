"""A home folder with `callmill up` running in it: a real Prefect server with a real worker."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Machine:
    """A home folder with `callmill up` running in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALLMILL_", "PREFECT_"))}
        self.env = {**kept, "CALLMILL_HOME": str(home), "CALLMILL_TEACHER_OFFLINE_MISTAKES": "0.1"}

    def run(self, *words: str, timeout: float = 180) -> str:
        done = subprocess.run(
            words, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def callmill(self, *words: str) -> str:
        return self.run(sys.executable, "-m", "cli", *words)

    def run_deployment(self, name: str, *words: str) -> str:
        """What the README tells a person to type."""
        return self.run(sys.executable, "-m", "prefect", "deployment", "run", name, "--watch", *words, timeout=400)

    def count(self, table: str) -> int:
        rows = json.loads(self.callmill("sql", f"select count(*) as n from {table}", "--json"))
        return int(rows[0]["n"])
