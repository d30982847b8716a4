"""What rounds are asked for, and how their models stand side by side."""

from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from schemas.preferences import RoundReport, RoundsReport
from tasks.rounds_plan import RoundsOptions, plan_rounds
from tasks.rounds_report import print_rounds, rounds_rows
from tests.training.example_rows import write_calls

ROOT = Path(__file__).parents[2]
TINY = ROOT / "training" / "configs" / "tiny"
NUMBERS = {"rounds": 2, "cases": 10, "samples": 10, "draws": 1, "max_tokens": 64, "seed": 1000}


def plan(data: Path, *changes: str, config: str = "lora", dpo: str = "dpo", **numbers: Any) -> RoundsOptions:
    """The options of one command."""
    configs = str(TINY / f"{config}.yaml"), str(TINY / f"{dpo}.yaml")
    words: dict[str, Any] = {**NUMBERS, "teacher": None, **numbers}
    return plan_rounds(configs[0], changes, str(data), configs[1], (), (), "embedded", "none", **words)[1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_calls(tmp_path / "data" / "calls.parquet", 4).parent


def test_models_practise_in_the_call_format_that_they_learn_and_free_of_the_grammar(data: Path) -> None:
    serving = plan(data, config="qwen-agent").serving
    assert (serving.call_format, serving.backend) == ("qwen-agent", "none")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"config": "dpo"}, "the rounds start from a supervised training"),
        ({"dpo": "full"}, "has method sft-full; expected dpo"),
        ({"rounds": 0}, "--rounds 0 is too few"),
        ({"draws": 0}, "--draws 0 is too few"),
        ({"teacher": "nowhere"}, "The teacher nowhere is no folder"),
    ],
)
def test_wrong_words_are_refused_before_anything_starts(data: Path, words: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(data, **words)


def one(number: int, **scores: float) -> RoundReport:
    """A round of a made-up model."""
    return RoundReport(
        number=number,
        method="dpo" if number else "sft-lora",
        base_model="base",
        model_path=f"models/round-{number}",
        rows=40 if number else 500,
        practice={"simple": 0.5, "all": 0.25} if number else {},
        pairs=None,
        last_loss=0.1,
        seconds=10,
        scores=scores,
        evaluation_run_id="e",
        report_path="report.html",
    )


def test_models_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    report = RoundsReport(
        job_id="j", run_id="r", base_model="base", base_scores={"all": 0.0}, draws=1, teacher=None,
        rounds=(one(0, simple=0.5, all=0.5), one(1, simple=0.75, all=0.625)), notes=("Round 1: 40 pairs.",), seconds=1,
    )  # fmt: skip
    rows = rounds_rows(report)
    assert rows[0] == {"model": "base", "learnt from": "–", "practice": "–", "simple": "–", "all": "0.0"}
    assert rows[1] == {"model": "sft", "learnt from": "500 rows", "practice": "–", "simple": "50.0", "all": "50.0"}
    assert rows[2]["learnt from"] == "40 pairs"
    assert rows[2]["practice"] == "25.0"
    print_rounds(report)
    printed = capsys.readouterr().out
    assert "Round 1: 40 pairs." in printed
    assert "models/round-1" in printed
