"""Where wrong answers are found: the rejects of a synth job, or the judged answers of an evaluation."""

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from eval.tiers.own_cases import OwnSample
from schemas.errors import UsageError
from schemas.sample import Call
from tasks.preferences import JudgedAnswer, Question, Reject
from warehouse.store import Warehouse

SourceFlow = Literal["synth", "evaluate"]


class Origin(NamedTuple):
    """A job whose wrong answers are taken."""

    job_id: str
    flow: SourceFlow
    run_id: str | None
    """One run of it; none: the last that gave answers."""
    document_ids: tuple[str, ...]


class Answers(NamedTuple):
    """What an evaluation's models answered."""

    models: tuple[str, ...]
    """By label; the first is the one under test."""
    answers: tuple[JudgedAnswer, ...]
    document_ids: tuple[str, ...]
    """That the samples were made from."""


def find_origin(warehouse: Warehouse, run_id: str | None, job_id: str | None) -> Origin:
    """The job that a run or job id names.

    Raises:
        UsageError: not exactly one was given, there is no such job, or it is of a flow that gives no wrong answers.
    """
    if (run_id is None) == (job_id is None):
        raise UsageError("Give either --run RUN_ID or --job JOB_ID; `callmill sql runs` lists both.")
    if run_id is not None:
        runs = warehouse.read("select job_id from core_runs where run_id = $run_id", {"run_id": run_id})
        job_id = runs["job_id"][0] if runs.height else None
    sql = "select job_id, flow, document_ids from core_jobs where job_id = $job_id"
    jobs = warehouse.read(sql, {"job_id": job_id}).to_dicts()
    if not jobs:
        raise UsageError(f"There is no run or job {run_id or job_id}; `callmill sql runs` lists those there are.")
    (job,) = jobs
    if job["flow"] not in ("synth", "evaluate"):
        raise UsageError(f"Job {job['job_id']} is of flow {job['flow']}; expected a synth job or an evaluation.")
    return Origin(job["job_id"], job["flow"], run_id, tuple(job["document_ids"]))


def read_rejects(warehouse: Warehouse, job_id: str) -> Iterator[tuple[OwnSample, Question, Reject | None]]:
    """Every accepted sample of the train split of a job with what was rejected for the same query, if anything was."""
    for row in warehouse.read_named("rejects_of_same_query", {"job_id": job_id}).to_dicts():
        question = _read_question(row)
        sample = OwnSample(
            sample_id=row["sample_id"],
            kind=row["kind"],
            language=row["language"],
            split=row["split"],
            query=row["query"],
            tools=question.tools,
            messages=question.messages[:-1],
            calls=tuple(Call(**call) for call in json.loads(row["calls"])),
            function_ids=tuple(row["function_ids"]),
        )
        yield sample, question, _read_reject(row)


def read_judged(warehouse: Warehouse, origin: Origin) -> Answers:
    """The judged answers of one run of an evaluation.

    Raises:
        UsageError: it has none.
    """
    rows = warehouse.read_named("answers_to_samples", {"job_id": origin.job_id}).to_dicts()
    last = max(rows, key=lambda row: row["scored_at"])["run_id"] if rows else None
    rows = [row for row in rows if row["run_id"] == (origin.run_id or last)]
    if not rows:
        raise UsageError(f"Job {origin.job_id} has no judged answer in that run; `callmill sql scores` lists the runs.")
    sql = "select json_extract(parameters, '$.targets')::varchar as targets from core_jobs where job_id = $job_id"
    targets = json.loads(warehouse.read(sql, {"job_id": origin.job_id})["targets"][0] or "[]")
    prints = {target["label"]: target["fingerprint"] for target in targets}
    models = tuple(prints) or tuple(dict.fromkeys(row["model"] for row in rows))
    answers = tuple(_read_answer(row, prints.get(row["model"])) for row in rows)
    return Answers(models, answers, _documents_of(warehouse, {row["sample_job_id"] for row in rows}))


def _documents_of(warehouse: Warehouse, job_ids: set[str | None]) -> tuple[str, ...]:
    sql = "select document_ids from core_jobs where job_id in (select unnest($job_ids))"
    rows = warehouse.read(sql, {"job_ids": [each for each in job_ids if each]})
    return tuple(sorted({each for ids in rows["document_ids"].to_list() for each in ids}))


def _read_answer(row: dict[str, Any], fingerprint: str | None) -> JudgedAnswer:
    given = ("case_id", "model", "valid", "is_disputed", "error_type", "detail", "raw", "answer_id", "run_id")
    return JudgedAnswer(
        **{name: row[name] for name in given},
        fingerprint=fingerprint,
        question=_read_question(row) if row["sample_id"] else None,
        may_be_learnt=bool(row["may_be_learnt"]),
    )


def _read_question(row: dict[str, Any]) -> Question:
    return Question(
        sample_id=row["sample_id"],
        kind=row["kind"],
        language=row["language"],
        messages=tuple(json.loads(row["messages"])),
        tools=tuple(json.loads(row["tools"])),
        written_by=row["chosen_by"] or "unknown",
    )


def _read_reject(row: dict[str, Any]) -> Reject | None:
    if row["rejected_calls"] is None:
        return None
    return Reject(
        calls=tuple(Call(**call) for call in json.loads(row["rejected_calls"])),
        reason=row["reason"],
        detail=row["detail"],
        answer_ids=tuple(row["answer_ids"]),
        run_id=row["answered_run_id"],
        written_by=row["written_by"] or "unknown",
    )
