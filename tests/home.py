"""A folder that callmill works in, driven through the command line as a person would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class Home:
    """A folder that callmill works in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALLMILL_", "PREFECT_"))}
        self.env = {**kept, "CALLMILL_HOME": str(path)}

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *words],
            cwd=ROOT, env={**self.env, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def callmill(self, *words: str, expect: int = 0, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *words],
            cwd=ROOT, env={**self.env, **env}, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{done.stdout}\n{done.stderr}"
        return done.stderr if expect not in (0, 3) else done.stdout

    def sql(self, text: str, *words: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.callmill("sql", text, "--json", *words))
        return rows
