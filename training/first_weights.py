"""First weights that already copy: two layers wired as induction heads before any training.

Heads of layer 0 look one and two tokens back and write what they find; a head of layer 1 looks for the token whose
two predecessors are the current one and the one before, and writes that token. What follows [A][B][C] … [A][B] is then
C from the first step on, which a model of this size otherwise takes millions of tokens to discover. Training is free to
change all of it.
"""

from typing import Any

from training.base_tokenizer import SPACE

_EMBEDDING_SCALE = 4.0
"""Embeddings stand out from what the other, random heads write."""
_SHARPNESS = 16.0
_LOOK_BACK_GAIN = 0.2
_MATCH_GAIN = 3.0
_SECOND_GAIN = 2.0
_COPY_GAIN = 1.0
_SHARED, _APART = 0.85, 0.5
_SLOWEST_FIRST = 6
"""Rotary frequencies from this one on turn too little over a row to disturb a comparison."""


def wire_copying(model: Any, seed: int) -> None:
    """Wire one head per group of key-value heads in the first two layers, in place.

    Args:
        model: a Qwen2 of at least two layers and two groups, its embeddings tied.
        seed: of the random directions in which tokens are compared.
    """
    import torch

    config, layers = model.config, model.model.layers
    width, groups = config.hidden_size, config.num_key_value_heads
    size = width // config.num_attention_heads
    slow = torch.tensor([place for place in range(size) if place % (size // 2) >= _SLOWEST_FIRST])
    source = torch.Generator().manual_seed(seed)
    read, before, two_before = _draw_directions(3 * (len(slow) // 2), width, source).chunk(3)
    theta = config.rope_parameters["rope_theta"]
    with torch.no_grad():
        model.model.embed_tokens.weight.mul_(_EMBEDDING_SCALE)
        for group in range(groups):
            head = group * config.num_attention_heads // groups
            queries, keys = slice(head * size, (head + 1) * size), slice(group * size, (group + 1) * size)
            places, written = ((1.0, before), (2.0, two_before))[group % 2]
            _look_back(layers[0].self_attn, queries, keys, read, written, places, theta)
            _match(layers[1].self_attn, queries, keys, (read, before), (before, two_before), slow)
            _copy(layers[1].self_attn, queries, keys, _draw_directions(size, width, source))


def align_spellings(model: Any, tokenizer: Any) -> None:
    """Bring tokens that differ by a space before them or by case near each other, in place.

    What is found as ` Plau` may then be written as `Plau`, and `City` answers to `city`, from the start on.
    """
    import torch

    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    numbers = {token: number for number, token in enumerate(tokens)}
    with torch.no_grad():
        embeddings = model.model.embed_tokens.weight
        own = embeddings.clone()
        for number, token in enumerate(tokens):
            bare = token.removeprefix(SPACE)
            if bare == token == token.lower() or not bare:
                continue
            plain = numbers.get(bare.lower(), numbers.get(bare, number))
            mixed = _SHARED * own[plain] + _APART * own[number]
            embeddings[number] = mixed * (own[number].norm() / mixed.norm())


def _draw_directions(count: int, width: int, source: Any) -> Any:
    """Orthonormal rows."""
    import torch

    return torch.linalg.qr(torch.randn(width, count, generator=source))[0].T


def _look_back(
    attention: Any, queries: slice, keys: slice, read: Any, written: Any, places: float, theta: float
) -> None:
    """Biases alone make this head attend so many places back; it writes `read` of that token as `written`."""
    import torch

    size = keys.stop - keys.start
    bias = torch.full((size,), _SHARPNESS / size**0.25)
    attention.k_proj.bias[keys] = bias
    attention.q_proj.bias[queries] = _turn(bias, -places, theta)
    attention.v_proj.weight[keys] = 0.0
    attention.v_proj.weight[keys.start : keys.start + len(read)] = read
    attention.o_proj.weight[:, queries.start : queries.start + len(read)] = _LOOK_BACK_GAIN * written.T


def _turn(vector: Any, places: float, theta: float) -> Any:
    """As rotary embeddings turn a vector that stands so many places on."""
    import torch

    half = len(vector) // 2
    angles = places / theta ** (torch.arange(half) / half)
    first, second = vector[:half], vector[half:]
    return torch.cat(
        [first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()],
    )


def _match(
    attention: Any, queries: slice, keys: slice, own: tuple[Any, Any], others: tuple[Any, Any], slow: Any
) -> None:
    """Compare this token and the one before with the two before others, in the dimensions that hardly turn.

    Two are needed where tokens are few: of the digits 4 1 7 1 9 only 7 1 tells what follows.
    """
    attention.q_proj.weight[queries] = 0.0
    attention.k_proj.weight[keys] = 0.0
    half = len(own[0])
    for number, (mine, other, gain) in enumerate(zip(own, others, (_MATCH_GAIN, _SECOND_GAIN), strict=True)):
        places = slow[number::2][:half]
        attention.q_proj.weight[queries.start + places] = gain * mine
        attention.k_proj.weight[keys.start + places] = gain * other


def _copy(attention: Any, queries: slice, keys: slice, directions: Any) -> None:
    """Write what is found as it is read, so that tied embeddings make it the likeliest next token."""
    attention.v_proj.weight[keys] = directions
    attention.o_proj.weight[:, queries] = _COPY_GAIN * directions.T
