"""End a run: tell the terminal, the Prefect UI and the warehouse what came out."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.context import FlowRunContext

from llm.costs import forecast
from schemas.errors import FellShortError
from schemas.function import Function
from schemas.http_request import build_http_request
from schemas.report import DocumentProblem, Rejected, SynthReport
from schemas.sample import Call, Kind
from tasks.accept import Quota
from tasks.ingest import Ingested
from tasks.synth_run import SynthRun

_EXAMPLES = 3


RejectCounts = Counter[tuple[str, str, str]]
"""(thing, stage, reason) to how many."""


def count_document_rejects(ingested: Sequence[Ingested]) -> RejectCounts:
    """How many documents and functions each (stage, reason) took."""
    counts: RejectCounts = Counter()
    for one in ingested:
        if one.document.state == "rejected":
            counts["document", "ingest", str(one.document.reason)] += 1
        counts.update(
            ("function", "clean", str(function.reason)) for function in one.functions if function.state == "rejected"
        )
    return counts


def count_rejects(run: SynthRun, ingested: Sequence[Ingested]) -> tuple[Rejected, ...]:
    """How many things each reason took: of these documents, and of this job's pairs and samples."""
    counts = count_document_rejects(ingested)
    for row in run.warehouse.read_named("rejects_of_job", {"job_id": run.job_id}).to_dicts():
        counts[row["thing"], row["stage"], row["reason"]] += row["things"]
    return as_rejected(counts)


def as_rejected(counts: RejectCounts) -> tuple[Rejected, ...]:
    """Counts as records, by stage and reason."""
    return tuple(
        Rejected(thing=thing, stage=stage, reason=reason, things=count)
        for (thing, stage, reason), count in sorted(counts.items())
    )


def show_call(call: Call) -> str:
    """A call as Python would write it."""
    return f"{call.name}({', '.join(f'{k}={json.dumps(v, ensure_ascii=False)}' for k, v in call.arguments.items())})"


def show_request(function: Function | None, call: Call) -> str | None:
    """The HTTP request that a call stands for, where its function has one."""
    return build_http_request(function, call).line() if function is not None and function.http is not None else None


def pick_examples(run: SynthRun, functions: Sequence[Function]) -> tuple[dict[str, Any], ...]:
    """Three accepted samples of different kinds that a person can read."""
    by_id = {function.function_id: function for function in functions}
    rows = run.warehouse.read_named("example_samples", {"job_id": run.job_id, "examples": _EXAMPLES}).to_dicts()
    examples = []
    for row in rows:
        calls = [Call(**call) for call in json.loads(row["calls"])]
        called = [by_id[function_id] for function_id in row["function_ids"]]
        known = {function.name: function for function in called}
        examples.append(
            {
                "sample_id": row["sample_id"],
                "kind": row["kind"],
                "query": row["query"],
                "offered": [tool["function"]["name"] for tool in json.loads(row["tools"])],
                "answer": [show_call(call) for call in calls] or [json.loads(row["messages"])[-1]["content"]],
                "http": [line for call in calls if (line := show_request(known.get(call.name), call))],
                "document_path": row["document_path"],
            }
        )
    return tuple(examples)


async def report_run(
    run: SynthRun,
    ingested: Sequence[Ingested],
    quotas: Mapping[Kind, Quota],
    dataset_path: str | None,
    is_dry: bool,
) -> SynthReport:
    """Record the run's end and report it.

    Raises:
        FellShortError: fewer samples than wanted; carries the report.
    """
    functions = [function for one in ingested for function in one.functions]
    stats = run.client.stats
    shortfalls = [] if is_dry else [quota.shortfall for quota in quotas.values() if quota.shortfall]
    report = SynthReport(
        job_id=run.job_id,
        run_id=run.run.run_id,
        wanted={kind: quota.wanted for kind, quota in quotas.items()},
        accepted={kind: len(quota.accepted) for kind, quota in quotas.items()},
        candidates={kind: quota.planned for kind, quota in quotas.items()},
        passed={kind: sum(o.is_good for o in quota.outcomes.values()) for kind, quota in quotas.items()},
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


def _forecast(run: SynthRun, quotas: Mapping[Kind, Quota]) -> dict[str, Any]:
    tried = sum(len(quota.outcomes) for quota in quotas.values())
    good = sum(outcome.is_good for quota in quotas.values() for outcome in quota.outcomes.values())
    wanted = sum(quota.wanted for quota in quotas.values())
    known = {"candidates_tried": tried, "candidates_passed": good, "samples_wanted": wanted}
    if not good:
        return {**known, "answers": None}  # nothing to scale by
    expected = forecast(run.client.stats, done=good, wanted=wanted)
    # Where answers come at once (the embedded teacher) our own work takes the time, not the waiting for answers.
    own_s = sum(run.stage_seconds.values()) * wanted / good if run.teacher.is_offline else 0.0
    return {**known, **expected.model_dump(mode="json"), "seconds": round(max(expected.seconds, own_s), 1)}


async def _show_in_ui(report: SynthReport) -> None:
    """Tables and links as artifacts of the flow run."""
    if FlowRunContext.get() is None:
        return
    kinds = [
        {
            "kind": kind,
            "accepted": report.accepted[kind],
            "wanted": wanted,
            "candidates": report.candidates[kind],
            "passed": report.passed[kind],
        }
        for kind, wanted in report.wanted.items()
    ]
    await acreate_table_artifact(kinds, key="synth-accepted", description=f"Accepted per kind, job {report.job_id}")
    rejects = [rejected.model_dump() for rejected in report.rejected]
    await acreate_table_artifact(rejects, key="synth-rejected", description="Rejected per stage and reason")
    await acreate_markdown_artifact(_as_markdown(report), key="synth-report", description="What the run made")


def _as_markdown(report: SynthReport) -> str:
    facts = {
        "job": report.job_id,
        "teacher": report.teacher,
        "samples": f"{sum(report.accepted.values())} from {report.documents_used} documents",
        "answers": f"{report.answers_new} new, {report.answers_reused} reused",
        "tokens": f"{report.prompt_tokens} in, {report.completion_tokens} out",
        "cost": "unknown: no price is set" if report.cost_usd is None else f"{report.cost_usd:.4f} USD",
        "seconds": report.seconds,
        "data set": report.dataset_path,
        "warehouse": report.warehouse_path,
    }
    table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])
    rows = [
        f"**{example['kind']}** · {example['document_path']}\n\n> {example['query']}\n\n"
        + "\n\n".join(f"`{line}`" if example["http"] else line for line in [*example["answer"], *example["http"]])
        for example in report.examples
    ]
    return "\n\n".join([table, *rows])
