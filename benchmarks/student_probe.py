"""How good a small base model is as a base for calling: fine-tuned for minutes, scored on functions it has not seen.

`python -m benchmarks.student_probe BASE --train TRAIN.jsonl --test TEST.jsonl [--minutes 3]`, the two files made by
`callmill synth --apis examples --split train|test`. `--minutes 0` scores the folder as it is.
"""

import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import click
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from eval.bfcl.judge import judge
from eval.tiers.own_cases import OwnSample, case_from_sample
from schemas.evaluation import Given, GivenCall
from schemas.sample import Call, Kind
from serving.call_formats.open import open_call_format
from serving.calls import build_language
from serving.embedded.open import EmbeddedOptions, OpenedEngine, open_embedded
from serving.engine import Generation, Sampling
from training.base_model import save_base
from training.pretrain import PretrainPlan, pretrain
from training.row_batches import ReadRows, TokenRow

KINDS: tuple[Kind, ...] = ("simple", "multiple", "parallel", "parallel_multiple", "irrelevance")
_FORMAT = open_call_format("hermes")


class Answered(NamedTuple):
    """One case's answer and whether it is right."""

    kind: Kind
    text: str
    is_right: bool


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of an export in OpenAI chat form."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def as_tokens(row: dict[str, Any], tokenizer: Any) -> TokenRow:
    """The conversation in the model's own template; the last answer and its end are learnt."""
    prompt = _FORMAT.render(row["messages"][:-1], row["tools"], tokenizer)
    whole = tokenizer.apply_chat_template(row["messages"], tools=row["tools"], tokenize=False).rstrip("\n")
    before, answer = (tokenizer(text).input_ids for text in (prompt, whole.removeprefix(prompt)))
    return TokenRow(before + answer, [False] * len(before) + [True] * len(answer))


def repeat_rows(rows: Sequence[TokenRow], seed: int) -> ReadRows:
    """The rows again and again, in a new order each time."""

    def read(start: int) -> Iterator[TokenRow]:
        number = start
        while True:
            order = list(range(len(rows)))
            random.Random(f"{seed}/{number // len(rows)}").shuffle(order)
            for place in order[number % len(rows) :]:
                yield rows[place]
                number += 1

    return read


def tune(base: Path, rows: list[dict[str, Any]], minutes: float, learning_rate: float, folder: Path) -> None:
    """Fine-tune all weights, the rate falling over the last half."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    tokens = [as_tokens(row, tokenizer) for row in rows]
    half = minutes * 60 * _measure_speed(model, tokens) / 2
    plan = PretrainPlan(
        tokens=10**12,
        cooldown_tokens=int(half),
        warmup_tokens=30_000,
        learning_rate=learning_rate,
        batch_tokens=8_000,
    )
    pretrain(
        model,
        repeat_rows(tokens, plan.seed),
        plan,
        folder=folder / "training",
        report=lambda progress: click.echo(str(progress)),
        time_limit_s=minutes * 60 + 30,
    )
    save_base(model, tokenizer, folder)


def _measure_speed(model: Any, rows: Sequence[TokenRow]) -> float:
    """Tokens per second of a few steps on a copy."""
    import copy

    plan = PretrainPlan(tokens=48_000, cooldown_tokens=1, learning_rate=0.0, batch_tokens=8_000)
    with tempfile.TemporaryDirectory() as folder:
        reported: list[float] = []
        pretrain(
            copy.deepcopy(model),
            repeat_rows(rows, 0),
            plan,
            folder=Path(folder),
            report=lambda progress: reported.append(progress.tokens_per_s),
        )
    return reported[-1]


async def answer(opened: OpenedEngine, row: dict[str, Any]) -> Answered:
    """Ask one case and judge what comes."""
    *messages, last = row["messages"]
    calls = tuple(
        Call(name=each["function"]["name"], arguments=json.loads(each["function"]["arguments"]))
        for each in last.get("tool_calls") or ()
    )
    sample = OwnSample(
        sample_id=row["sample_id"],
        kind=row["kind"],
        language=row["language"],
        split="test",
        query=messages[-1]["content"],
        tools=tuple(row["tools"]),
        messages=tuple(messages),
        calls=calls,
        function_ids=(),
    )
    language = build_language(row["tools"], "auto", True, _FORMAT)
    prompt = _FORMAT.render(messages, row["tools"], opened.loaded.tokenizer)
    text = ""
    async for piece in opened.engine.generate(Generation(prompt, language, 400, Sampling(temperature=0))):
        text += piece.text
    parsed = _FORMAT.parse(text)
    given = Given(
        calls=tuple(GivenCall(name=call.name, arguments=call.arguments) for call in parsed.calls),
        text=parsed.content,
    )
    return Answered(sample.kind, text, judge(case_from_sample(sample), given).verdict.valid is True)


async def score(folder: Path, rows: list[dict[str, Any]], is_constrained: bool) -> list[Answered]:
    """All answers of one model."""
    opened = open_embedded(folder, EmbeddedOptions(backend="xgrammar" if is_constrained else None))
    answers = await asyncio.gather(*(answer(opened, row) for row in rows))
    await opened.engine.close()
    return answers


def show(label: str, answers: list[Answered], seconds: float) -> None:
    """One line: right answers per kind and their mean."""
    asked, right = Counter(each.kind for each in answers), Counter(each.kind for each in answers if each.is_right)
    shares = {kind: right[kind] / asked[kind] for kind in KINDS if asked[kind]}
    cells = " ".join(f"{kind} {share:.2f}" for kind, share in shares.items())
    click.echo(f"{label}: {cells} mean {sum(shares.values()) / len(shares):.3f} ({seconds:.0f} s)")


def take(rows: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The first rows of each kind."""
    return [row for kind in get_args(Kind) for row in [each for each in rows if each["kind"] == kind][:number]]


@click.command()
@click.argument("base", type=click.Path(exists=True, path_type=Path))
@click.option("--train", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--test", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--minutes", default=3.0, show_default=True, help="Of fine-tuning; 0: none.")
@click.option("--learning-rate", default=1e-3, show_default=True)
@click.option("--number", default=40, show_default=True, help="Cases per kind.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the tuned model in this folder.")
@click.option("--wrong", default=0, show_default=True, help="Show so many wrong answers.")
def main(
    base: Path,
    train: Path,
    test: Path,
    minutes: float,
    learning_rate: float,
    number: int,
    keep: Path | None,
    wrong: int,
) -> None:
    """Fine-tune, score, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = base
        if minutes:
            folder = keep or Path(temporary)
            tune(base, read_rows(train), minutes, learning_rate, folder)
        rows = take(read_rows(test), number)
        for is_constrained in (False, True):
            started = time.monotonic()
            answers = asyncio.run(score(folder, rows, is_constrained))
            show("constrained" if is_constrained else "free", answers, time.monotonic() - started)
        for row, each in [pair for pair in zip(rows, answers, strict=True) if not pair[1].is_right][:wrong]:
            click.echo(f"\n{each.kind}: {row['messages'][0]['content']}\n{row['messages'][-1]}\n-> {each.text}")


if __name__ == "__main__":
    main()
