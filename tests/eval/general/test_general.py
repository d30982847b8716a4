"""lm-evaluation-harness, unmodified, against a chat endpoint: the slow tests run where `make lm-eval-env` was run."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from eval.general.harness import Endpoint, Harness, find_harness, make_words, run_harness, working_folder
from eval.general.results import read_cases, read_results
from schemas.errors import TerminalError, UsageError
from schemas.general import GeneralOptions, describe_general
from tests.eval.general.scripted import KEY, geographer, write_task

ROOT = Path(__file__).parents[3]
PROGRAM = Path(os.environ.get("CALLMILL_LM_EVAL", ROOT / ".venv-lm-eval" / "bin" / "lm-eval"))
needs_harness = pytest.mark.skipif(not PROGRAM.is_file(), reason="needs `make lm-eval-env`")


def endpoint(url: str = "http://127.0.0.1:9/v1", key: str = KEY, model: str = "geographer") -> Endpoint:
    return Endpoint(url, model, key, concurrency=4, timeout_s=30, max_attempts=2)


def options(tasks: str, limit: int | None = None, fewshot: int | None = None) -> GeneralOptions:
    return describe_general("http://127.0.0.1:9/v1=geographer", tasks, limit, fewshot, None)


def write_program(folder: Path, text: str) -> Harness:
    program = folder / "lm-eval"
    program.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    program.chmod(0o755)
    return Harness(program, "0")


def test_a_missing_harness_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make lm-eval-env"):
        find_harness(tmp_path, {})


def test_another_version_is_refused(tmp_path: Path) -> None:
    """The test's own Python stands in: it has no lm_eval at all."""
    (tmp_path / "lm-eval").touch()
    (tmp_path / "python").symlink_to(sys.executable)
    with pytest.raises(UsageError, match="expected 0"):
        find_harness(tmp_path, {"CALLMILL_LM_EVAL": str(tmp_path / "lm-eval")})


@pytest.mark.parametrize(
    ("tasks", "limit", "fewshot", "words"),
    [(" , ", None, None, "names no task"), ("gone.yaml", None, None, "No task file"), ("a", 0, None, "--limit"),
     ("a", None, -1, "--fewshot")],
)  # fmt: skip
def test_words_that_are_off_are_refused(tasks: str, limit: int | None, fewshot: int | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        options(tasks, limit, fewshot)


def test_the_harness_is_told_the_chat_address_and_never_the_key(tmp_path: Path) -> None:
    task = write_task(tmp_path / "task")
    asked = options(f"gsm8k,{task}", limit=5, fewshot=2)
    words = " ".join(make_words(endpoint(), asked, tmp_path / "out"))
    assert "base_url=http://127.0.0.1:9/v1/chat/completions" in words
    assert f"--tasks gsm8k,{task}" in words
    assert "--limit 5 --num_fewshot 2" in words
    assert KEY not in words
    assert working_folder(asked, tmp_path) == task.parent
    with pytest.raises(UsageError, match="model name"):
        make_words(endpoint(model="a,b"), asked, tmp_path)


def test_a_failing_harness_shows_its_last_lines_and_sees_no_key_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "leaked")
    monkeypatch.setenv("CALLMILL_TEACHER_API_KEY", "leaked")
    harness = write_program(tmp_path, "import os, sys; print(dict(os.environ)); print('went wrong'); sys.exit(3)")
    with pytest.raises(TerminalError, match=r"(?s)code 3.*went wrong.*lm-eval\.log"):
        asyncio.run(run_harness(harness, endpoint(), options("a"), tmp_path / "out"))
    seen = (tmp_path / "out" / "lm-eval.log").read_text()
    assert "leaked" not in seen
    assert KEY in seen


def test_results_and_cases_are_read_as_the_harness_writes_them(tmp_path: Path) -> None:
    measured = {
        "exact_match,strict": 0.5,
        "exact_match_stderr,strict": 0.5,
        "bleu,none": 12.5,
        "bleu_stderr,none": "N/A",
    }
    results = {
        "results": {"sum": {"alias": "sum", "sample_len": 2, **measured}},
        "versions": {"sum": 3},
        "n-shot": {"sum": 2},
        "n-samples": {"sum": {"effective": 2}},
        "higher_is_better": {"sum": {"exact_match": True}},
    }
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "results_2026-01-01T00-00-00.json").write_text(json.dumps(results))
    sample = {
        "doc_id": 7, "target": 4, "arguments": {"gen_args_0": {"arg_0": ["2+2?"], "arg_1": {}}}, "resps": [["4"]],
        "filter": "strict", "metrics": ["exact_match", "bleu"], "exact_match": 1.0, "bleu": ["4", "4"],
    }  # fmt: skip
    (tmp_path / "m" / "samples_sum_2026-01-01T00-00-00.jsonl").write_text(json.dumps(sample) + "\n")
    exact, bleu = read_results(tmp_path)
    assert (exact.metric, exact.filter, exact.value, exact.standard_error) == ("exact_match", "strict", 0.5, 0.5)
    assert (exact.cases, exact.fewshot, exact.task_version, exact.higher_is_better) == (2, 2, "3", True)
    assert (bleu.value, bleu.standard_error, bleu.higher_is_better) == (12.5, None, None)
    first, second = read_cases(tmp_path, {"sum"})
    assert (first.doc_id, first.value, first.prompt, first.expected, first.answer) == (7, 1.0, "2+2?", "4", "4")
    assert second.value is None


def test_no_results_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="wrote no results"):
        read_results(tmp_path)


@needs_harness
@pytest.mark.slow
def test_a_local_task_is_scored_case_by_case(tmp_path: Path) -> None:
    harness = find_harness(ROOT, os.environ)
    with geographer() as url:
        asyncio.run(run_harness(harness, endpoint(url), options(str(write_task(tmp_path / "task"))), tmp_path / "out"))
    (result,) = read_results(tmp_path / "out")
    assert (result.task, result.metric, result.value, result.cases) == ("capitals", "exact_match", 0.5, 4)
    cases = {case.expected: (case.answer, case.value) for case in read_cases(tmp_path / "out", {"capitals"})}
    assert cases == {
        "Oslo": ("Oslo", 1.0),
        "Lisbon": ("Paris", 0.0),
        "Tokyo": ("Tokyo", 1.0),
        "Nairobi": ("Paris", 0.0),
    }
