"""The tokenizer a model is trained with: chat template, end of turn, new tokens; and where their embeddings start.

`<tool_call>{"name": "` as one token starts as the mean of the embeddings of `<tool_call>`, `{"`, `name`, … or of the
tokens that the config names.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import UsageError
from schemas.training import NewToken, TrainConfig

_TEMPLATES = Path(__file__).parent / "chat_templates"
_TEMPLATE_FILES = {
    "hermes": "hermes.jinja",
    "special-tokens": "special_tokens.jinja",
    "qwen-agent": "qwen_agent.jinja",
}
_WIDTH = 64  # embeddings grow to a multiple of it, as tensor cores like


class Start(NamedTuple):
    """Where a new token's embedding starts."""

    token: int
    mean_of: tuple[int, ...]


class Tokens(NamedTuple):
    """What was done to the tokenizer."""

    tokenizer: Any
    starts: tuple[Start, ...]
    trained: tuple[int, ...]
    """New ones and those of the base that are to be trained under LoRA."""


def open_tokenizer(config: TrainConfig, folder: str) -> Tokens:
    """Load the base's tokenizer and change it as the config says.

    Args:
        config: of the run.
        folder: where the tokenizer is.

    Raises:
        UsageError: there is no tokenizer, or the config names a token or file that is not there.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"{folder} holds no tokenizer that can be loaded ({str(error).splitlines()[0]}); save one into it."
        ) from None
    if len(tokenizer) <= len(tokenizer.added_tokens_decoder):
        raise UsageError(f"{folder} holds no tokenizer; save the base model's into it.")
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(f"The tokenizer of {folder} has no tokenizer.json; save it with a fast tokenizer.")
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    starts = add_tokens(tokenizer, config.new_tokens)
    if config.end_of_turn is not None:
        _find_token(tokenizer, config.end_of_turn, "end_of_turn")
        tokenizer.eos_token = config.end_of_turn
    if tokenizer.eos_token is None:
        raise UsageError(f"The tokenizer of {folder} names no end; set end_of_turn to the token that ends an answer.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.chat_template = _read_template(config, tokenizer)
    named = tuple(_find_token(tokenizer, text, "trained_tokens") for text in config.trained_tokens)
    trained = tuple(dict.fromkeys([*(start.token for start in starts), *named]))
    return Tokens(tokenizer, starts, trained)


def add_tokens(tokenizer: Any, tokens: Sequence[NewToken]) -> tuple[Start, ...]:
    """Give the tokenizer new tokens; those it has already stay as they are, embeddings included.

    Raises:
        UsageError: a text that an embedding is to start from has no token.
    """
    from transformers import AddedToken

    known = tokenizer.get_vocab()
    new = [each for each in tokens if each.text not in known]
    # Before any is added: the spelling by the tokens that there were.
    means = [_spell(tokenizer, each) for each in new]
    for each in new:
        added = AddedToken(each.text, special=each.is_special, normalized=False)
        tokenizer.add_tokens([added], special_tokens=each.is_special)
    return tuple(Start(tokenizer.convert_tokens_to_ids(each.text), mean) for each, mean in zip(new, means, strict=True))


def start_embeddings(model: Any, starts: Sequence[Start], tokens: int) -> bool:
    """Put the new rows where they start, in the output layer too where that is one of its own.

    Args:
        model: gains rows where it has fewer than there are tokens; spare ones are used first.
        starts: of the new tokens.
        tokens: of the tokenizer.

    Returns:
        Whether the model grew.
    """
    import torch

    layer = model.get_input_embeddings()
    grows = bool(layer.weight.shape[0] < tokens)
    if grows:
        model.resize_token_embeddings(tokens, pad_to_multiple_of=_WIDTH, mean_resizing=False)
    weights = [model.get_input_embeddings().weight]
    head = model.get_output_embeddings()
    if head is not None and head.weight is not weights[0]:
        weights.append(head.weight)
    with torch.no_grad():
        for weight in weights:
            for start in starts:
                weight[start.token] = weight[list(start.mean_of)].float().mean(0).to(weight.dtype)
    return grows


def _spell(tokenizer: Any, token: NewToken) -> tuple[int, ...]:
    texts = token.mean_of or (token.text,)
    ids = [number for text in texts for number in tokenizer.encode(text, add_special_tokens=False)]
    if not ids:
        raise UsageError(
            f"The new token '{token.text}' starts from {list(texts)}, which has no token; name other text."
        )
    return tuple(ids)


def _find_token(tokenizer: Any, text: str, knob: str) -> int:
    number = tokenizer.get_vocab().get(text)
    if number is None:
        raise UsageError(f"{knob} names '{text}', which the tokenizer does not have; list it under new_tokens.")
    return int(number)


def _read_template(config: TrainConfig, tokenizer: Any) -> str:
    if config.chat_template is None and config.call_format == "hermes" and tokenizer.chat_template:
        return str(tokenizer.chat_template)
    path = Path(config.chat_template or _TEMPLATES / _TEMPLATE_FILES[config.call_format])
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The chat template {path} can't be read ({error.strerror}); name a Jinja file.") from None
