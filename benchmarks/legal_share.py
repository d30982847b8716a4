"""How many answers of a model are legal, per tool_choice and kind, with and without the constraint.

`python -m benchmarks.legal_share [--model FOLDER] [--number 20]`; without --model a randomly initialised one.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import click

from serving.call_formats.open import open_call_format
from serving.calls import CallLanguage, build_language
from serving.embedded.engine import EmbeddedEngine
from serving.embedded.open import EmbeddedOptions, open_embedded
from serving.engine import Generation, Sampling
from tasks.ingest import ingest_documents
from training.tiny_model import make_tiny_model

MODES = ("none", "auto", "required", "named")
EXAMPLES = Path(__file__).parent.parent / "examples"


class Kind(NamedTuple):
    """What one of BFCL's kinds offers."""

    tools: int
    is_parallel: bool


KINDS = {
    "simple": Kind(1, False),
    "multiple": Kind(4, False),
    "parallel": Kind(1, True),
    "parallel_multiple": Kind(4, True),
    "irrelevance": Kind(4, True),
}


def ask_for(tools: list[dict[str, Any]], mode: str, kind: Kind, seed: int) -> CallLanguage:
    """The language of the n-th request of a cell."""
    offered = [tools[(seed * kind.tools + place) % len(tools)] for place in range(kind.tools)]
    named = {"type": "function", "function": {"name": offered[0]["function"]["name"]}}
    return build_language(offered, named if mode == "named" else mode, kind.is_parallel, open_call_format("hermes"))


async def is_legal(engine: EmbeddedEngine, language: CallLanguage, mode: str, temperature: float, seed: int) -> bool:
    """Whether one answer is what its tool_choice allows, complete and valid."""
    prompt = "<|im_start|>user\nPlease help.<|im_end|>\n<|im_start|>assistant\n"
    text, finish = "", None
    async for piece in engine.generate(Generation(prompt, language, 512, Sampling(temperature, seed=seed))):
        text += piece.text
        finish = piece.finish
    answer = language.call_format.parse(text)
    functions = {function.name: function for function in language.functions}
    return (
        not answer.is_cut
        and (mode in ("none", "auto") or bool(answer.calls))
        and (mode != "none" or not answer.calls)
        and (finish == "stop" or not answer.calls)
        and (language.most_calls is None or len(answer.calls) <= language.most_calls)
        and all(
            call.name in functions and functions[call.name].find_problem(call.arguments) is None
            for call in answer.calls
        )
    )


async def measure(folder: Path, is_constrained: bool, number: int, temperature: float) -> None:
    """Print one table."""
    functions = [each for one in ingest_documents([EXAMPLES]) for each in one.functions]
    tools = [each.tool for each in functions if each.state == "accepted"]
    options = EmbeddedOptions(backend="xgrammar" if is_constrained else None, threads=1)
    engine = open_embedded(folder, options).engine
    click.echo(f"\n{'with' if is_constrained else 'without'} the constraint, temperature {temperature:g}")
    click.echo(f"{'tool_choice':<12}" + "".join(f"{kind:>19}" for kind in KINDS))
    for mode in MODES:
        line = f"{mode:<12}"
        for kind in KINDS.values():
            languages = [ask_for(tools, mode, kind, seed) for seed in range(number)]
            verdicts = [is_legal(engine, language, mode, temperature, seed) for seed, language in enumerate(languages)]
            line += f"{sum(await asyncio.gather(*verdicts)) / number:>19.0%}"
        click.echo(line)
    await engine.close()


@click.command()
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="Model folder; none: a random one.")
@click.option("--number", default=20, show_default=True, help="Answers per cell.")
@click.option("--temperature", default=2.0, show_default=True)
def main(model: Path | None, number: int, temperature: float) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        place = model or make_tiny_model(folder)
        for is_constrained in (False, True):
            asyncio.run(measure(place, is_constrained, number, temperature))


if __name__ == "__main__":
    main()
