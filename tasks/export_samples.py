"""Write a job's accepted samples as a data set and record that."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.dataset import DatasetFacts, SourceDocument
from schemas.report import Rejected
from schemas.sample import Kind
from tasks.accept import Quota
from tasks.export import write_dataset
from tasks.ingest import Ingested
from tasks.report import count_rejects
from tasks.run import utc_now
from tasks.synth_run import SynthRun


def describe_dataset(
    run: SynthRun, ingested: Sequence[Ingested], quotas: Mapping[Kind, Quota], rejected: tuple[Rejected, ...]
) -> DatasetFacts:
    """What the rows do not say about themselves."""
    documents = [one.document for one in ingested if one.document.state == "parsed"]
    return DatasetFacts(
        name=f"callmill synth {run.job_id[:8]}",
        job_id=run.job_id,
        run_id=run.run.run_id,
        created_at=utc_now(),
        teacher_model=run.teacher.writer_model_name,
        judge_model=run.teacher.judge_model_name,
        is_offline=run.teacher.is_offline,
        judge_draws=run.options.judge_draws,
        prompts=run.run.prompts,
        asked={kind: quota.wanted for kind, quota in quotas.items()},
        rejected=rejected,
        documents=tuple(SourceDocument(document_path=d.document_path, format=d.format) for d in documents),
        parameters=run.job.parameters,
        settings=run.run.settings,
        command=_command(run, [one.document.document_path for one in ingested]),
    )


async def export_samples(
    run: SynthRun, ingested: Sequence[Ingested], quotas: Mapping[Kind, Quota], out: str | None, is_dry: bool
) -> str | None:
    """Write the data set; its folder, or None where there is nothing to write."""
    if is_dry or not any(quota.accepted for quota in quotas.values()):
        return None
    folder = Path(out) if out else run.settings.datasets_dir / f"synth-{run.job_id[:8]}"
    with run.timed("export"):
        rows = await asyncio.to_thread(run.warehouse.read_named, "samples", {"job_id": run.job_id})
        facts = describe_dataset(run, ingested, quotas, count_rejects(run, ingested))
        export = await asyncio.to_thread(write_dataset, rows, folder, facts)
        await run.commit([export])
    return str(folder)


def _command(run: SynthRun, paths: list[str]) -> str:
    mix = ",".join(f"{kind}={weight:g}" for kind, weight in run.options.mix.items())
    words = ["callmill synth --apis", *map(shlex.quote, paths), f"--samples {run.options.samples} --mix {mix}"]
    words += [f"--language {run.options.language}"] if run.options.language else []
    words += [f"--split {run.options.split} --seed {run.options.seed} --judge-draws {run.options.judge_draws}"]
    return " ".join(words)
