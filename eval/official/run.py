"""Runs categories through the harness, going on from whatever an earlier run left in the same folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from eval.official.categories import Category
from eval.official.dataset import read_case_ids, read_prerequisite_ids
from eval.official.files import (
    ENTRIES,
    is_memory,
    mend_memory,
    mend_results,
    read_lines,
    result_path,
    score_path,
)
from eval.official.harness import LOG, Harness, run_harness
from eval.official.isolate import set_unjudgeable_aside
from eval.official.relay import Relay
from eval.official.results import OfficialCase, read_count, read_official_cases
from schemas.errors import TerminalError, UsageError
from schemas.evaluation import Mode

_IDS_FILE = "test_case_ids_to_generate.json"


class _Plan(NamedTuple):
    category: Category
    ids: tuple[str, ...]
    """Cases that are wanted."""
    prerequisites: tuple[str, ...]
    is_answered: bool


async def run_category(
    harness: Harness, relay: Relay, mode: Mode, category: Category, limit: int | None, folder: Path, threads: int
) -> tuple[OfficialCase, ...]:
    """Run one category; see `run_categories`."""
    return (await run_categories(harness, relay, mode, [category], limit, folder, threads))[category]


async def run_categories(
    harness: Harness,
    relay: Relay,
    mode: Mode,
    categories: Sequence[Category],
    limit: int | None,
    folder: Path,
    threads: int,
) -> dict[Category, tuple[OfficialCase, ...]]:
    """Ask and score several categories with two starts of the harness, which takes 7 s to start.

    What the folder holds already is kept, so a second run starts nothing; inference errors are asked again, and results
    beyond the limit are removed.

    Args:
        relay: answers what the harness asks.
        limit: the first so many cases of each category; None: all.
        folder: of one model, mode, sampling and repeat.
        threads: requests at once.

    Raises:
        UsageError: the limit is below 1.
        TerminalError: the harness failed.
        Exception: what the relay's `ask` raised.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"The limit is {limit}; expected at least 1 case of each category.")
    folder.mkdir(parents=True, exist_ok=True)
    plans = [_plan(harness, mode, each, limit, folder) for each in dict.fromkeys(categories)]
    open_plans = [each for each in plans if not each.is_answered]
    if open_plans:
        await _generate(harness, relay, mode, open_plans, limit is not None, folder, threads)
    _check_results(folder, mode, plans)
    await _evaluate(harness, relay, mode, plans, folder)
    return {each.category: read_official_cases(folder, mode, each.category, each.ids, harness.data) for each in plans}


def _plan(harness: Harness, mode: Mode, category: Category, limit: int | None, folder: Path) -> _Plan:
    """Mend what is there and see what is missing."""
    ids = read_case_ids(harness.data, category)[:limit]
    prerequisites = read_prerequisite_ids(harness.data, category, ids)
    if is_memory(category):
        mend_memory(folder, mode, category, prerequisites)
    answered = mend_results(result_path(folder, mode, category), set(ids))
    return _Plan(category, ids, prerequisites, is_answered=len(answered) == len(ids))


async def _generate(
    harness: Harness, relay: Relay, mode: Mode, plans: Sequence[_Plan], is_limited: bool, folder: Path, threads: int
) -> None:
    categories = [each.category for each in plans]
    words = ["generate", "--model", ENTRIES[mode], "--num-threads", str(threads)]
    if is_limited:
        wanted = {each.category: [*each.prerequisites, *each.ids] for each in plans}
        (folder / _IDS_FILE).write_text(json.dumps(wanted), encoding="utf-8")
        words += ["--run-ids"]
    else:
        # Not by ids: then the harness writes the whole file anew for every single result.
        words += ["--test-category", ",".join(categories)]
    await run_harness(harness, relay, folder, categories, words)


def _check_results(folder: Path, mode: Mode, plans: Sequence[_Plan]) -> None:
    for plan in plans:
        path = result_path(folder, mode, plan.category)
        found = {each.get("id") for each in read_lines(path)}
        if found != set(plan.ids):
            raise TerminalError(
                f"{path} has {len(found)} results after the harness ended well; expected {len(plan.ids)}."
                f" See {folder / LOG}; run again to go on from here."
            )


async def _evaluate(harness: Harness, relay: Relay, mode: Mode, plans: Sequence[_Plan], folder: Path) -> None:
    """Score what is not scored yet; after a failure each category by itself, so that one cannot spoil the others."""

    async def score(categories: Sequence[Category], place: Path = folder) -> TerminalError | None:
        for category in categories:
            score_path(place, mode, category).unlink(missing_ok=True)
        # Partial: whether all is there we have seen to, and by our limit.
        words = ["evaluate", "--model", ENTRIES[mode], "--test-category", ",".join(categories), "--partial-eval"]
        try:
            await run_harness(harness, relay, place, categories, words)
        except TerminalError as error:
            # Where all are scored only the table failed: the harness cannot summarise the latency of one answer.
            return error if any(read_count(place, mode, each) is None for each in categories) else None
        return None

    unscored = [each.category for each in plans if not _is_scored(folder, mode, each)]
    failure = await score(unscored) if unscored else None
    if failure is None:
        return
    for category in [each for each in unscored if read_count(folder, mode, each) is None]:
        alone = failure if len(unscored) == 1 else await score([category])
        if alone is not None and await set_unjudgeable_aside(folder, mode, category, score):
            alone = await score([category])
        if alone is not None:
            raise alone


def _is_scored(folder: Path, mode: Mode, plan: _Plan) -> bool:
    score, result = score_path(folder, mode, plan.category), result_path(folder, mode, plan.category)
    count = read_count(folder, mode, plan.category)
    is_newer = score.is_file() and score.stat().st_mtime_ns >= result.stat().st_mtime_ns
    return is_newer and count is not None and count.total == len(plan.ids)
