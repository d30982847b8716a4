"""A model's scores: BFCL by its own harness, the four tiers, or the five kinds; every case of every run is a row."""

from prefect import flow

from flows.synth import synth
from schemas.errors import FellShortError, NoFunctionError
from schemas.evaluation import EvaluationReport, Mode, Suite
from schemas.evaluation_options import EvaluationOptions, FolderServing, Origin, SamplingChoice, describe_evaluation
from schemas.report import SynthReport
from schemas.settings import EvaluateSettings, load_settings
from tasks.evaluation_run import open_evaluation
from tasks.evaluation_suite import evaluate_model, prepare_suite
from tasks.own_samples import MadeSamples, own_mix
from tasks.report_evaluation import report_evaluation
from tasks.targets import look_at_targets


@flow(name="evaluate", flow_run_name="{suite}: {model}", persist_result=False)
async def evaluate(
    model: str,
    suite: Suite = "tiers",
    against: list[str] | None = None,
    apis: list[str] | None = None,
    origin: Origin = "all",
    own_samples: int = 100,
    categories: str = "all",
    mode: Mode = "fc",
    limit: int | None = None,
    sampling: SamplingChoice = "greedy",
    repeats: int = 1,
    max_tokens: int | None = None,
    serving: FolderServing | None = None,
    occurrence: str | None = None,
    out: str | None = None,
) -> EvaluationReport:
    """Score a model, and those it is compared with.

    Args:
        model: address, URL=model, folder, FOLDER@none (without token masks), or name of a server that `callmill serve`
            runs.
        suite: bfcl: the official harness; tiers: the four tiers; kinds: the five kinds over own documents.
        against: more models, each URL=model, a folder or FOLDER@none.
        apis: tiers, kinds: the user's own documents; samples of their test split are made first.
        origin: tiers: public, own or all.
        own_samples: tiers, kinds: how many samples are made.
        categories: bfcl: names of categories or groups, with commas.
        mode: bfcl: fc or prompt.
        limit: at most so many cases of each category.
        sampling: greedy, sampled or both.
        repeats: draws of each case under each sampling.
        max_tokens: of each answer; none: the endpoint's own.
        serving: how a folder is served.
        occurrence: makes this a new job each time it changes; a deployment's run takes its scheduled date.
        out: the HTML report's file.

    Raises:
        TerminalError: nothing answers, or nothing could be scored.
        FellShortError: some cases got no answer; what there is has been reported.
    """
    max_tokens = max_tokens or load_settings(EvaluateSettings).max_tokens
    words = (suite, mode, categories, origin, own_samples, limit, sampling, repeats, max_tokens, serving)
    options = describe_evaluation([model, *(against or [])], *words)
    targets = await look_at_targets(options)
    prepared = await prepare_suite(options, await _make_own_samples(options, apis or []))
    async with open_evaluation(options, targets, prepared.name, occurrence) as run:
        for target in targets:
            async with run.ask(target) as contestant:
                await evaluate_model(run, contestant, prepared)
        return await report_evaluation(run, prepared, out)


async def _make_own_samples(options: EvaluationOptions, apis: list[str]) -> MadeSamples:
    """Samples of the test split from the user's documents; fewer than wanted, or none, are noted in the report."""
    mix = own_mix(options)
    if not apis or mix is None:
        return MadeSamples()
    try:
        made: SynthReport = await synth(apis, options.own_samples, mix, split="test")
    except NoFunctionError as error:
        if options.suite == "tiers" and options.origin == "all":
            return MadeSamples(problem=str(error))  # the public tiers are asked all the same
        raise
    except FellShortError as error:
        if not isinstance(error.report, SynthReport):
            raise
        return MadeSamples(error.report)
    return MadeSamples(made)
