"""What was read once is found again, within a bound."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from serving.embedded.prefixes import PrefixStore, shared_length

Words = st.lists(st.integers(0, 2), min_size=1, max_size=12)


def storage(tokens: list[int]) -> torch.Tensor:
    """Shaped like a row's; holds its tokens."""
    return torch.tensor(tokens, dtype=torch.float32)[None, None, None, :, None].expand(2, 2, 1, -1, 3)


@given(Words, Words)
def test_shared_length_is_the_common_beginning(first: list[int], second: list[int]) -> None:
    shared = shared_length(np.array(first), np.array(second))
    assert first[:shared] == second[:shared]
    assert shared == min(len(first), len(second)) or first[shared] != second[shared]


@given(st.lists(Words, max_size=12), Words, st.integers(0, 40))
def test_the_longest_beginning_that_is_still_held_is_found(
    added: list[list[int]], wanted: list[int], most: int
) -> None:
    store = PrefixStore(most)
    for tokens in added:
        store.add(tokens, storage(tokens))
        assert store.held_tokens <= most
    shared, kept = store.find(np.array(wanted))
    if kept is not None:
        assert kept.storage[0, 0, 0, :shared, 0].tolist() == wanted[:shared]
    if added and len(added[-1]) <= most:
        assert shared >= shared_length(np.array(added[-1]), np.array(wanted))


def test_a_longer_answer_takes_the_place_of_its_beginning() -> None:
    store = PrefixStore(100)
    for tokens in ([1, 2], [1, 2, 3], [1, 2, 3, 4]):
        store.add(tokens, storage(tokens))
    assert store.held_tokens == 4


def test_what_is_used_is_kept_longer() -> None:
    store = PrefixStore(5)
    store.add([1, 1], storage([1, 1]))
    store.add([2, 2], storage([2, 2]))
    found = store.find(np.array([1, 1]))[1]
    assert found is not None
    store.use(found)
    store.add([3, 3], storage([3, 3]))
    assert [store.find(np.array([each] * 2))[0] for each in (1, 2, 3)] == [2, 0, 2]
