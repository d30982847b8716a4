"""An untrained base model already goes on with what it has seen before."""

import torch

from training.base_model import BaseShape, make_base_model, make_base_tokenizer
from training.tiny_texts import make_texts

torch.set_num_threads(1)
SHAPE = BaseShape(vocabulary=512)
TOKENIZER = make_base_tokenizer(make_texts(0), SHAPE)


def share_repeated(layers: int, seed: int) -> float:
    """How often the likeliest token is the one that came after the same token 60 places before."""
    model = make_base_model(SHAPE.model_copy(update={"layers": layers}), TOKENIZER, seed).eval()
    half = torch.stack([torch.randperm(400)[:60] for _ in range(4)])
    with torch.no_grad():
        guesses = model(torch.cat([half, half], 1)).logits.argmax(-1)
    return float((guesses[:, 65:119] == half[:, 6:60]).float().mean())


def test_a_new_model_copies_what_it_has_seen() -> None:
    torch.manual_seed(0)
    assert share_repeated(5, seed=0) > 0.3
    assert share_repeated(3, seed=1) > 0.3


def test_a_new_model_copies_strings_of_few_symbols() -> None:
    """As numbers are: of 4 1 7 1 9 only two tokens together tell what follows."""
    torch.manual_seed(0)
    model = make_base_model(SHAPE, TOKENIZER, seed=0).eval()
    right = 0
    for _ in range(20):
        digits = torch.randperm(400)[:10][torch.randint(10, (8,))]
        around = torch.randint(400, (40,))
        with torch.no_grad():
            guesses = model(torch.cat([around[:20], digits, around[20:], digits])[None]).logits[0].argmax(-1)
        right += int((guesses[-6:-1] == digits[3:]).sum())
    assert right > 60, "of 100"


def test_first_weights_are_a_function_of_the_seed() -> None:
    one, same, other = (make_base_model(SHAPE, TOKENIZER, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["model.embed_tokens.weight"], other["model.embed_tokens.weight"])
