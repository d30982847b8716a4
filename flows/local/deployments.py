"""Work pools and deployments of `prefect.yaml`, put on whatever server this process points to."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from flows.local.processes import PROJECT_ROOT
from schemas.errors import TerminalError

_DEPLOY_S = 120


def read_deployments(prefect_file: Path) -> list[dict[str, Any]]:
    """The deployments of a prefect.yaml.

    Raises:
        TerminalError: there is no such file.
    """
    if not prefect_file.is_file():
        raise TerminalError(f"No {prefect_file}; `callmill up` deploys what that file names: run it from a clone.")
    deployments: list[dict[str, Any]] = yaml.safe_load(prefect_file.read_text())["deployments"]
    return deployments


async def create_pools(names: set[str]) -> None:
    """Make the process work pools that are missing; those there stay as they are.

    Raises:
        TerminalError: the server refuses.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    wanted = WorkPoolFilter(name=WorkPoolFilterName(any_=sorted(names)))
    try:
        async with get_client() as client:
            known = {pool.name for pool in await client.read_work_pools(work_pool_filter=wanted)}
            for name in sorted(names - known):
                await client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
    except PrefectHTTPStatusError as error:
        raise TerminalError(f"The Prefect server refused the work pools {', '.join(sorted(names))}: {error}") from error


def deploy_all(folder: Path = PROJECT_ROOT) -> None:
    """Do as `prefect deploy --all` does in the folder of a prefect.yaml.

    Raises:
        TerminalError: carries what Prefect said.
    """
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=folder,
        env={**os.environ, "PWD": str(folder)},
        capture_output=True,
        text=True,
        timeout=_DEPLOY_S,
        check=False,
    )
    if done.returncode:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise TerminalError(f"`prefect deploy --all` in {folder} failed; mend what it names and run it again:\n{words}")
