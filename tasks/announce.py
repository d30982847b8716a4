"""Tell Prefect that a data set is finished, so that an automation may start what learns from it."""

from pathlib import Path

from prefect.context import FlowRunContext
from prefect.events import emit_event

from schemas.data_set_event import DATA_SET_FINISHED, PATH_LABEL, SPLIT_LABEL
from tasks.synth_run import SynthRun


def announce_data_set(run: SynthRun, dataset_path: str | None) -> None:
    """Emit the event where a person or a schedule asked for this data set; part of a larger flow, it is that flow's.

    Args:
        run: that wrote it.
        dataset_path: its folder; none: nothing was written.
    """
    context = FlowRunContext.get()
    if dataset_path is None or context is None or context.flow_run is None or context.flow_run.parent_task_run_id:
        return
    folder = str(Path(dataset_path).resolve())  # whoever learns from it may work elsewhere
    resource = {
        "prefect.resource.id": f"callmill.data-set.{run.job_id}",
        "prefect.resource.name": folder,
        PATH_LABEL: folder,
        SPLIT_LABEL: run.options.split,
    }
    emit_event(DATA_SET_FINISHED, resource=resource, payload={"samples": run.options.samples, "run_id": run.run.run_id})
