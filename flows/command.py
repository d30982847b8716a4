"""Run a flow from the command line: on the shared local server, in this process, with bars on the terminal."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from flows.local.server import answers, start_server, wait_for_server
from schemas.job import DEFAULT_MIX, describe_options
from schemas.report import SynthReport
from schemas.settings import Settings, load_settings, load_teacher
from tasks.export import refuse_foreign
from tasks.ingest import find_documents


def run_synth(apis: list[str], mix: str | None, **options: Any) -> SynthReport:
    """Run the `synth` flow here.

    Raises:
        FellShortError: carries the report of what there is.
        CallmillError: anything else that a person can mend.
    """
    # What is wrong with the words is said at once, not after the server has started.
    words = {**options, "mix": mix or DEFAULT_MIX, "out": str(options["out"]) if options.get("out") else None}
    describe_options(
        words["samples"], words["mix"], words["language"], words["split"], words["seed"], words["judge_draws"]
    )
    find_documents([Path(api) for api in apis])
    if words["out"]:
        refuse_foreign(Path(words["out"]))
    # The terminal shows bars, our own warnings and one line of what is wrong; the UI keeps every log line.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "callmill")
    load_teacher()
    settings = load_settings(Settings)
    address = start_server(settings)
    if not answers(address.api_url, timeout_s=1):
        print("callmill: starting the local Prefect server (10 s the first time, 3 s later)", file=sys.stderr)
    wait_for_server(settings, address)
    from flows.synth import synth  # Prefect reads its settings when imported, so after the server is known
    from tasks.run import PROGRESS
    from tasks.terminal import stage_bars, warnings_on_stderr

    with stage_bars() as bars, warnings_on_stderr():
        PROGRESS.set(bars)
        report: SynthReport = asyncio.run(synth(apis, **words))
    return report
