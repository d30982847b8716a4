"""A model out of data sets, and its scores beside the base's, without anyone asking."""

from pathlib import Path

from prefect import flow

from flows.evaluate import evaluate
from schemas.evaluation import Suite
from schemas.evaluation_options import FolderServing
from schemas.train_report import TrainReport
from tasks.train_model import train_model
from tasks.training_plan import place_data, read_plan
from tasks.training_run import evaluation_of, open_training


@flow(name="train", flow_run_name="{config}", persist_result=False)
async def train(
    config: str,
    changes: list[str] | None = None,
    data: str | None = None,
    apis: list[str] | None = None,
    suite: Suite = "kinds",
    samples: int = 100,
    is_evaluated: bool = True,
    occurrence: str | None = None,
) -> TrainReport:
    """Train as a config says, then score the model and its base.

    Args:
        config: YAML, such as training/configs/tiny/lora.yaml.
        changes: knob=value over what the file says, such as epochs=1.
        data: folder of a data set instead of the config's last source; newest: the one that `synth` wrote last.
        apis: documents whose functions of the test split are asked; none: those that the data sets were made from.
        suite: that scores the model.
        samples: cases made from the documents.
        is_evaluated: whether it is scored at all.
        occurrence: makes this a new job each time it changes.

    Raises:
        TerminalError: the training failed, or the model cannot be served.
    """
    plan = read_plan(config, place_data(Path(config), changes or [], data))
    async with open_training(plan, occurrence) as run:
        training = await train_model(run)
    if not is_evaluated:
        return TrainReport(training=training, evaluation=None)
    asked = evaluation_of(run, training, apis or [], suite)
    evaluation = await evaluate(
        asked.model,
        asked.suite,
        against=list(asked.against),
        apis=list(asked.apis),
        own_samples=samples,
        serving=FolderServing(call_format=training.config.call_format),
    )
    return TrainReport(training=training, evaluation=evaluation)
