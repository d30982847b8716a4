"""Supervised training, then rounds: the model answers cases it may learn from, its wrong answers become pairs, DPO."""

from prefect import flow

from flows.synth import synth
from flows.train import train
from schemas.errors import FellShortError
from schemas.job import DEFAULT_MIX
from schemas.preferences import RoundsReport
from schemas.report import SynthReport
from schemas.serve import BackendChoice, EngineName
from tasks.preferences_run import make_preferences
from tasks.rounds_plan import plan_rounds
from tasks.rounds_practice import PRACTICE, practise
from tasks.rounds_report import report_rounds
from tasks.rounds_run import open_rounds


@flow(name="rounds", flow_run_name="{config}, {rounds} rounds", persist_result=False)
async def rounds(
    config: str,
    dpo_config: str,
    rounds: int = 1,
    changes: list[str] | None = None,
    data: str | None = None,
    dpo_changes: list[str] | None = None,
    apis: list[str] | None = None,
    cases: int = 100,
    samples: int = 100,
    draws: int = 1,
    teacher: str | None = None,
    engine: EngineName = "embedded",
    backend: BackendChoice = "none",
    max_tokens: int = 512,
    seed: int = 1000,
    occurrence: str | None = None,
    out: str | None = None,
) -> RoundsReport:
    """Train as the first config says, then as often as wanted: practise, pair, prefer, score.

    Args:
        config: YAML of the supervised training, such as training/configs/tiny/lora.yaml.
        dpo_config: YAML of every round's DPO; base model, data and output are the round's own.
        rounds: how often.
        changes: knob=value over what the first config says.
        data: folder of a data set instead of the first config's last source; newest: the one that `synth` wrote last.
        dpo_changes: knob=value over what the second says.
        apis: documents whose functions are practised on (train split) and scored on (test split); none: those that
            the data sets were made from.
        cases: that are practised on in a round, other ones each time.
        samples: cases that every model is scored on.
        draws: answers to each practice case; above 1 the model's own right answers are preferred (rejection sampling).
        teacher: folder of an earlier checkpoint; it practises too, and its right answers are preferred.
        engine: that serves models in practice.
        backend: of their token masks; none: free of the grammar, so that they can go wrong at all.
        max_tokens: of an answer in practice.
        seed: of the practice cases; another than the training data's.
        occurrence: makes this a new job each time it changes.
        out: folder of the models and pairs; none: below the home folder.

    Raises:
        TerminalError: a training failed, or a model cannot be served.
        FellShortError: some cases got no answer; the same command goes on.
    """
    plan, asked = plan_rounds(
        config, changes or [], data, dpo_config, dpo_changes or [], apis or [], engine, backend,
        rounds=rounds, cases=cases, samples=samples, draws=draws, teacher=teacher, max_tokens=max_tokens, seed=seed,
    )  # fmt: skip
    async with open_rounds(asked, plan, occurrence, out) as run:
        documents = list(run.apis)
        run.add_first(await train(config, run.first_changes, apis=documents, samples=samples))
        for number in run.numbers:
            practice = await practise(run, await _draw_cases(documents, cases, seed + number))
            pairs = await make_preferences(run.pairs_of(number, practice))
            if pairs.folder is None:
                run.add_round(number, practice, pairs, None)
                break
            changes = run.dpo_changes(number, pairs)
            trained = await train(dpo_config, changes, apis=documents, samples=samples)
            run.add_round(number, practice, pairs, trained)
        return await report_rounds(run)


async def _draw_cases(apis: list[str], cases: int, seed: int) -> SynthReport:
    """Samples of the train split; fewer than wanted are enough to practise on."""
    try:
        made: SynthReport = await synth(apis, cases, DEFAULT_MIX, split="train", seed=seed, occurrence=PRACTICE)
    except FellShortError as error:
        if not isinstance(error.report, SynthReport):
            raise
        return error.report
    return made
