"""Says how a stage comes on, at most every few seconds; ends a run whose loss is no number."""

import math
import time
from collections.abc import Callable
from typing import Any

_EVERY_SECONDS = 5.0


def make_watcher(stage: str, say: Callable[[str], None]) -> Any:
    """A callback of transformers' Trainer."""
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        """Tells of steps as they are logged."""

        def __init__(self) -> None:
            self.told = 0.0

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            """A step ended."""
            if "loss" not in (logs or {}):
                return
            if math.isnan(logs["loss"]):
                control.should_training_stop = True
            now = time.monotonic()
            if now - self.told >= _EVERY_SECONDS or state.global_step == state.max_steps:
                self.told = now
                say(f"stage {stage}: step {state.global_step}/{state.max_steps}, loss {logs['loss']:.4f}")

    return Watcher()
