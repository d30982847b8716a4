"""What lm-evaluation-harness is asked, and what it scored."""

from pathlib import Path

from pydantic import Field

from schemas.errors import UsageError
from schemas.evaluation_options import FolderServing, Target, parse_target
from schemas.record import Record

_TASK_SUFFIXES = (".yaml", ".yml")


class GeneralOptions(Record):
    """What was asked of `lm-eval`; everything here is part of the job's identity."""

    target: Target
    tasks: tuple[str, ...] = Field(min_length=1)
    """Names of the harness's own tasks, or YAML files of the user's."""
    limit: int | None = Field(None, ge=1)
    """The first so many cases of each task."""
    fewshot: int | None = Field(None, ge=0)
    """Solved examples before each question; none: as the task says."""
    serving: FolderServing = FolderServing()

    @property
    def task_files(self) -> tuple[Path, ...]:
        """Those of the user's."""
        return tuple(Path(task) for task in self.tasks if task.endswith(_TASK_SUFFIXES))


class GeneralResult(Record):
    """One metric of one task over all its cases."""

    task: str
    metric: str
    filter: str
    """What was done to the answers before they were scored; none in the harness's word."""
    value: float
    standard_error: float | None
    cases: int
    task_version: str | None
    fewshot: int | None
    higher_is_better: bool | None


class GeneralCase(Record):
    """One metric of one case."""

    task: str
    doc_id: int
    metric: str
    filter: str
    value: float | None
    """None: the metric is one of the whole task, such as BLEU."""
    prompt: str
    """What was asked, as JSON text where it is a chat."""
    expected: str
    answer: str
    """As it came."""


class GeneralReport(Record):
    """The end of a run, for a person or a program."""

    job_id: str
    run_id: str
    model: str
    place: str
    """Address or folder that was asked."""
    harness_version: str
    results: tuple[GeneralResult, ...]
    seconds: float
    folder: str
    """The harness's own files."""
    warehouse_path: str


class GeneralScore(GeneralResult):
    """A result as a row, with the model that it is about."""

    model: str


class GeneralAnswer(GeneralCase):
    """A case as a row, with the model that answered."""

    model: str


def describe_general(
    model: str, tasks: str, limit: int | None, fewshot: int | None, serving: FolderServing | None
) -> GeneralOptions:
    """Options as a record.

    Args:
        tasks: names and YAML files, with commas.

    Raises:
        UsageError: says which word is off.
    """
    names = tuple(dict.fromkeys(filter(None, (name.strip() for name in tasks.split(",")))))
    if not names:
        raise UsageError("--tasks names no task; give for example --tasks gsm8k,my_task.yaml.")
    if missing := [name for name in names if name.endswith(_TASK_SUFFIXES) and not Path(name).is_file()]:
        raise UsageError(f"No task file at {missing[0]}; give a YAML file as lm-evaluation-harness reads it.")
    for word, value, least in (("limit", limit, 1), ("fewshot", fewshot, 0)):
        if value is not None and value < least:
            raise UsageError(f"--{word} {value} is too few; ask for {least} or more.")
    target = parse_target(model)
    return GeneralOptions(target=target, tasks=names, limit=limit, fewshot=fewshot, serving=serving or FolderServing())
