"""Run a flow from the command line: on the shared local server, in this process, with bars on the terminal."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from flows.local.server import answers, start_server, wait_for_server
from schemas.chat_data import ChatSynthReport, describe_chat_options
from schemas.errors import UsageError
from schemas.evaluation import EvaluationReport
from schemas.evaluation_options import describe_evaluation
from schemas.factory import FactoryReport
from schemas.general import GeneralReport, describe_general
from schemas.job import DEFAULT_MIX, describe_options
from schemas.preferences import RoundsReport
from schemas.report import SynthReport
from schemas.settings import EvaluateSettings, Settings, load_settings, load_teacher
from schemas.train_report import TrainReport
from tasks.export import refuse_foreign
from tasks.factory_plan import describe_factory
from tasks.general_plan import plan_general
from tasks.ingest import find_documents
from tasks.official_plan import plan_official
from tasks.read_chats import find_chat_files
from tasks.rounds_plan import plan_rounds
from tasks.targets import find_targets
from tasks.training_plan import estimate, place_data, read_plan

R = TypeVar("R")


def run_synth(apis: list[str], mix: str | None, **options: Any) -> SynthReport:
    """Run the `synth` flow here.

    Raises:
        FellShortError: carries the report of what there is.
        CallmillError: anything else that a person can mend.
    """
    # What is wrong with the words is said at once, not after the server has started.
    words = {**options, "mix": mix or DEFAULT_MIX, "out": str(options["out"]) if options.get("out") else None}
    describe_options(
        words["samples"], words["mix"], words["language"], words["split"], words["seed"], words["judge_draws"]
    )
    find_documents([Path(api) for api in apis])
    if words["out"]:
        refuse_foreign(Path(words["out"]))
    load_teacher()

    def start() -> Coroutine[Any, Any, SynthReport]:
        from flows.synth import synth

        running: Coroutine[Any, Any, SynthReport] = synth(apis, **words)
        return running

    return _run_flow(start)


def run_evaluation(models: list[str], apis: list[str], **options: Any) -> EvaluationReport:
    """Run the `evaluate` flow here; the first model is compared with the others.

    Raises:
        FellShortError: carries the report of what there is.
        CallmillError: anything else that a person can mend.
    """
    words = ("suite", "mode", "categories", "origin", "own_samples", "limit", "sampling", "repeats", "max_tokens")
    described = describe_evaluation(models, *(options[word] for word in (*words, "serving")))
    find_documents([Path(api) for api in apis])
    load_teacher()
    if described.suite == "kinds" and not apis:
        raise UsageError("The five kinds are asked over your own documents; give them by --apis.")
    if described.suite == "bfcl" and apis:
        raise UsageError("BFCL brings its own functions; leave out --apis, or take --suite tiers or kinds.")
    if described.suite == "bfcl":
        plan_official(described)
    find_targets(described.targets, load_settings(Settings), load_settings(EvaluateSettings))

    def start() -> Coroutine[Any, Any, EvaluationReport]:
        from flows.evaluate import evaluate

        running: Coroutine[Any, Any, EvaluationReport] = evaluate(models[0], against=models[1:], apis=apis, **options)
        return running

    return _run_flow(start)


def run_training(config: str, changes: list[str], data: str | None, apis: list[str], **options: Any) -> TrainReport:
    """Run the `train` flow here.

    Raises:
        CallmillError: what a person can mend.
    """
    read_plan(config, place_data(Path(config), changes, data))
    find_documents([Path(api) for api in apis])

    def start() -> Coroutine[Any, Any, TrainReport]:
        from flows.train import train

        running: Coroutine[Any, Any, TrainReport] = train(config, changes, data, apis, **options)
        return running

    return _run_flow(start)


def run_factory(apis: list[str], config: str, **options: Any) -> FactoryReport:
    """Run the `factory` flow here.

    Raises:
        FellShortError: carries the report of what there is.
        CallmillError: anything else that a person can mend.
    """
    words = {**options, "mix": options["mix"] or DEFAULT_MIX}
    named = ("samples", "mix", "seed", "changes", "test_samples", "engine", "gpu_usd_per_hour")
    describe_factory(apis, config, *(words[name] for name in named))
    load_teacher()

    def start() -> Coroutine[Any, Any, FactoryReport]:
        from flows.factory import factory

        running: Coroutine[Any, Any, FactoryReport] = factory(apis, config, **words)
        return running

    return _run_flow(start)


def run_synth_chat(chats: list[str], **options: Any) -> ChatSynthReport:
    """Run the `synth-chat` flow here.

    Raises:
        FellShortError: carries the report of what there is.
        CallmillError: anything else that a person can mend.
    """
    words = {**options, "out": str(options["out"]) if options.get("out") else None}
    describe_chat_options(words["samples"], words["language"], words["turns"], words["seed"])
    find_chat_files([Path(path) for path in chats])
    if words["out"]:
        refuse_foreign(Path(words["out"]))
    load_teacher()

    def start() -> Coroutine[Any, Any, ChatSynthReport]:
        from flows.synth_chat import synth_chat

        running: Coroutine[Any, Any, ChatSynthReport] = synth_chat(chats, **words)
        return running

    return _run_flow(start)


def run_lm_eval(model: str, tasks: str, **options: Any) -> GeneralReport:
    """Run the `lm-eval` flow here.

    Raises:
        CallmillError: what a person can mend.
    """
    plan_general(describe_general(model, tasks, options["limit"], options["fewshot"], options["serving"]))

    def start() -> Coroutine[Any, Any, GeneralReport]:
        from flows.lm_eval import lm_eval

        running: Coroutine[Any, Any, GeneralReport] = lm_eval(model, tasks, **options)
        return running

    return _run_flow(start)


def estimate_training(config: Path, changes: list[str], data: str | None) -> str:
    """Expected memory and time of a training, in words."""
    return estimate(config, place_data(config, changes, data))


def run_rounds(config: str, dpo_config: str, changes: list[str], apis: list[str], **options: Any) -> RoundsReport:
    """Run the `rounds` flow here.

    Raises:
        FellShortError: some cases got no answer; the same command goes on.
        CallmillError: what a person can mend.
    """
    words = {**options, "dpo_changes": list(options["dpo_changes"])}
    known = {name: value for name, value in words.items() if name != "out"}
    plan_rounds(config, changes, dpo_config=dpo_config, apis=apis, **known)
    find_documents([Path(api) for api in apis])
    load_teacher()

    def start() -> Coroutine[Any, Any, RoundsReport]:
        from flows.rounds import rounds

        running: Coroutine[Any, Any, RoundsReport] = rounds(config, dpo_config, changes=changes, apis=apis, **words)
        return running

    return _run_flow(start)


def _run_flow(start: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """Run a flow on the shared local server; `start` imports it, since Prefect reads its settings when imported."""
    # The terminal shows bars, our own warnings and one line of what is wrong; the UI keeps every log line.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "callmill")
    settings = load_settings(Settings)
    address = start_server(settings)
    if not answers(address.api_url, timeout_s=1):
        print("callmill: starting the local Prefect server (10 s the first time, 3 s later)", file=sys.stderr)
    wait_for_server(settings, address)
    from tasks.run import PROGRESS
    from tasks.terminal import stage_bars, warnings_on_stderr

    with stage_bars() as bars, warnings_on_stderr():
        PROGRESS.set(bars)
        return asyncio.run(start())
