"""What `callmill train` tells whoever started it."""

from schemas.evaluation import EvaluationReport
from schemas.record import Record
from schemas.training_report import TrainingReport


class TrainReport(Record):
    """A training and the scores of its model."""

    training: TrainingReport
    evaluation: EvaluationReport | None
    """None: it was not asked for."""
