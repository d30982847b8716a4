"""A data set written, and the end of a factory run."""

from schemas.dataset import Export
from schemas.job import RunEvent


def small_export() -> Export:
    """Of five rows."""
    return Export(
        export_id="export-1",
        export_path="datasets/synth-1",
        rows=5,
        manifest_sha256="0",
        exported_at="2026-03-01T02:00:40+00:00",
    )


def small_factory_end() -> RunEvent:
    """With what its two stages took."""
    synth = {"stage": "synth", "seconds": 30.0, "teacher_usd": 0.1, "machine_usd": None}
    train = {"stage": "train", "seconds": 240.0, "teacher_usd": None, "machine_usd": 0.2}
    return RunEvent(
        run_id="factory-1",
        job_id="factory",
        event_at="2026-03-01T02:05:00+00:00",
        event="ended",
        detail={"stages": [synth, train]},
    )
