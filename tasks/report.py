"""End a run: tell the terminal, the Prefect UI and the warehouse what came out."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.context import FlowRunContext

from llm.costs import forecast
from schemas.errors import FellShortError, TerminalError
from schemas.function import Function
from schemas.http_request import build_http_request
from schemas.report import DocumentProblem, Rejected, SynthReport
from schemas.sample import Call, Kind
from tasks.accept import Quota
from tasks.ingest import Ingested
from tasks.run import RunContext

_EXAMPLES = 3


def count_document_rejects(ingested: Sequence[Ingested]) -> Counter[tuple[str, str]]:
    """How many documents and functions each (stage, reason) took."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in ingested:
        if one.document.state == "rejected":
            counts["ingest", str(one.document.reason)] += 1
        counts.update(("clean", str(function.reason)) for function in one.functions if function.state == "rejected")
    return counts


def count_rejects(run: RunContext, ingested: Sequence[Ingested]) -> tuple[Rejected, ...]:
    """How many things each reason took: of these documents, and of this job's pairs and samples."""
    counts = count_document_rejects(ingested)
    for row in run.warehouse.read_named("rejects_of_job", {"job_id": run.job_id}).to_dicts():
        counts[row["stage"], row["reason"]] += row["things"]
    return as_rejected(counts)


def as_rejected(counts: Counter[tuple[str, str]]) -> tuple[Rejected, ...]:
    """Counts as records, by stage and reason."""
    return tuple(
        Rejected(stage=stage, reason=reason, things=count) for (stage, reason), count in sorted(counts.items())
    )


def show_call(function: Function | None, call: Call) -> str:
    """The HTTP request that a call stands for, or the call itself where its function has none."""
    if function is not None and function.http is not None:
        return build_http_request(function, call).line()
    return f"{call.name}({', '.join(f'{k}={json.dumps(v, ensure_ascii=False)}' for k, v in call.arguments.items())})"


def pick_examples(run: RunContext, functions: Sequence[Function]) -> tuple[dict[str, Any], ...]:
    """Three accepted samples of different kinds that a person can read."""
    by_name = {(function.function_id, function.name): function for function in functions}
    rows = run.warehouse.read_named("example_samples", {"job_id": run.job_id, "examples": _EXAMPLES}).to_dicts()
    examples = []
    for row in rows:
        calls = [Call(**call) for call in json.loads(row["calls"])]
        known = {
            f.name: f for function_id in row["function_ids"] for (id_, _), f in by_name.items() if id_ == function_id
        }
        examples.append(
            {
                "sample_id": row["sample_id"],
                "kind": row["kind"],
                "query": row["query"],
                "offered": [tool["function"]["name"] for tool in json.loads(row["tools"])],
                "answer": [show_call(known.get(call.name), call) for call in calls]
                or [json.loads(row["messages"])[-1]["content"]],
                "document_path": row["document_path"],
            }
        )
    return tuple(examples)


async def report_run(
    run: RunContext,
    ingested: Sequence[Ingested],
    quotas: Mapping[Kind, Quota],
    dataset_path: str | None,
    is_dry: bool,
) -> SynthReport:
    """Record the run's end and report it.

    Raises:
        FellShortError: fewer samples than wanted; carries the report.
        TerminalError: a data rule is broken: a bug of ours, never the data's fault.
    """
    broken = run.warehouse.broken_rules(run.job_id)
    if broken:
        names = ", ".join(f"{name} ({rows.height} rows)" for name, rows in broken.items())
        raise TerminalError(f"Data rules are broken in job {run.job_id}: {names}; please report this.")
    functions = [function for one in ingested for function in one.functions]
    stats = run.client.stats
    shortfalls = [] if is_dry else [quota.shortfall for quota in quotas.values() if quota.shortfall]
    report = SynthReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        wanted={kind: quota.wanted for kind, quota in quotas.items()},
        accepted={kind: len(quota.accepted) for kind, quota in quotas.items()},
        candidates={kind: quota.planned for kind, quota in quotas.items()},
        shortfalls=(*([run.budget_stop] if run.budget_stop else []), *shortfalls),
        rejected=count_rejects(run, ingested),
        documents=len(ingested),
        documents_used=run.warehouse.read_named("documents_used", {"job_id": run.job_id})["documents"][0],
        document_problems=tuple(
            DocumentProblem(
                document_path=one.document.document_path, reason=str(one.document.reason), detail=one.document.detail
            )
            for one in ingested
            if one.document.state == "rejected"
        ),
        functions=sum(function.state == "accepted" for function in functions),
        answers_new=stats.new.answers,
        answers_reused=stats.reused.answers,
        requests_sent=stats.requests_sent,
        prompt_tokens=stats.new.prompt_tokens,
        completion_tokens=stats.new.completion_tokens,
        cost_usd=stats.cost_usd,
        teacher=run.teacher.writer_model_name,
        stage_seconds={stage: round(seconds, 2) for stage, seconds in run.stage_seconds.items()},
        seconds=round(time.monotonic() - run.started, 2),
        dataset_path=dataset_path,
        warehouse_path=str(run.warehouse.path),
        examples=() if is_dry else pick_examples(run, functions),
        forecast=_forecast(run, quotas) if is_dry else None,
    )
    await _show_in_ui(report)
    run.log_event(
        "fell_short" if report.shortfalls else "ended", **report.model_dump(mode="json", exclude={"examples"})
    )
    if report.shortfalls:
        raise FellShortError("Fewer samples than asked for: " + "; ".join(report.shortfalls), report)
    return report


def _forecast(run: RunContext, quotas: Mapping[Kind, Quota]) -> dict[str, Any]:
    tried = sum(len(quota.outcomes) for quota in quotas.values())
    good = sum(outcome.is_good for quota in quotas.values() for outcome in quota.outcomes.values())
    wanted = sum(quota.wanted for quota in quotas.values())
    known = {"candidates_tried": tried, "candidates_passed": good, "samples_wanted": wanted}
    if not good:
        return {**known, "answers": None}  # nothing to scale by
    return {**known, **forecast(run.client.stats, done=good, wanted=wanted).model_dump(mode="json")}


async def _show_in_ui(report: SynthReport) -> None:
    """Tables and links as artifacts of the flow run."""
    if FlowRunContext.get() is None:
        return
    kinds = [
        {"kind": kind, "accepted": report.accepted[kind], "wanted": wanted, "candidates": report.candidates[kind]}
        for kind, wanted in report.wanted.items()
    ]
    await acreate_table_artifact(kinds, key="synth-accepted", description=f"Accepted per kind, job {report.job_id}")
    rejects = [rejected.model_dump() for rejected in report.rejected]
    await acreate_table_artifact(rejects, key="synth-rejected", description="Rejected per stage and reason")
    rows = "\n\n".join(
        f"**{example['kind']}** · {example['document_path']}\n\n> {example['query']}\n\n"
        + "\n".join(f"    {line}" for line in example["answer"])
        for example in report.examples
    )
    summary = (
        f"{sum(report.accepted.values())} samples from {report.documents_used} documents in {report.seconds:.0f} s, "
        f"{report.answers_new} new and {report.answers_reused} reused answers.\n\n"
        f"Data set: `{report.dataset_path}`\n\nWarehouse: `{report.warehouse_path}`\n\n{rows}"
    )
    await acreate_markdown_artifact(summary, key="synth-report", description="What the run made")
