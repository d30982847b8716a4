"""What a rule says when it does not pass: a finding, or that it cannot say."""

from typing import NamedTuple

from schemas.evaluation import ErrorType, UnscoredReason

ODD_SHAPE_ERRORS = (TypeError, LookupError, AttributeError, ValueError, ArithmeticError, RecursionError)
"""What Python raises at shapes that no rule speaks of; the official checker raises the same."""


class Finding(NamedTuple):
    """The first thing that is wrong."""

    error_type: ErrorType
    detail: str


class CannotScoreError(Exception):
    """The official checker would raise here."""

    def __init__(self, reason: UnscoredReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
