"""Exact masks: whatever is drawn within them is accepted, and forced calls end inside their budget."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.backends.open import open_backend
from serving.call_formats.open import open_call_format
from serving.calls import build_language
from serving.constraint import Constrainer
from serving.vllm.strict import Risks, StrictConstraint, list_tokens
from serving.vocabulary import Vocabulary, read_vocabulary
from training.tiny_model import make_tokenizer

ROOT = Path(__file__).parents[3]

NESTED = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 2, "maxLength": 30},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "Blau ü"]}, "minItems": 1, "maxItems": 4},
        "place": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "properties": {"latitude": {"type": "number"}, "longitude": {"type": "number"}},
                    "required": ["latitude", "longitude"],
                    "additionalProperties": False,
                },
            ]
        },
        "code": {"type": "string", "pattern": "^[A-Z]{3}[0-9]+$"},
    },
    "required": ["title", "tags"],
    "additionalProperties": False,
}
PLAIN = {"type": "object", "properties": {"text": {"type": "string"}, "count": {"type": "integer"}}}


def offer(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TOOLS = [offer("note", NESTED), offer("note_plain", PLAIN), offer("no_arguments", {"type": "object"})]


@pytest.fixture(scope="module")
def constrainer() -> Constrainer:
    tokenizer = make_tokenizer([ROOT.joinpath("README.md").read_text(encoding="utf-8")])
    vocabulary = read_vocabulary(tokenizer, len(tokenizer), (tokenizer.eos_token_id,))
    return Constrainer(vocabulary, open_backend("xgrammar", vocabulary))


@pytest.mark.parametrize("format_name", ["hermes", "special-tokens", "qwen-agent"])
@pytest.mark.parametrize("mode", ["none", "auto", "required", "one"])
@pytest.mark.parametrize("budget", [12, 120])
def test_every_token_of_a_mask_is_accepted(constrainer: Constrainer, format_name: str, mode: str, budget: int) -> None:
    call_format = open_call_format(format_name)
    language = build_language(TOOLS, "required" if mode == "one" else mode, mode != "one", call_format)
    risks = Risks(constrainer.vocabulary)
    for seed in range(2):
        constraint = StrictConstraint(constrainer, risks, language, budget - 1)
        text = draw_answer(constraint, constrainer.vocabulary, random.Random(seed), budget)
        if mode in ("required", "one") and not constraint.is_hopeless:
            answer = call_format.parse(text.decode())
            assert answer.calls, text
            assert not answer.is_cut
            for call in answer.calls:
                function = next(each for each in language.functions if each.name == call.name)
                assert function.find_problem(call.arguments) is None, call


def test_of_many_functions_one_that_does_not_fit_is_cut(constrainer: Constrainer) -> None:
    """To know beforehand, all their grammars would have to be made, while every other answer waits."""
    call_format = open_call_format("hermes")
    long = {"type": "object", "properties": {"text": {"const": "x-" * 200}}, "required": ["text"]}
    tools = [offer("short", PLAIN), *(offer(f"long_{place}", long) for place in range(20))]
    language = build_language(tools, "required", True, call_format)
    constraint = StrictConstraint(constrainer, Risks(constrainer.vocabulary), language, 180)
    begun = b'<tool_call>\n{"name": "long_'
    row = np.zeros(constrainer.vocabulary.mask_words, dtype=np.int32)
    taken = b""
    for _ in range(180):
        constraint.fill(row)
        allowed = list_tokens(row)
        wanted = [token for token in allowed if begun[len(taken) :].startswith(constrainer.vocabulary.tokens[token])]
        token = (wanted if len(taken) < len(begun) and wanted else allowed)[0]
        assert constraint.take(token)
        taken += constrainer.vocabulary.tokens[token]
    assert taken.startswith(begun)
    assert call_format.parse(taken.decode()).is_cut


def draw_answer(constraint: StrictConstraint, vocabulary: Vocabulary, rng: random.Random, budget: int) -> bytes:
    """Draw tokens, those that matter more often, as vLLM would: no second draw."""
    row = np.zeros(vocabulary.mask_words, dtype=np.int32)
    taken: list[int] = []
    while len(taken) < budget and not constraint.is_ended:
        constraint.fill(row)
        allowed = list_tokens(row)
        assert allowed, vocabulary.text(taken)
        leading = [token for token in allowed if token in vocabulary.added_ids or b'"' in vocabulary.tokens[token]]
        token = rng.choice(leading if leading and rng.random() < 0.3 else allowed)
        assert constraint.take(token), (vocabulary.text(taken), vocabulary.tokens[token])
        taken.append(token)
    return vocabulary.text([token for token in taken if token not in vocabulary.end_ids])
