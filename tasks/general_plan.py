"""What lm-evaluation-harness needs, looked at before anything is asked."""

import os
from dataclasses import dataclass
from pathlib import Path

from eval.general.harness import Harness, find_harness
from schemas.general import GeneralOptions
from schemas.settings import EvaluateSettings, Settings, load_settings
from tasks.targets import KnownTarget, find_targets

_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class GeneralPlan:
    """What is found out before anything is asked."""

    harness: Harness
    target: KnownTarget


def plan_general(options: GeneralOptions) -> GeneralPlan:
    """Find the harness and the model.

    Raises:
        UsageError: the harness is missing, or the model's word is off.
        TerminalError: nothing answers there.
    """
    harness = find_harness(_ROOT, os.environ)
    settings, evaluation = load_settings(Settings), load_settings(EvaluateSettings)
    (target,) = find_targets([options.target], settings, evaluation, options.serving)
    return GeneralPlan(harness, target)
