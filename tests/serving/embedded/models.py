"""What the engine's tests share: models, requests, and the answers that transformers gives by itself."""

import codecs
import random
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from serving.call_formats.open import open_call_format
from serving.calls import CallLanguage
from serving.embedded.engine import EmbeddedEngine
from serving.embedded.forward import Forward
from serving.embedded.job import Job, open_job
from serving.embedded.load import LoadedModel
from serving.embedded.protocol import TokenConstraint
from serving.embedded.scheduler import Limits, Result, Scheduler
from serving.engine import FinishReason, Generation, Sampling

WORDS = ("weather", '{"name": ', "世界", " flight", "1234", "The city", "<tool_call>", " hotel", "北京", "\n")
GREEDY = Sampling(temperature=0)
FREE = CallLanguage(open_call_format("hermes"), (), True, 0)


def make_model(model_type: str, vocabulary: int, **options: Any) -> Any:
    """A model of this kind; wide weights, so that its likeliest tokens vary."""
    sizes = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = AutoConfig.for_model(
        model_type,
        vocab_size=vocabulary + 5,
        num_key_value_heads=2,
        head_dim=12,
        initializer_range=0.2,
        eos_token_id=7,
        **sizes,
        **({"sliding_window": None} | options if model_type == "mistral" else options),
    )
    torch.manual_seed(3)
    maker: Any = AutoModelForCausalLM  # untyped in transformers
    return maker.from_config(config, dtype=torch.float32).eval()


def random_prompt(source: random.Random, most_words: int = 60) -> str:
    return "".join(source.choices(WORDS, k=source.randint(1, most_words)))


def generate_alone(loaded: LoadedModel, prompt: str, most_tokens: int) -> list[int]:
    """The likeliest answer, as `model.generate` makes it for one prompt."""
    ids = torch.tensor([loaded.tokenise(prompt)])
    made = loaded.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=most_tokens,
        do_sample=False,
        eos_token_id=list(loaded.vocabulary.end_ids),
        pad_token_id=0,
    )
    tokens: list[int] = made[0, ids.shape[1] :].tolist()
    return tokens


def spell(loaded: LoadedModel, tokens: list[int]) -> str:
    """Their text as the engine tells it: the last character only if it is whole."""
    text = b"".join(loaded.vocabulary.tokens[token] for token in tokens)
    return codecs.getincrementaldecoder("utf-8")(errors="replace").decode(text)


def make_scheduler(loaded: LoadedModel, **limits: int) -> Scheduler:
    return Scheduler(Forward(loaded.model), loaded.vocabulary, Limits(**limits), loaded.context_length)


def make_job(
    loaded: LoadedModel,
    prompt: str,
    most_tokens: int,
    sampling: Sampling = GREEDY,
    constraint: TokenConstraint | None = None,
    stop: tuple[str, ...] = (),
) -> Job:
    generation = Generation(prompt, FREE, most_tokens, sampling, stop)
    return open_job(generation, list(loaded.tokenise(prompt)), most_tokens, constraint, loaded.vocabulary)


@torch.inference_mode()
def run_all(scheduler: Scheduler, arrivals: Sequence[tuple[int, Job]]) -> list[Result]:
    """Step until all is done; each job arrives before the step of its number."""
    coming = sorted(arrivals, key=lambda pair: pair[0])
    results: list[Result] = []
    step = 0
    while coming or scheduler.has_work:
        while coming and coming[0][0] <= step:
            scheduler.waiting.append(coming.pop(0)[1])
        results += scheduler.step()
        step += 1
    return results


async def ask(
    engine: EmbeddedEngine, prompt: str, most_tokens: int = 8, sampling: Sampling = GREEDY, stop: tuple[str, ...] = ()
) -> tuple[str, int, FinishReason | None]:
    """Text, tokens and reason of a whole answer."""
    text, tokens, finish = "", 0, None
    async for piece in engine.generate(Generation(prompt, FREE, most_tokens, sampling, stop)):
        assert finish is None
        text, tokens, finish = text + piece.text, tokens + piece.tokens, piece.finish
    return text, tokens, finish
