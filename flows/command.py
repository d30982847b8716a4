"""Run a flow from the command line: on the shared local server, in this process, with bars on the terminal."""

import asyncio
import os
from typing import Any

from flows.local.server import ensure_server
from schemas.job import DEFAULT_MIX
from schemas.report import SynthReport
from schemas.settings import Settings


def run_synth(apis: list[str], mix: str | None, **options: Any) -> SynthReport:
    """Run the `synth` flow here.

    Raises:
        FellShortError: carries the report of what there is.
        CallmillError: anything else that a person can mend.
    """
    os.environ.setdefault(
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "ERROR"
    )  # the terminal shows bars; the UI keeps all
    ensure_server(Settings())
    from flows.synth import synth  # Prefect reads its settings when imported, so after the server is known
    from tasks.synth_run import PROGRESS, describe_options
    from tasks.terminal import stage_bars

    words = {**options, "mix": mix or DEFAULT_MIX, "out": str(options["out"]) if options.get("out") else None}
    describe_options(
        words["samples"], words["mix"], words["language"], words["split"], words["seed"], words["judge_draws"]
    )
    with stage_bars() as bars:
        PROGRESS.set(bars)
        report: SynthReport = asyncio.run(synth(apis, **words))
    return report
