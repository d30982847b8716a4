"""Whatever joins and leaves beside it, a request's likeliest answer is the one that `model.generate` makes alone."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.embedded.job import Job
from serving.embedded.load import LoadedModel
from serving.engine import Piece
from tests.serving.embedded.models import generate_alone, make_job, make_scheduler, random_prompt, run_all

LIMITS = (
    {"rows": 64, "kept_bytes": 0},
    {"rows": 8, "prefill_tokens": 48, "least_shared": 4},
    {"rows": 3, "prefill_tokens": 7, "least_shared": 1},
    {"rows": 64, "cache_bytes": 1},
)


@pytest.mark.parametrize("limits", LIMITS)
def test_staggered_requests_answer_as_if_alone(any_model: LoadedModel, limits: dict[str, int]) -> None:
    source = random.Random(5)
    prompts = [random_prompt(source) for _ in range(10)]
    jobs = [make_job(any_model, prompt, source.randint(1, 30)) for prompt in prompts]
    run_all(make_scheduler(any_model, **limits), [(source.randint(0, 20), job) for job in jobs])
    for prompt, job in zip(prompts, jobs, strict=True):
        assert job.answer == generate_alone(any_model, prompt, job.most_tokens)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 6), st.integers(4, 64))
def test_cancelled_neighbours_change_nothing(
    loaded: LoadedModel, source: random.Random, rows: int, prefill_tokens: int
) -> None:
    jobs = [(random_prompt(source, 20), source.randint(1, 12), source.randint(0, 10)) for _ in range(8)]
    made = [make_job(loaded, prompt, tokens) for prompt, tokens, _ in jobs]
    cancelled = {place: source.randint(0, 15) for place in range(8) if source.random() < 0.4}
    scheduler = make_scheduler(loaded, rows=rows, prefill_tokens=prefill_tokens, least_shared=4)
    step = scheduler.step
    count = 0

    def step_and_cancel() -> list[tuple[Job, Piece | Exception]]:
        nonlocal count
        for place, at in cancelled.items():
            made[place].is_cancelled |= at <= count
        count += 1
        return step()

    scheduler.step = step_and_cancel  # type: ignore[method-assign]
    run_all(scheduler, [(arrival, job) for (_, _, arrival), job in zip(jobs, made, strict=True)])
    for place, (prompt, tokens, _) in enumerate(jobs):
        alone = generate_alone(loaded, prompt, tokens)
        answer = made[place].answer
        assert answer == (alone[: len(answer)] if place in cancelled else alone)


def test_a_long_prompt_does_not_hold_up_those_that_run(loaded: LoadedModel) -> None:
    scheduler = make_scheduler(loaded, prefill_tokens=16)
    running, long = make_job(loaded, "weather", 40), make_job(loaded, "1234" * 80, 4)
    run_all_steps = []
    with torch.inference_mode():
        scheduler.waiting.append(running)
        scheduler.step()
        scheduler.waiting.append(long)
        while not long.answer:
            before = len(running.answer)
            scheduler.step()
            run_all_steps.append(len(running.answer) - before)
    assert len(run_all_steps) == len(long.prompt) // 16
    assert set(run_all_steps) == {1}


def test_a_known_beginning_is_copied_not_read(loaded: LoadedModel) -> None:
    scheduler = make_scheduler(loaded, least_shared=8)
    shared = random_prompt(random.Random(1), 80) * 3
    jobs = [make_job(loaded, shared + tail, 5) for tail in ("weather", " hotel 12", "北京")]
    run_all(scheduler, [(0, jobs[0]), (20, jobs[1]), (20, jobs[2])])
    assert scheduler.counts.prefix_hits == 2
    assert scheduler.counts.prefix_tokens > 2 * 0.9 * len(loaded.tokenise(shared))
    for job in jobs:
        assert job.answer == generate_alone(loaded, loaded.vocabulary.text(job.prompt).decode(), 5)


def test_requests_that_come_together_read_their_common_beginning_once(loaded: LoadedModel) -> None:
    scheduler = make_scheduler(loaded, least_shared=8)
    shared = "The city, 1234, weather flight " * 8
    jobs = [make_job(loaded, shared + str(number), 6) for number in range(6)]
    run_all(scheduler, [(0, job) for job in jobs])
    assert scheduler.counts.prefix_hits == 5
    assert {tuple(job.answer) for job in jobs} == {
        tuple(generate_alone(loaded, shared + str(number), 6)) for number in range(6)
    }


def test_the_cache_stays_within_its_bytes(loaded: LoadedModel) -> None:
    scheduler = make_scheduler(loaded, kept_bytes=200 * 512, cache_bytes=600 * 512)
    source = random.Random(2)
    jobs = [make_job(loaded, random_prompt(source), source.randint(1, 60)) for _ in range(40)]
    most_rows = most_places = 0
    with torch.inference_mode():
        scheduler.waiting.extend(jobs)
        while scheduler.has_work:
            scheduler.step()
            rows, places = scheduler.batch.cache.capacity
            most_rows, most_places = max(most_rows, len(scheduler.batch.jobs)), max(most_places, rows * places)
    assert most_rows > 2
    assert most_places <= 600
    assert scheduler.counts.finished == 40


def test_numbers_that_are_not_finite_fail_one_request_and_poison_no_other(loaded: LoadedModel) -> None:
    scheduler = make_scheduler(loaded, least_shared=10_000)
    good, bad = make_job(loaded, "weather 12", 12), make_job(loaded, "flight", 12)
    with torch.inference_mode():
        scheduler.waiting.extend([bad, good])
        scheduler.step()
        scheduler.batch.cache.storage[:, :, scheduler.batch.jobs.index(bad), :, :] = float("nan")
        results = scheduler.step()
    assert [job for job, result in results if isinstance(result, Exception)] == [bad]
    # A longer neighbour makes the pass read on into what the failed request left in its row.
    later = make_job(loaded, "hotel " * 9, 12)
    run_all(scheduler, [(0, later)])
    assert good.answer == generate_alone(loaded, "weather 12", 12)
    assert later.answer == generate_alone(loaded, "hotel " * 9, 12)
