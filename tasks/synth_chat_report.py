"""Write the accepted conversations of a `synth --chat` job as a data set, and tell what the run did."""

import asyncio
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact
from prefect.context import FlowRunContext

from schemas.chat_data import ChatSample, ChatSynthReport, RowsFacts
from schemas.errors import FellShortError
from tasks.chat_data import as_left_out
from tasks.rows_folder import FolderRow, write_rows
from tasks.run import utc_now
from tasks.synth_chat_run import SynthChatRun

_ABOUT = "Each is a conversation in words: a person's questions, answered anew by {teacher}."


def to_row(sample: ChatSample) -> FolderRow:
    """An accepted conversation as a row of a data set."""
    return FolderRow(
        sample_id=sample.sample_id,
        kind="chat",
        language=sample.language,
        domain="chat",
        messages=list(sample.messages),
        tools=[],
        calls=[],
        made_from=[f"{sample.source}:{sample.source_row}"],
        written_by=list(dict.fromkeys(sample.written_by)),
    )


async def export_chats(run: SynthChatRun, accepted: Sequence[ChatSample], out: str | None) -> str | None:
    """Write the data set; its folder, or None where there is nothing to write."""
    if not accepted:
        return None
    folder = Path(out) if out else run.settings.datasets_dir / f"chat-{run.job_id[:8]}"
    with run.timed("export"):
        rows = [to_row(sample) for sample in accepted]
        written = await asyncio.to_thread(write_rows, rows, folder, _describe(run))
        await run.commit([written.export])
    return str(folder)


async def report_chats(run: SynthChatRun, accepted: Sequence[ChatSample], dataset_path: str | None) -> ChatSynthReport:
    """What was made, for a person or a program.

    Raises:
        FellShortError: fewer were accepted than asked for; carries the report.
    """
    stats = run.client.stats
    report = ChatSynthReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        wanted=run.options.samples,
        accepted=len(accepted),
        candidates=len(run.samples),
        questions=run.questions.usable,
        rejected=count_rejected(run),
        left_out=as_left_out(run.questions.left_out),
        shortfall=_find_shortfall(run, accepted),
        written_by=dict(sorted(Counter(model for sample in accepted for model in sample.written_by).items())),
        answers_new=stats.new.answers,
        answers_reused=stats.reused.answers,
        requests_sent=stats.requests_sent,
        prompt_tokens=stats.new.prompt_tokens,
        completion_tokens=stats.new.completion_tokens,
        cost_usd=stats.cost_usd,
        seconds=round(time.monotonic() - run.started, 2),
        dataset_path=dataset_path,
        warehouse_path=str(run.warehouse.path),
    )
    await _show_in_ui(report)
    run.log_event("fell_short" if report.shortfall else "ended", **report.model_dump(mode="json"))
    if report.shortfall:
        raise FellShortError(f"Fewer conversations than asked for: {report.shortfall}", report)
    return report


def count_rejected(run: SynthChatRun) -> dict[str, int]:
    """Candidates by the reason that took them."""
    reasons = Counter(str(sample.reason) for sample in run.samples.values() if sample.state == "rejected")
    return dict(sorted(reasons.items()))


def _find_shortfall(run: SynthChatRun, accepted: Sequence[ChatSample]) -> str | None:
    if len(accepted) == run.options.samples:
        return None
    why = run.budget_stop or f"{len(run.samples)} candidates tried of {run.questions.usable} usable questions"
    return f"{len(accepted)} of {run.options.samples} accepted ({why})."


def _describe(run: SynthChatRun) -> RowsFacts:
    files = [source.path for source in run.questions.sources]
    options = run.options
    command = f"callmill synth --chat {shlex.join(files)} --samples {options.samples} --turns {options.turns}"
    command += f" --language {options.languages[0]}" if len(options.languages) == 1 else ""
    return RowsFacts(
        name=f"callmill chat {run.job_id[:8]}",
        job_id=run.job_id,
        run_id=run.run.run_id,
        created_at=utc_now(),
        about=_ABOUT.format(teacher=run.teacher.writer_model_name),
        sources=run.questions.sources,
        counts={
            "candidates": len(run.samples),
            **{f"rejected: {reason}": count for reason, count in count_rejected(run).items()},
            **{f"no question: {one.reason}": one.rows for one in as_left_out(run.questions.left_out)},
        },
        parameters=run.job.parameters,
        command=f"{command} --seed {options.seed}",
    )


async def _show_in_ui(report: ChatSynthReport) -> None:
    if FlowRunContext.get() is None:
        return
    told = report.model_dump(include={"wanted", "accepted", "candidates", "answers_new", "cost_usd", "dataset_path"})
    table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in told.items())])
    await acreate_markdown_artifact(table, key="synth-chat-report", description="What the run made")
