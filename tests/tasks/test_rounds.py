"""What rounds are asked for, and how their models stand side by side."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from schemas.errors import FellShortError, UsageError
from schemas.job import RunEvent
from schemas.preferences import RoundReport, RoundsReport
from schemas.report import SynthReport
from tasks.evaluation_run import describe_job
from tasks.own_samples import read_own_samples
from tasks.rounds_plan import RoundsOptions, plan_rounds
from tasks.rounds_practice import describe_practice, name_practice, practice_cases, practise
from tasks.rounds_report import print_rounds, rounds_rows
from tasks.rounds_run import open_rounds
from tasks.targets import look_at_targets
from tasks.training_plan import TrainingPlan
from tests.training.example_rows import write_calls
from tests.warehouse.small_job import commit_small_job
from warehouse.store import Warehouse

ROOT = Path(__file__).parents[2]
TINY = ROOT / "training" / "configs" / "tiny"
NUMBERS = {"rounds": 2, "cases": 10, "samples": 10, "draws": 1, "max_tokens": 64, "seed": 1000}


def plan_both(
    data: Path, *changes: str, config: str = "lora", dpo: str = "dpo", apis: tuple[str, ...] = (), **numbers: Any
) -> tuple[TrainingPlan, RoundsOptions]:
    """The first training and the options of one command."""
    configs = str(TINY / f"{config}.yaml"), str(TINY / f"{dpo}.yaml")
    words: dict[str, Any] = {**NUMBERS, "teacher": None, **numbers}
    return plan_rounds(configs[0], changes, str(data), configs[1], (), apis, "embedded", "none", **words)


def plan(data: Path, *changes: str, **words: Any) -> RoundsOptions:
    """The options of one command."""
    return plan_both(data, *changes, **words)[1]


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


class Words:
    """A command whose documents, base and teacher are files that a test may change."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.files = {name: folder / name / "one.json" for name in ("apis", "base", "teacher")}
        for path in self.files.values():
            path.parent.mkdir()
            path.write_text("{}")
        places = {name: str(path.parent) for name, path in self.files.items()}
        words: dict[str, Any] = {"apis": (places["apis"],), "teacher": places["teacher"]}
        self.plan, self.options = plan_both(data, f"base_model={places['base']}", **words)

    async def job_id(self) -> str:
        """The job that the command is now."""
        async with open_rounds(self.options, self.plan, None, None) as run:
            return run.job_id


@pytest.fixture
def words(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Words:
    monkeypatch.setenv("CALLMILL_HOME", str(tmp_path))
    return Words(tmp_path, data)


@pytest.mark.parametrize("name", ["apis", "base", "teacher"])
def test_other_contents_in_the_same_place_are_other_work(words: Words, name: str) -> None:
    first = asyncio.run(words.job_id())
    assert asyncio.run(words.job_id()) == first
    words.files[name].write_text('{"changed": true}')
    assert asyncio.run(words.job_id()) != first


def test_rounds_that_fall_short_are_not_taken_for_killed(words: Words, tmp_path: Path) -> None:
    async def fall_short() -> None:
        async with open_rounds(words.options, words.plan, None, None):
            raise FellShortError("3 practice cases got no answer")

    with pytest.raises(FellShortError):
        asyncio.run(fall_short())
    (run,) = Warehouse(tmp_path / "warehouse.duckdb").read_named("runs").to_dicts()
    assert run["last_event"] == "fell_short"
    assert run["ended_at"] is not None


def test_practice_that_ended_is_found_again_on_a_schedule(words: Words, tmp_path: Path) -> None:
    """A deployment's date is part of the evaluation's job."""
    warehouse, job = commit_small_job(tmp_path)
    cases = practice_cases(read_own_samples(warehouse, job.job_id))
    model = str(words.files["base"].parent)
    asked = describe_practice(words.options, model, cases)
    today = datetime.now(UTC)
    flow_run = FlowRun(flow_id=uuid.uuid4(), deployment_id=uuid.uuid4(), expected_start_time=today)
    scheduled: dict[str, Any] = {"flow_run": flow_run}
    drawn: dict[str, Any] = {"job_id": job.job_id}

    async def practise_again() -> str:
        targets = await look_at_targets(asked)
        done = describe_job(asked, targets, name_practice(cases), today.date().isoformat(), warehouse)
        ended = RunEvent(run_id="run-p", job_id=done.job_id, event_at=today.isoformat(), event="ended")
        warehouse.commit([ended], done.job_id, "run-p")
        async with open_rounds(words.options, words.plan, None, None) as run:
            run.done.append(one(0).model_copy(update={"model_path": model}))
            return (await practise(run, SynthReport.model_construct(**drawn))).run_id

    with FlowRunContext.model_construct(**scheduled):
        assert asyncio.run(practise_again()) == "run-p"
