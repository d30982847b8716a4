"""BFCL's own harness, unmodified, against our server: the marked test runs where `make bfcl-env` was run."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.serving.server_process import ROOT, serving

BFCL = Path(os.environ.get("CALLMILL_BFCL", ROOT / ".venv-bfcl" / "bin" / "bfcl"))
VLLM = Path(os.environ.get("CALLMILL_VLLM_PYTHON", ROOT / ".venv-vllm" / "bin" / "python"))
CHAT_MODEL = "openbmb/MiniCPM-SALA-FC"
"""An entry that talks plain /v1/chat/completions to OPENAI_BASE_URL."""
RESPONSES_MODEL = "gpt-4o-2024-11-20-FC"
"""One that talks /v1/responses."""
CASES = {"parallel": ["parallel_0", "parallel_1", "parallel_2"], "irrelevance": ["irrelevance_0", "irrelevance_1"]}


@pytest.mark.slow
@pytest.mark.skipif(not BFCL.is_file(), reason="needs `make bfcl-env`")
@pytest.mark.parametrize("model", [CHAT_MODEL, RESPONSES_MODEL])
@pytest.mark.parametrize("engine", ["embedded", "vllm"])
def test_the_official_harness_runs(model: str, engine: str, tiny_model: Path, tmp_path: Path) -> None:
    if engine == "vllm" and not VLLM.is_file():
        pytest.skip("needs `make vllm-env`")
    (tmp_path / "test_case_ids_to_generate.json").write_text(json.dumps(CASES))
    with serving(tiny_model, tmp_path / "home", "--engine", engine) as server:
        values = {
            **os.environ,
            "BFCL_PROJECT_ROOT": str(tmp_path),
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "none",
        }
        words = ["--model", model, "--run-ids", "--num-threads", "4"]
        _run([str(BFCL), "generate", *words], values)
    words = ["--model", model, "--test-category", ",".join(CASES), "--partial-eval"]
    _run([str(BFCL), "evaluate", *words], values)
    results = [json.loads(line) for path in (tmp_path / "result").rglob("*.json") for line in path.open()]
    assert sorted(each["id"] for each in results) == sorted(case for cases in CASES.values() for case in cases)
    # A server that answers only errors scores 100 % on irrelevance, so look for them.
    assert "Error during inference" not in json.dumps(results)
    assert all(each["output_token_count"] for each in results)
    heads = [json.loads(path.open().readline()) for path in (tmp_path / "score").rglob("BFCL_v*_score.json")]
    assert sorted(head["total_count"] for head in heads) == [2, 3]


def _run(command: list[str], values: dict[str, str]) -> None:
    done = subprocess.run(command, env=values, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
