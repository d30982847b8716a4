"""Conversations become token ids and labels: what the assistant says counts in the loss, its end of turn included.

TRL's own assistant-only loss needs marks in the template that hardly any template has; here every answer is what the
template adds behind the prompt that a server would send.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.errors import TerminalError, UsageError
from training.rows import Conversation, Preference

IGNORED = -100
"""The label of a token that does not count."""
_ROWS_AT_ONCE = 500  # their text and tokens are held at a time

Ids = npt.NDArray[np.int32]
Render = Callable[[list[dict[str, Any]], list[dict[str, Any]], bool], str]


class Piece(NamedTuple):
    """Text of one tokenization."""

    text: str
    is_learnt: bool


class TokenRow(NamedTuple):
    """A sequence as the model sees it."""

    ids: Ids
    labels: Ids
    """The same, or IGNORED."""


class TokenPreference(NamedTuple):
    """Two answers to one prompt."""

    prompt: Ids
    chosen: Ids
    rejected: Ids


def open_render(tokenizer: Any) -> Render:
    """The tokenizer's chat template, told what the server tells it."""

    def render(messages: list[dict[str, Any]], tools: list[dict[str, Any]], asks: bool) -> str:
        return str(
            tokenizer.apply_chat_template(
                messages, tools=tools or None, tokenize=False, add_generation_prompt=asks, enable_thinking=False
            )
        )

    return render


def split_conversation(conversation: Conversation, render: Render, end: str) -> list[list[Piece]]:
    """Cut a conversation where the assistant begins and ends to speak.

    One sequence, unless the template writes earlier turns differently later on: then each such turn becomes a
    sequence of its own, so that every answer is learnt once, behind exactly the prompt that it is served with.

    Args:
        conversation: its assistant messages with `weight` 0 (OpenAI's word) are shown and not learnt.
        render: the chat template.
        end: text of the token that ends a turn.

    Raises:
        TerminalError: the template ends no turn with it, or writes prompts that the whole text does not begin with.
    """
    messages, tools = conversation
    sequences: list[list[Piece]] = []
    pieces: list[Piece] = []
    text = ""
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt = render(messages[:place], tools, True)
        answer = Piece(
            _find_answer(prompt, render(messages[: place + 1], tools, False), end), message.get("weight") != 0
        )
        if pieces and not prompt.startswith(text) and prompt.startswith(text.removesuffix(end)):
            # The turn goes on behind the results of its calls.
            pieces[-1] = pieces[-1]._replace(text=pieces[-1].text.removesuffix(end))
            text = text.removesuffix(end)
        if not pieces or not prompt.startswith(text):
            pieces = []
            sequences.append(pieces)
            text = ""
        pieces += [Piece(prompt[len(text) :], False), answer]
        text = prompt + answer.text
    return [each for each in sequences if any(piece.is_learnt for piece in each)]


def _find_answer(prompt: str, whole: str, end: str) -> str:
    if not whole.startswith(prompt):
        raise TerminalError(
            f"The chat template's prompt {prompt[-60:]!r} is not how the text with its answer begins; use another."
        )
    place = whole.rfind(end, len(prompt))
    if place < 0:
        raise TerminalError(
            f"The chat template ends the assistant's turn with {whole[-30:]!r}; expected '{end}' in it. Set "
            "end_of_turn to the token that it ends turns with."
        )
    return whole[len(prompt) : place + len(end)]


def tokenize_conversations(
    conversations: Iterable[Conversation], tokenizer: Any, end: str
) -> Iterator[tuple[TokenRow, ...]]:
    """The sequences of every conversation, none where nothing is to be learnt.

    Pieces are tokenized apart: an answer begins with a token of its own, as it does when it is generated.
    """
    render = open_render(tokenizer)
    source = iter(conversations)
    while batch := list(islice(source, _ROWS_AT_ONCE)):
        split = [split_conversation(each, render, end) for each in batch]
        ids = iter(_encode([piece.text for row in split for sequence in row for piece in sequence], tokenizer))
        for row in split:
            yield tuple(_join([(next(ids), piece.is_learnt) for piece in sequence]) for sequence in row)


def tokenize_preferences(preferences: Iterable[Preference], tokenizer: Any, end: str) -> Iterator[TokenPreference]:
    """Prompts and answers of every preference; only the last answer is compared."""
    render = open_render(tokenizer)
    source = iter(preferences)
    while batch := list(islice(source, _ROWS_AT_ONCE)):
        pairs = [[split_conversation(each, render, end)[-1] for each in preference] for preference in batch]
        texts = [text for pair in pairs for text in _split_pair(*pair)]
        ids = iter(_encode(texts, tokenizer))
        for _ in pairs:
            yield TokenPreference(next(ids), next(ids), next(ids))


def _split_pair(chosen: Sequence[Piece], rejected: Sequence[Piece]) -> tuple[str, str, str]:
    prompt = "".join(piece.text for piece in chosen[:-1])
    return prompt, chosen[-1].text, rejected[-1].text


def _encode(texts: list[str], tokenizer: Any) -> list[Ids]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise UsageError("The base model's tokenizer has no tokenizer.json; save it with a fast tokenizer.")
    encoded = backend.encode_batch_fast(texts, add_special_tokens=False)
    return [np.asarray(each.ids, dtype=np.int32) for each in encoded]


def _join(parts: Sequence[tuple[Ids, bool]]) -> TokenRow:
    ids = np.concatenate([part for part, _ in parts])
    labels = np.concatenate([part if learnt else np.full_like(part, IGNORED) for part, learnt in parts])
    return TokenRow(ids, labels)
