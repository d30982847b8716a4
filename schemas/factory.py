"""What `callmill factory` tells whoever started it."""

from schemas.evaluation import EvaluationReport
from schemas.record import Record
from schemas.report import SynthReport
from schemas.training_report import TrainingReport


class StageCost(Record):
    """What one stage of the line took."""

    stage: str
    seconds: float
    teacher_usd: float | None
    """Paid to endpoints; None where no price is set."""
    machine_usd: float | None
    """Of the GPUs, by their price per hour; None where none is given."""


class FactoryReport(Record):
    """One document's way to an evaluated model."""

    job_id: str
    run_id: str
    stages: tuple[StageCost, ...]
    seconds: float
    synth: SynthReport
    training: TrainingReport
    evaluation: EvaluationReport
