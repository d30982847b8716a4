"""vLLM's scheduler with our structured-output back end: `--scheduler-cls serving.vllm.scheduler.LegalScheduler`.

Why here (vLLM 0.32): a custom logits processor runs in the workers (one per GPU), in two interfaces (the V2 model
runner's works on GPU tensors), not at all with speculative decoding, and does not know the tokens of the step before
under asynchronous scheduling until it waits for them. The structured-output manager lives in the one engine process,
is told every token in order, compiles beside the model's work, and takes the back end that it finds in `backend`.
"""

from typing import Any

from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.scheduler import Scheduler

from serving.vllm.structured import LegalBackend


class LegalScheduler(AsyncScheduler):  # type: ignore[misc]  # vLLM is not installed where mypy runs
    """The default scheduler."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        install(self)


class LegalSyncScheduler(Scheduler):  # type: ignore[misc]  # as above
    """The one of `--no-async-scheduling`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        install(self)


def install(scheduler: Any) -> None:
    """Put our back end where vLLM looks for the one it made at the first request."""
    manager = scheduler.structured_output_manager
    manager.backend = LegalBackend(scheduler.vllm_config, manager.tokenizer)
    manager.backend.prepare()
