"""What an evaluation runs, prepared before anything is asked: a list of cases, or the harness and its categories."""

import asyncio
from typing import NamedTuple

from prefect import task
from prefect.cache_policies import NO_CACHE

from eval.tiers.bfcl_data import BFCL_VERSION, read_bfcl_data
from eval.tiers.own_cases import OwnSample
from eval.tiers.published import PUBLISHED
from eval.tiers.suite import TierSuite, build_kinds, build_suite
from schemas.evaluation import Case, PublishedScore
from schemas.evaluation_options import EvaluationOptions
from schemas.record import content_id
from schemas.settings import Settings, load_settings
from tasks.evaluate_official import evaluate_official
from tasks.evaluate_tiers import evaluate_tiers
from tasks.evaluation_run import Contestant, EvaluationRun, SuiteName
from tasks.official_plan import OfficialPlan, plan_official
from tasks.own_samples import MadeSamples, read_own_samples
from tasks.termination import sigterm_ends_this_task
from warehouse.store import Warehouse


class PreparedSuite(NamedTuple):
    """A suite that can be run."""

    name: SuiteName
    cases: tuple[Case, ...] = ()
    """Of tiers or kinds."""
    official: OfficialPlan | None = None
    """Of the official harness."""
    published: tuple[PublishedScore, ...] = ()
    notes: tuple[str, ...] = ()


@task(name="prepare the suite", cache_policy=NO_CACHE, persist_result=False)
async def prepare_suite(options: EvaluationOptions, made: MadeSamples) -> PreparedSuite:
    """Gather the cases.

    Args:
        options: what was asked.
        made: samples from the user's documents, if any were given.

    Raises:
        UsageError: the harness or its data are not there; says how to get them.
    """
    settings = load_settings(Settings)
    if options.suite == "bfcl":
        return _prepare_official(options)
    return await asyncio.to_thread(_prepare_cases, options, settings, made)


async def evaluate_model(run: EvaluationRun, contestant: Contestant, suite: PreparedSuite) -> None:
    """Every case of the suite, asked and judged."""
    with sigterm_ends_this_task():
        if suite.official is not None:
            await evaluate_official(run, contestant, suite.official)
        else:
            run.cases |= {case.case_id: case for case in suite.cases}
            await evaluate_tiers(run, contestant, suite.cases)


def _prepare_cases(options: EvaluationOptions, settings: Settings, made: MadeSamples) -> PreparedSuite:
    own: list[OwnSample] = []
    if made.report is not None:
        own = read_own_samples(Warehouse(settings.warehouse_path, settings.lock_wait_s), made.report.job_id)
    suite = _build(options, settings, own)
    notes = [*suite.notes, *([f"Your documents gave no case. {made.problem}"] if made.problem else [])]
    if made.report is not None:
        notes += made.report.shortfalls
        written = f"written by {made.report.teacher} (job {made.report.job_id})"
        notes.append(f"The {len(own)} samples over your documents were {written}.")
    is_comparable = options.suite == "tiers" and options.origin != "own"  # elsewhere the tiers are other cases
    published = PUBLISHED if is_comparable else ()
    name = SuiteName(version=suite.suite_version, hash=suite.suite_hash)
    return PreparedSuite(name, suite.cases, published=published, notes=tuple(notes))


def _build(options: EvaluationOptions, settings: Settings, own: list[OwnSample]) -> TierSuite:
    if options.suite == "kinds":
        return build_kinds(own, options.limit)
    data = None if options.origin == "own" else read_bfcl_data(settings.home / "bfcl-data")
    return build_suite(options.origin, data, own, options.limit)


def _prepare_official(options: EvaluationOptions) -> PreparedSuite:
    plan = plan_official(options)
    version = f"bfcl-eval {BFCL_VERSION}"
    name = SuiteName(version=version, hash=content_id(version, plan.categories, options.limit, options.mode))
    notes = [f"{each.category} was not run: {each.reason}" for each in plan.left_out]
    if options.limit:
        notes.append(f"Only the first {options.limit} cases of each category were run: not a leaderboard number.")
    return PreparedSuite(name, official=plan, notes=tuple(notes))
