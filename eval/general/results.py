"""Reads what lm-evaluation-harness wrote.

`results_<time>.json`: {"results": {"capitals": {"exact_match,none": 0.5, "exact_match_stderr,none": 0.29}}, …};
`samples_<task>_<time>.jsonl`: {"doc_id": 0, "target": "Oslo", "resps": [["Oslo"]], "filter": "none", "metrics":
["exact_match"], "exact_match": 1.0, …}.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.errors import TerminalError
from schemas.general import GeneralCase, GeneralResult
from schemas.record import json_text

_ERROR = "_stderr"


def read_results(folder: Path) -> tuple[GeneralResult, ...]:
    """One result for each task, metric and filter.

    Raises:
        TerminalError: the harness wrote none.
    """
    files = sorted(folder.rglob("results_*.json"))
    if not files:
        raise TerminalError(f"lm-eval ended well and wrote no results to {folder}; see its log there.")
    content = json.loads(files[-1].read_text(encoding="utf-8"))
    return tuple(result for task in content["results"] for result in _read_task(task, content))


def _read_task(task: str, content: dict[str, Any]) -> Iterator[GeneralResult]:
    measured = content["results"][task]
    better = content.get("higher_is_better", {}).get(task) or {}
    version = content.get("versions", {}).get(task)
    for key, value in measured.items():
        metric, comma, name = key.partition(",")
        number = _as_number(value)
        if not comma or metric.endswith(_ERROR) or number is None:
            continue
        yield GeneralResult(
            task=task,
            metric=metric,
            filter=name,
            value=number,
            standard_error=_as_number(measured.get(f"{metric}{_ERROR},{name}")),
            cases=int(content.get("n-samples", {}).get(task, {}).get("effective", measured.get("sample_len", 0))),
            task_version=None if version is None else str(version),
            fewshot=content.get("n-shot", {}).get(task),
            higher_is_better=better.get(metric),
        )


def read_cases(folder: Path, tasks: set[str]) -> Iterator[GeneralCase]:
    """Every metric of every case.

    Args:
        tasks: names that results were read for, since a file's name holds task and time joined.
    """
    for path in sorted(folder.rglob("samples_*.jsonl")):
        joined = path.stem.removeprefix("samples_")
        task = max((name for name in tasks if joined.startswith(f"{name}_")), key=len, default=joined)
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield from _read_case(task, json.loads(line))


def _read_case(task: str, sample: dict[str, Any]) -> Iterator[GeneralCase]:
    for metric in sample.get("metrics", []):
        yield GeneralCase(
            task=task,
            doc_id=sample["doc_id"],
            metric=metric,
            filter=sample.get("filter", "none"),
            value=_as_number(sample.get(metric)),
            prompt=_as_text(_first_argument(sample.get("arguments"))),
            expected=_as_text(sample.get("target")),
            answer=_as_text(_first_answer(sample.get("resps"))),
        )


def _first_argument(arguments: Any) -> Any:
    """`{"gen_args_0": {"arg_0": ["…"]}}` → …"""
    for name in ("gen_args_0", "arg_0"):
        arguments = arguments.get(name) if isinstance(arguments, dict) else arguments
    return arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else arguments


def _first_answer(answers: Any) -> Any:
    while isinstance(answers, list) and len(answers) == 1:
        answers = answers[0]
    return answers


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)
