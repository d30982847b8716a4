"""Practice: a model answers cases of the train split, which may be learnt from; the scored ones may not."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from eval.tiers.own_cases import OwnSample, case_from_sample
from schemas.errors import FellShortError, TerminalError
from schemas.evaluation import GREEDY, SAMPLED, Case
from schemas.evaluation_options import EvaluationOptions, Target
from schemas.record import content_id
from schemas.report import SynthReport
from tasks.evaluate_tiers import evaluate_tiers
from tasks.evaluation_run import SuiteName, describe_job, open_evaluation
from tasks.own_samples import read_own_samples
from tasks.rounds_plan import RoundsOptions
from tasks.rounds_run import Practice, RoundsRun
from tasks.run import flow_occurrence
from tasks.targets import KnownTarget, look_at_targets
from tasks.termination import sigterm_ends_this_task
from warehouse.store import Warehouse

PRACTICE_VERSION = "practice-1"
PRACTICE = "practice"
"""Occurrence of jobs that draw practice cases, so that nobody takes these for a data set of theirs."""


def practice_cases(samples: Sequence[OwnSample]) -> tuple[Case, ...]:
    """Samples as cases that no table mistakes for scored ones: their category says practice.

    Raises:
        TerminalError: there is none, or one is not of the train split.
    """
    foreign = [sample for sample in samples if sample.split != "train"]
    if foreign or not samples:
        what = f"sample {foreign[0].sample_id} of split {foreign[0].split}" if foreign else "no sample at all"
        raise TerminalError(f"Got {what} to practise on; expected samples whose functions are of the train split.")
    cases = [case_from_sample(sample) for sample in samples]
    return tuple(case.model_copy(update={"category": f"practice_{case.category}"}) for case in cases)


def describe_practice(options: RoundsOptions, model: str, cases: Sequence[Case]) -> EvaluationOptions:
    """What is asked of a model's folder, and of the teacher if there is one."""
    folders = [model, *([options.teacher] if options.teacher else [])]
    return EvaluationOptions(
        targets=tuple(Target(address=str(Path(folder))) for folder in folders),
        suite="kinds",
        own_samples=len(cases),
        samplings=(SAMPLED,) if options.draws > 1 else (GREEDY,),
        repeats=options.draws,
        max_tokens=options.max_tokens,
        serving=options.serving,
    )


def name_practice(cases: Sequence[Case]) -> SuiteName:
    """Cases are known by their content."""
    return SuiteName(version=PRACTICE_VERSION, hash=content_id(*(case.model_dump(mode="json") for case in cases)))


async def practise(run: RoundsRun, drawn: SynthReport) -> Practice:
    """Ask the newest model, and the teacher if there is one, every practice case; what is answered is not asked again.

    Raises:
        FellShortError: some cases got no answer, and may get one later.
    """
    options = run.options
    cases = practice_cases(read_own_samples(run.warehouse, drawn.job_id))
    asked, name = describe_practice(options, run.model, cases), name_practice(cases)
    targets = await look_at_targets(asked)
    job = describe_job(asked, targets, name, flow_occurrence(None), run.warehouse)
    run_id = _ended_run(run.warehouse, job.job_id) or await _ask(asked, targets, name, cases)
    labels = [target.label for target in targets]
    shares = _shares(run.warehouse, run_id, labels[0])
    # A teacher's right answers come before the model's own.
    chosen_from = labels[-1] if options.teacher or options.draws > 1 else None
    return Practice(run_id=run_id, model=labels[0], chosen_from=chosen_from, shares=shares)


async def _ask(
    options: EvaluationOptions, targets: Sequence[KnownTarget], name: SuiteName, cases: Sequence[Case]
) -> str:
    async with open_evaluation(options, targets, name, None) as run:
        with sigterm_ends_this_task():
            for target in targets:
                async with run.ask(target) as contestant:
                    await evaluate_tiers(run, contestant, cases)
        if run.open_faults:
            run.log_event("fell_short", faults=run.open_faults)
            raise FellShortError(f"{run.open_faults} practice cases got no answer; run the same command again.")
        run.log_event("ended", cases=len(cases), suite_version=name.version)
        return run.run.run_id


def _ended_run(warehouse: Warehouse, job_id: str) -> str | None:
    """The first run of a job that ended: its answers are the pairs' for good."""
    sql = "select run_id from core_run_events where job_id = $job_id and event = 'ended' order by event_at limit 1"
    found = warehouse.read(sql, {"job_id": job_id})["run_id"].to_list()
    return found[0] if found else None


def _shares(warehouse: Warehouse, run_id: str, model: str) -> dict[str, float]:
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for row in warehouse.read_named("scores_of_run", {"run_id": run_id}).to_dicts():
        if row["model"] == model:
            verdicts[row["category"].removeprefix("practice_")].append(row["valid"] is True)
            verdicts["all"].append(row["valid"] is True)
    return {kind: sum(each) / len(each) for kind, each in verdicts.items()}
