"""What the stages of a `rounds` job share: what was trained so far, and where the next model comes from."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import FellShortError, UsageError
from schemas.job import Job
from schemas.preferences import PreferencesReport, RoundReport
from schemas.record import content_id
from schemas.settings import Settings, load_settings
from schemas.train_report import TrainReport
from tasks.ingest import find_documents
from tasks.preferences_run import PreferenceWords
from tasks.rounds_plan import RoundsOptions
from tasks.run import RunContext, end_of, flow_occurrence, open_run
from tasks.targets import fingerprint_folder
from tasks.training_plan import TrainingPlan
from tasks.training_run import find_documents_of
from tasks.whole_folder import sha256_of
from warehouse.store import Warehouse


class Practice(NamedTuple):
    """What came of asking the practice cases."""

    run_id: str
    model: str
    """The model's label."""
    chosen_from: str | None
    """Label of the model whose own right answers are preferred."""
    shares: dict[str, float]
    """Right answers of the model by kind."""


@dataclass(kw_only=True)
class RoundsRun(RunContext):
    """What the stages of one `rounds` run share."""

    options: RoundsOptions
    plan: TrainingPlan
    apis: tuple[str, ...]
    folder: Path
    """Of the models and pairs."""
    done: list[RoundReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    base_scores: dict[str, float] = field(default_factory=dict)

    @property
    def numbers(self) -> range:
        """1, 2, …"""
        return range(1, self.options.rounds + 1)

    @property
    def model(self) -> str:
        """The folder of the newest model."""
        return self.done[-1].model_path

    @property
    def first_changes(self) -> list[str]:
        """Of the supervised training."""
        return [*self.plan.changes, f"output={self.folder / 'sft'}"]

    def pairs_of(self, number: int, practice: Practice) -> PreferenceWords:
        """Which pairs a round learns from."""
        return PreferenceWords(
            out=self.folder / f"pairs-{number}",
            run_id=practice.run_id,
            model=practice.model,
            chosen_from=practice.chosen_from,
        )

    def dpo_changes(self, number: int, pairs: PreferencesReport) -> list[str]:
        """Of a round's training: it goes on from the newest model, in that one's call format."""
        return [
            f"call_format={self.options.config.call_format}",
            *self.options.dpo_changes,
            f"base_model={self.model}",
            f"output={self.folder / f'round-{number}'}",
            f"data.0.path={pairs.folder}",
        ]

    def add_first(self, trained: TrainReport) -> None:
        """Write down the supervised training."""
        if trained.evaluation is not None and len(trained.evaluation.models) > 1:
            self.base_scores = _scores(trained, 1)
        self._add(0, trained, None, {})

    def add_round(self, number: int, practice: Practice, pairs: PreferencesReport, trained: TrainReport | None) -> None:
        """Write down a round; without a training there was nothing to learn from."""
        told = ", ".join(f"{count} {reason}" for reason, count in pairs.left_out.items())
        if trained is None:
            self.notes.append(f"Round {number}: no wrong answer to learn from ({told}); the rounds end here.")
        else:
            self.notes.append(f"Round {number}: {pairs.rows} pairs; answers that gave none: {told or 'none'}.")
            self._add(number, trained, pairs, practice.shares)

    def _add(
        self, number: int, trained: TrainReport, pairs: PreferencesReport | None, practice: dict[str, float]
    ) -> None:
        training, evaluation = trained.training, trained.evaluation
        losses = [step.loss for stage in training.stages for step in stage.losses]
        report = RoundReport(
            number=number,
            method=training.config.method,
            base_model=training.config.base_model,
            model_path=training.model_path,
            rows=sum(source.used for stage in training.stages for source in stage.sources),
            practice=practice,
            pairs=pairs,
            last_loss=losses[-1] if losses else None,
            seconds=training.wall_seconds,
            scores=_scores(trained, 0),
            evaluation_run_id=evaluation.run_id if evaluation else None,
            report_path=evaluation.report_path if evaluation else None,
        )
        self.done.append(report)
        self.log_event("stage_ended", f"round {number}", **report.model_dump(mode="json"))


def _scores(trained: TrainReport, place: int) -> dict[str, float]:
    if trained.evaluation is None:
        return {}
    return {each.category: each.accuracy for each in trained.evaluation.models[place].categories}


def _hash_contents(options: RoundsOptions, apis: Sequence[str]) -> dict[str, Any]:
    """What stands in the places that a command names, so that other contents there are other work."""
    folders = {"base": options.config.base_model, "teacher": options.teacher}
    return {
        "documents": sorted(sha256_of(path) for path in find_documents([Path(api) for api in apis])),
        **{name: fingerprint_folder(Path(at)) if at and Path(at).is_dir() else at for name, at in folders.items()},
    }


@contextlib.asynccontextmanager
async def open_rounds(
    options: RoundsOptions, plan: TrainingPlan, occurrence: str | None, out: str | None
) -> AsyncIterator[RoundsRun]:
    """Open a run at the job that these words ask for; its stages are runs of their own.

    Raises:
        UsageError: no document is named, and none is known for the data; or one is not there.
    """
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    warehouse.migrate()
    apis = options.apis or tuple(find_documents_of(plan, warehouse))
    if not apis:
        raise UsageError("The data come from no documents that are known here; name some to practise on by --apis.")
    parameters = options.model_dump(mode="json", exclude={"apis", "teacher"})
    parameters["config"].pop("output")
    parameters |= await asyncio.to_thread(_hash_contents, options, apis)
    when = flow_occurrence(occurrence)
    job = Job(flow="rounds", parameters=parameters, document_ids=(), seed=options.seed, occurrence=when)
    folder = Path(out) if out else settings.home / "rounds" / content_id(job.job_id)[:8]
    async with open_run(warehouse, job, settings, {"out": str(folder)}) as base:
        run = RoundsRun(**vars(base), options=options, plan=plan, apis=apis, folder=folder)
        async with end_of(run):
            try:
                yield run
            except FellShortError as error:
                run.log_event("fell_short", error=str(error))
                raise
