"""Tokens are drawn as the settings say, and by nothing else."""

import random
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.embedded.sampler import NOTHING, RowSampler, draw_tokens
from serving.engine import Sampling

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, float("-inf")])


def shares(sampling: Sampling, logits: torch.Tensor = LOGITS, draws: int = 4000) -> list[float]:
    """How often each token comes."""
    samplers = [RowSampler(sampling, ()) for _ in range(draws)]
    counts = Counter(draw_tokens(logits.expand(draws, -1), samplers))
    return [counts[token] / draws for token in range(len(logits))]


def expected(weights: list[float]) -> object:
    return pytest.approx((torch.tensor(weights) / sum(weights)).tolist(), abs=0.035)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_temperature_flattens(temperature: float) -> None:
    assert shares(Sampling(temperature)) == expected((LOGITS / temperature).exp().tolist())


def test_top_k_leaves_the_k_likeliest() -> None:
    assert shares(Sampling(top_k=2)) == expected([*LOGITS[:2].exp().tolist(), 0, 0, 0])


def test_top_p_leaves_what_reaches_the_share() -> None:
    # 0.644 + 0.237 = 0.881
    assert shares(Sampling(top_p=0.88)) == expected([*LOGITS[:2].exp().tolist(), 0, 0, 0])
    assert shares(Sampling(top_p=0.89)) == expected([*LOGITS[:3].exp().tolist(), 0, 0])
    assert shares(Sampling(top_p=0.0), draws=50) == [1, 0, 0, 0, 0]


def test_top_p_counts_within_top_k() -> None:
    # Of the two likeliest the first has 0.731.
    assert shares(Sampling(top_k=2, top_p=0.73), draws=200) == [1, 0, 0, 0, 0]
    assert shares(Sampling(top_k=2, top_p=0.74)) == expected([*LOGITS[:2].exp().tolist(), 0, 0, 0])


def test_top_p_looks_beyond_the_likeliest_where_it_must() -> None:
    flat = torch.zeros(5000)
    drawn = draw_tokens(flat.expand(400, -1), [RowSampler(Sampling(top_p=0.9), ()) for _ in range(400)])
    assert len(set(drawn)) > 300


@pytest.mark.parametrize("temperature", [0.0, 1e-30])
def test_no_temperature_takes_the_likeliest(temperature: float) -> None:
    assert shares(Sampling(temperature), draws=20) == [1, 0, 0, 0, 0]


def test_a_seed_repeats_itself_whatever_runs_beside_it() -> None:
    logits = torch.randn(30, 50, generator=torch.Generator().manual_seed(1))
    sampling = Sampling(temperature=1.5, seed=42)
    alone = RowSampler(sampling, ())
    one_by_one = [draw_tokens(row[None], [alone])[0] for row in logits]
    again = RowSampler(sampling, ())
    beside = [RowSampler(Sampling(top_p=0.5), ()), RowSampler(Sampling(0), ()), RowSampler(Sampling(), ())]
    in_batch = [draw_tokens(row.expand(4, -1), [*beside, again])[3] for row in logits]
    assert one_by_one == in_batch
    assert len(set(one_by_one)) > 10


def test_penalties_count_what_was_said() -> None:
    sampler = RowSampler(Sampling(frequency_penalty=0.5, presence_penalty=0.25), [3])
    for token in (0, 0, 1):
        sampler.note(token)
    logits = LOGITS.clone()
    sampler.penalise(logits)
    assert logits.tolist() == [2 - 1.25, 1 - 0.75, 0, -1, float("-inf")]


def test_the_repetition_penalty_also_counts_the_prompt() -> None:
    sampler = RowSampler(Sampling(repetition_penalty=2.0), [3, 4])
    sampler.note(0)
    logits = LOGITS.clone()
    sampler.penalise(logits)
    assert logits.tolist() == [1, 1, 0, -2, float("-inf")]


@pytest.mark.parametrize("sampling", [Sampling(0), Sampling(1), Sampling(1, top_p=0.5), Sampling(1, top_k=1)])
def test_a_broken_row_draws_nothing_and_the_others_do(sampling: Sampling) -> None:
    rows = torch.stack([LOGITS, torch.full((5,), float("-inf")), LOGITS.clone().fill_(float("nan")), LOGITS])
    drawn = draw_tokens(rows, [RowSampler(sampling, ()) for _ in range(4)])
    assert drawn[1] == drawn[2] == NOTHING
    assert drawn[0] in range(4)
    assert drawn[3] in range(4)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-50, 50, width=32), st.just(float("-inf"))), min_size=1, max_size=40),
    st.floats(0, 5),
    st.floats(0, 1),
    st.integers(0, 50),
    st.integers(0, 2**32),
)
def test_what_is_banned_is_never_drawn(
    values: list[float], temperature: float, top_p: float, top_k: int, seed: int
) -> None:
    logits = torch.tensor(values)
    sampler = RowSampler(Sampling(temperature, top_p, top_k, seed=seed), ())
    drawn = draw_tokens(logits[None], [sampler])[0]
    if all(value == float("-inf") for value in values):
        assert drawn == NOTHING
    else:
        assert values[drawn] > float("-inf")


def test_the_logits_stay_as_they_are() -> None:
    rows = torch.randn(6, 9)
    before = rows.clone()
    source = random.Random(0)
    draw_tokens(rows, [RowSampler(Sampling(source.random() * 2, source.random()), ()) for _ in range(6)])
    assert torch.equal(rows, before)
