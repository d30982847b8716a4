"""Fake models whose server is a real process, and homes for named servers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.vllm.launch import PROJECT_ROOT, PYTHON_VARIABLE

FakeModel = Callable[..., Path]


@pytest.fixture
def fake_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """Makes model folders for tests.serving.vllm.fake_vllm, which is started wherever vLLM would be."""
    python = tmp_path / "python"
    fake = Path(__file__).with_name("fake_vllm.py")
    python.write_text(f'#!/bin/sh\n[ "$1" = "-c" ] && exit 0\nexec "{sys.executable}" "{fake}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv(PYTHON_VARIABLE, str(python))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))

    def make(name: str, **behaviour: Any) -> Path:
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "fake.json").write_text(json.dumps(behaviour))
        return folder

    return make


def read_pids(model: Path) -> list[int]:
    """The processes of a fake model's server."""
    pids: list[int] = json.loads((model / "pids.json").read_text())
    return pids
