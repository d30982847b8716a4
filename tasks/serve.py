"""The serve flow's task: puts a model in place and shows in the run what came of it."""

import re

from prefect import task
from prefect.artifacts import create_markdown_artifact

from schemas.serve import ServeOptions, ServeReport
from schemas.settings import Settings, load_settings
from serving.production.detached import put_in_place


@task(name="put in place", persist_result=False)
def put_model_in_place(name: str, options: ServeOptions, host: str, port: int) -> ServeReport:
    """Start the server, or swap its model, and wait for the smoke test."""
    report = put_in_place(load_settings(Settings).home, name, options, host, port)
    # Prefect's keys hold lower-case letters, digits and dashes alone.
    key = f"serve-{re.sub('[^a-z0-9]+', '-', name.lower())}"
    create_markdown_artifact(as_markdown(report), key=key, description=f"What {name} serves")
    return report


def as_markdown(report: ServeReport) -> str:
    """A table of what took over."""
    rows = {
        "address": report.url,
        "model": report.model,
        "engine": report.engine,
        "previous model": report.previous_model or "none",
        "smoke test": f"`{report.smoke.summary}`, {report.smoke.seconds:.1f} s",
        "ready after": f"{report.seconds_to_ready:.1f} s",
        "process": str(report.pid),
        "log": report.log,
    }
    # A bar in a value, such as one in a call's arguments, would end its cell.
    lines = [f"| {name} | {value.replace('|', chr(92) + '|')} |" for name, value in rows.items()]
    return "\n".join([f"| {report.name} | |", "| --- | --- |", *lines])
