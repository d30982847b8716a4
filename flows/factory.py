"""The whole line: API documents in, an evaluated model out, minutes and cost per stage."""

from prefect import flow

from flows.evaluate import evaluate
from flows.synth import synth
from flows.train import train
from schemas.factory import FactoryReport
from schemas.job import DEFAULT_MIX
from schemas.serve import EngineName
from tasks.factory_plan import describe_factory
from tasks.factory_run import open_factory, report_factory


@flow(name="factory", flow_run_name="{config}, {samples} samples", persist_result=False)
async def factory(
    apis: list[str],
    config: str,
    samples: int = 500,
    mix: str = DEFAULT_MIX,
    seed: int = 0,
    changes: list[str] | None = None,
    test_samples: int = 100,
    engine: EngineName = "embedded",
    budget_usd: float | None = None,
    gpu_usd_per_hour: float | None = None,
    occurrence: str | None = None,
    out: str | None = None,
) -> FactoryReport:
    """Write samples for the documents, train on them, and score the model and its base on functions held out.

    Args:
        apis: files and folders of OpenAPI documents or OpenAI tools lists.
        config: YAML of the training, such as training/configs/tiny/demo.yaml; its last data source is the new data set.
        samples: how many samples to train on.
        mix: weights of their kinds.
        seed: another seed, other candidates.
        changes: knob=value over what the config says.
        test_samples: cases of the test split, which no training sees.
        engine: that serves the models while they are asked.
        budget_usd: stop writing samples before spending more.
        gpu_usd_per_hour: price of one GPU; none: machines count nothing.
        occurrence: makes this a new job each time it changes; a deployment's run takes its scheduled date.
        out: the HTML report's file.

    Raises:
        FellShortError: fewer samples were accepted than wanted.
        TerminalError: the training failed, or a model cannot be served.
    """
    asked = describe_factory(apis, config, samples, mix, seed, changes or [], test_samples, engine, gpu_usd_per_hour)
    async with open_factory(asked, occurrence) as run:
        with run.timed("synth"):
            made = await synth(apis, samples, mix, seed=seed, budget_usd=budget_usd, occurrence=run.job.occurrence)
        with run.timed("train"):
            changed = run.training_changes(made)
            trained = await train(config, changed, made.dataset_path, is_evaluated=False)
        with run.timed("evaluate"):
            first, *others = run.contestants(trained.training)
            scored = await evaluate(
                first,
                "kinds",
                against=others,
                apis=apis,
                own_samples=test_samples,
                serving=run.serving(trained.training),
                out=out,
            )
        return await report_factory(run, made, trained.training, scored)
