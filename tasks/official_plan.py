"""What the official harness is to run; looked up before a Prefect server is started for it."""

import os
from pathlib import Path

from eval.official.categories import Category, LeftOut, find_facilities, parse_categories
from eval.official.harness import Harness, find_harness
from schemas.evaluation_options import EvaluationOptions

_ROOT = Path(__file__).parent.parent


class OfficialPlan:
    """The harness and its categories; a plain class, which Prefect passes on without walking through it."""

    def __init__(self, harness: Harness, categories: tuple[Category, ...], left_out: tuple[LeftOut, ...]) -> None:
        self.harness = harness
        self.categories = categories
        self.left_out = left_out
        """Categories of a selected group that cannot run here."""


def plan_official(options: EvaluationOptions) -> OfficialPlan:
    """Find the harness and choose the categories.

    Raises:
        UsageError: there is no harness, or a category is unknown or cannot run here.
    """
    selection = parse_categories(options.categories, options.mode, find_facilities(os.environ))
    return OfficialPlan(find_harness(_ROOT, os.environ), selection.categories, selection.left_out)
