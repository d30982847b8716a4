"""What legality costs: the embedded engine with no constraint and with each back end, schemas cold and warm.

One randomly initialised model, the same prompts and limits. Every function begins with a free string, which hardly ever
closes by itself among so many tokens, so that all answers run to their limit; the table shows how many tokens.
`python -m benchmarks.serving_speed [--size small] [--vocabulary 131072] [--tokens 96]`
"""

import asyncio
import statistics
import tempfile
import time
from typing import Any, NamedTuple

import click

from benchmarks.random_tools import plain_tool, widen_vocabulary
from serving.backends.backend import BackendName
from serving.backends.open import open_backend
from serving.call_formats.open import open_call_format
from serving.calls import CallLanguage, build_language
from serving.constraint import Constrainer
from serving.embedded.engine import EmbeddedEngine
from serving.embedded.load import LoadedModel, load_model
from serving.engine import Generation, Sampling
from training.tiny_model import Size, make_tiny_model

BACKENDS: tuple[BackendName, ...] = ("xgrammar", "llguidance", "lm-format-enforcer")


class Speed(NamedTuple):
    """Of one run of the batch."""

    tokens: int
    tokens_per_s: float
    ms_per_token: float
    """Between a request's tokens, the median of requests."""
    first_token_ms: float
    """The median of requests."""


async def run_batch(engine: EmbeddedEngine, generations: list[Generation]) -> Speed:
    """All at once; each text is made to its limit."""
    tokens, gaps, firsts = 0, [], []
    began = time.perf_counter()

    async def one(generation: Generation) -> None:
        nonlocal tokens
        first, count = 0.0, 0
        async for piece in engine.generate(generation):
            first = first or time.perf_counter()
            count += piece.tokens
        tokens += count
        firsts.append((first - began) * 1e3)
        gaps.append((time.perf_counter() - first) * 1e3 / max(1, count - 1))

    await asyncio.gather(*map(one, generations))
    return Speed(tokens, tokens / (time.perf_counter() - began), statistics.median(gaps), statistics.median(firsts))


def open_engine(loaded: LoadedModel, backend: BackendName | None) -> EmbeddedEngine:
    """An engine with an empty memory of schemas; None: without a constraint."""
    if backend is None:
        return EmbeddedEngine(loaded)
    constrainer = Constrainer(loaded.vocabulary, open_backend(backend, loaded.vocabulary))
    return EmbeddedEngine(loaded, constraints=constrainer.open)


def languages(number: int, tools_each: int) -> list[CallLanguage]:
    """Requests that must call, each with tools of its own."""
    hermes = open_call_format("hermes")
    offers = [[_with_text(plain_tool(100 * each + tool)) for tool in range(tools_each)] for each in range(number)]
    return [build_language(tools, "required", True, hermes) for tools in offers]


def _with_text(tool: dict[str, Any]) -> dict[str, Any]:
    parameters = tool["function"]["parameters"]
    parameters["properties"] = {"text": {"type": "string"}, **parameters["properties"]}
    parameters["required"] = ["text", *parameters["required"]]
    return tool


async def compare(loaded: LoadedModel, requests: int, tokens: int, rounds: int) -> None:
    """Print a line per back end; the runs take turns, so that a busy moment hits all alike."""
    prompt = "<|im_start|>user\nBook the cheapest flight to Rome tomorrow.<|im_end|>\n<|im_start|>assistant\n"
    offered = languages(requests, 4)
    sampling = [Sampling(temperature=1.0, seed=each) for each in range(requests)]
    generations = [Generation(prompt, language, tokens, each) for language, each in zip(offered, sampling, strict=True)]
    kinds: list[BackendName | None] = [None, *BACKENDS]
    engines = {kind: open_engine(loaded, kind) for kind in kinds}
    cold = {kind: await run_batch(engines[kind], generations) for kind in kinds}
    warm: dict[BackendName | None, list[Speed]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            warm[kind].append(await run_batch(engines[kind], generations))
    bare = statistics.median(speed.tokens_per_s for speed in warm[None])
    click.echo(
        f"\n{requests} requests at once, {tokens} tokens each   cold tokens/s   warm tokens/s   ms/token   of bare"
    )
    for kind in kinds:
        rate = statistics.median(speed.tokens_per_s for speed in warm[kind])
        gap = statistics.median(speed.ms_per_token for speed in warm[kind])
        name = kind or "no constraint"
        made = warm[kind][-1].tokens
        click.echo(
            f"{name:<44} {made:>6} {cold[kind].tokens_per_s:>15.0f} {rate:>15.0f} {gap:>10.2f} {rate / bare:>9.1%}"
        )
        await engines[kind].close()


async def first_token(loaded: LoadedModel, backend: BackendName) -> None:
    """128 tools of 20 parameters, none of them seen before."""
    tools = [plain_tool(50_000 + number) for number in range(128)]
    hermes = open_call_format("hermes")
    constrainer = Constrainer(loaded.vocabulary, open_backend(backend, loaded.vocabulary))
    row = loaded.vocabulary.row([])
    parts = []
    for _ in range(2):
        began = time.perf_counter()
        constraint = constrainer.open(build_language(tools, "required", True, hermes), 256)
        constraint.forced(256)
        constraint.mask(row)
        parts.append((time.perf_counter() - began) * 1e3)
    click.echo(
        f"{backend:<22} first token, 128 tools of 20 parameters: {parts[0]:6.1f} ms cold, {parts[1]:5.1f} ms warm"
    )


@click.command()
@click.option("--size", type=click.Choice(["tiny", "small", "100m"]), default="small", show_default=True)
@click.option("--vocabulary", default=131_072, show_default=True, help="0: the tokenizer's own 4,000.")
@click.option("--tokens", default=96, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--requests", multiple=True, type=int, default=(1, 16), show_default=True)
def main(size: Size, vocabulary: int, tokens: int, rounds: int, requests: tuple[int, ...]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_tiny_model(folder, size=size, logits=vocabulary or None)
        loaded = load_model(widen_vocabulary(made, vocabulary) if vocabulary else made)
        click.echo(f"model {size}, {loaded.vocabulary.size} tokens in the vocabulary")
        for backend in BACKENDS:
            asyncio.run(first_token(loaded, backend))
        for number in requests:
            asyncio.run(compare(loaded, number, tokens, rounds))


if __name__ == "__main__":
    main()
