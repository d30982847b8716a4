"""Scoring all single-turn cases of BFCL: the scorer alone, with second opinion and steps, and `callmill score` whole.

`python -m benchmarks.scoring_speed` fetches the pinned bfcl-eval wheel into `<home>/bfcl-data` unless it is there.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from eval.bfcl.checker import check_output
from eval.bfcl.judge import judge
from eval.tiers.bfcl_data import BfclData, SingleTurnCategory, code_language_of, read_bfcl_data
from schemas.evaluation import Case, Given, GivenCall
from schemas.settings import Settings, load_settings
from tests.eval.scripted_endpoint import right_calls


def main() -> None:
    """Measure and print."""
    data = read_bfcl_data(load_settings(Settings).home / "bfcl-data")
    cases = [case for category in get_args(SingleTurnCategory) for case in _cases(data, category)]
    given = [
        Given(calls=tuple(GivenCall(name=name, arguments=json.dumps(a)) for name, a in right_calls(case)), text=None)
        for case in cases
    ]
    outputs = [[{call.name: json.loads(call.arguments)} for call in each.calls] for each in given]
    started = time.perf_counter()
    valid = sum(
        check_output(case.functions, case.possible_answer, case.rule, case.code_language, output).valid is True
        for case, output in zip(cases, outputs, strict=True)
    )
    _say("verdicts alone", len(cases), time.perf_counter() - started, valid)
    started = time.perf_counter()
    valid = sum(
        judge(case, each, underscore_to_dot=False).verdict.valid is True
        for case, each in zip(cases, given, strict=True)
    )
    _say("with second opinion and steps", len(cases), time.perf_counter() - started, valid)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            for case, output in zip(cases, outputs, strict=True):
                lines.write(json.dumps(_line(case, output), ensure_ascii=False) + "\n")
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "cli", "score", str(file), "--json"], capture_output=True, text=True, check=True
        )
        seconds = time.perf_counter() - started
    _say("`callmill score`, start included", json.loads(done.stdout)["lines"], seconds, None)


def _cases(data: BfclData, category: SingleTurnCategory) -> list[Case]:
    return [
        Case(
            case_id=entry.id,
            suite="bfcl",
            category=category,
            rule=category,
            code_language=code_language_of(category),
            messages=entry.question[0],
            functions=entry.function,
            tools=(),
            possible_answer=entry.ground_truth,
        )
        for entry in data.load_category(category)
    ]


def _line(case: Case, output: object) -> dict[str, object]:
    return {
        "id": case.case_id,
        "category": case.category,
        "language": case.code_language,
        "functions": case.functions,
        "possible_answer": case.possible_answer,
        "output": output,
    }


def _say(what: str, cases: int, seconds: float, valid: int | None) -> None:
    share = "" if valid is None else f", {valid:,} valid"
    print(f"{what:<34} {cases:,} cases in {seconds:.2f} s{share}")


if __name__ == "__main__":
    main()
