"""Compose pairs into the five kinds of sample.

A sample in OpenAI chat form: tools offered, the user's message, the assistant's calls (or words, for irrelevance).
"""

from collections.abc import Sequence
from typing import Any

from prefect import task

from llm.ask import Asked, ask, make_request
from prompts.render import render
from schemas.answer import Request
from schemas.function import Function
from schemas.record import Record, canonical_json, content_id
from schemas.sample import Call, Kind, Pair, Plan, Sample, WrittenQuery, WrittenRefusal
from schemas.settings import TeacherSettings
from schemas.verdict import Check
from tasks.batches import HEALING, Batch, ask_all, repairs_of, run_batches
from tasks.generate import LANGUAGE_NAMES, choices_of
from tasks.plan import Catalog
from tasks.synth_run import SynthRun

COMBINE_PROMPT = "combine_queries.v1"
REFUSE_PROMPT = "refuse.v1"


_LEAST_OFFERED: dict[Kind, int] = {
    "simple": 1,
    "multiple": 2,
    "parallel": 1,
    "parallel_multiple": 2,
    "irrelevance": 1,
}


class Draft(Record):
    """A candidate whose pairs are there."""

    plan: Plan
    pairs: tuple[Pair, ...]

    @property
    def calls(self) -> tuple[Call, ...]:
        """What the assistant should call."""
        if self.plan.kind == "irrelevance":
            return ()
        return tuple(pair.call for pair in self.pairs if pair.call is not None)

    @property
    def rejection(self) -> tuple[str, str, str] | None:
        """(stage, reason, detail) if the pairs can't make this kind."""
        for pair in self.pairs:
            if pair.state == "rejected":
                return "generate", "pair_rejected", f"{pair.pair_id}: {pair.reason}"
        offered, least = len(self.plan.offered), _LEAST_OFFERED[self.plan.kind]
        if offered < least:
            return "compose", "too_few_offered", f"{offered} functions fit into the offer, expected at least {least}"
        if self.plan.kind in ("parallel", "parallel_multiple"):
            texts = [canonical_json(call.model_dump(mode="json")) for call in self.calls]
            if len(texts) < 2:
                return "compose", "wrong_count", "one call, expected at least two"
            if len(set(texts)) < len(texts):
                return "compose", "same_call_twice", "two parts ask for the very same call"
        return None


def compact(function: Function) -> dict[str, Any]:
    """What a reader needs to tell whether a function could serve: name, description, parameters (* = required)."""
    required = function.parameters.get("required", [])
    names = [f"{name}*" if name in required else name for name in function.parameters.get("properties", {})]
    return {"name": function.name, "description": function.description, "parameters": names}


def writing_request(draft: Draft, catalog: Catalog, teacher: TeacherSettings) -> Request | None:
    """What is still to be written for this candidate, or None."""
    kind = draft.plan.kind
    language = LANGUAGE_NAMES[draft.plan.cells[0].language]
    if kind in ("parallel", "parallel_multiple"):
        parts = [{"query": pair.query, "call": pair.call.model_dump(mode="json")} for pair in draft.pairs if pair.call]
        styles = choices_of("style")
        style = styles[int(content_id(parts), 16) % len(styles)]
        rendered = render(COMBINE_PROMPT, language_name=language, style=style, parts=parts)
        answer_model: type[Record] = WrittenQuery
    elif kind == "irrelevance":
        offered = [compact(catalog.functions[function_id]) for function_id in draft.plan.offered]
        rendered = render(REFUSE_PROMPT, language_name=language, offered=offered, query=draft.pairs[0].query)
        answer_model = WrittenRefusal
    else:
        return None
    return make_request(
        rendered,
        model=teacher.writer_model_name,
        temperature=teacher.temperature,
        max_tokens=teacher.max_tokens,
        answer_model=answer_model,
    )


def build_sample(job_id: str, draft: Draft, catalog: Catalog, written: Asked[Any] | None) -> Sample:
    """Put a candidate together, or say why it can't be.

    Args:
        written: the answer to `writing_request`; None where nothing had to be written.
    """
    plan = draft.plan
    sample_id = content_id(job_id, plan.kind, plan.index)
    first = catalog.functions[plan.cells[0].function_id]
    answer_ids = [answer_id for pair in draft.pairs for answer_id in pair.answer_ids]
    common: dict[str, Any] = {
        "sample_id": sample_id,
        "kind": plan.kind,
        "index": plan.index,
        "language": plan.cells[0].language,
        "domain": first.domain,
        "split": first.split,
        "function_ids": tuple(dict.fromkeys(cell.function_id for cell in plan.cells)),
        "offered_ids": plan.offered,
        "pair_ids": tuple(pair.pair_id for pair in draft.pairs),
        "answer_ids": tuple(dict.fromkeys([*answer_ids, *(written.answer_ids if written else ())])),
        "source": plan.source,
    }
    rejection = draft.rejection
    if rejection is None and written is not None and written.value is None:
        rejection = ("compose", str(written.reason), written.detail or "")
    if rejection:
        stage, reason, detail = rejection
        return Sample(
            **common, query=None, tools=(), messages=(), calls=(), state="rejected",
            stage=stage, reason=reason, detail=detail,
        )  # fmt: skip
    query = written.value.query if written and isinstance(written.value, WrittenQuery) else draft.pairs[0].query
    words = written.value.answer if written and isinstance(written.value, WrittenRefusal) else ""
    return Sample(
        **common,
        query=query,
        tools=tuple(catalog.functions[function_id].tool for function_id in plan.offered),
        messages=chat_messages(sample_id, query or "", draft.calls, words),
        calls=draft.calls,
        state="composed",
    )


def chat_messages(sample_id: str, query: str, calls: Sequence[Call], words: str) -> tuple[dict[str, Any], ...]:
    """The user's message and the assistant's answer, in OpenAI chat form."""
    answer: dict[str, Any] = {"role": "assistant", "content": words}
    if calls:
        answer["tool_calls"] = [
            {
                "id": f"call_{sample_id[:8]}_{number}",
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments_text(call)},
            }
            for number, call in enumerate(calls)
        ]
    return {"role": "user", "content": query}, answer


def _arguments_text(call: Call) -> str:
    return call.model_dump_json(include={"arguments"})[len('{"arguments":') : -1]


def find_duplicates(samples: Sequence[Sample], seen: dict[str, str]) -> list[Check]:
    """Say of every composed sample whether an earlier one of its kind has the same query and calls.

    Args:
        samples: in candidate order.
        seen: fingerprints of all earlier candidates to their sample_id; grows.
    """
    checks = []
    for sample in samples:
        calls = [call.model_dump(mode="json") for call in sample.calls]
        fingerprint = content_id(sample.kind, " ".join((sample.query or "").casefold().split()), calls)
        first = seen.setdefault(fingerprint, sample.sample_id)
        if first == sample.sample_id:
            checks.append(Check(sample_id=sample.sample_id, check_name="duplicate", state="passed"))
        else:
            checks.append(
                Check(
                    sample_id=sample.sample_id,
                    check_name="duplicate",
                    state="failed",
                    reason="duplicate",
                    detail=f"same query and calls as {first}",
                )
            )
    return checks


@task(name="compose batch", **HEALING)
async def compose_batch(batch: Batch[Draft]) -> list[Sample]:
    """Write what is missing and put a batch of candidates together, stored in one commit."""
    run, catalog, drafts = batch.run, batch.catalog, batch.items
    requests = [None if draft.rejection else writing_request(draft, catalog, run.teacher) for draft in drafts]
    await run.recall(run.client, [(request, 0) for request in requests if request])

    asked = await ask_all(
        [
            ask(run.client, request, 0, WrittenRefusal if draft.plan.kind == "irrelevance" else WrittenQuery)
            for request, draft in zip(requests, drafts, strict=True)
            if request
        ]
    )
    left = iter(asked)
    answers = [next(left) if request else None for request in requests]
    samples = [
        build_sample(run.job_id, draft, catalog, written) for draft, written in zip(drafts, answers, strict=True)
    ]
    await run.commit([*filter(None, requests), *repairs_of(asked), *samples])
    return samples


async def compose_samples(run: SynthRun, catalog: Catalog, plans: Sequence[Plan]) -> list[Sample]:
    """One sample per plan, composed or rejected, in the order of the plans."""
    missing = [plan for plan in plans if (plan.kind, plan.index) not in run.samples]
    drafts = [Draft(plan=plan, pairs=tuple(run.pairs[cell] for cell in plan.cells)) for plan in missing]
    made = await run_batches(run, catalog, "compose", drafts, compose_batch)
    run.samples.update({(sample.kind, sample.index): sample for sample in made})
    return [run.samples[plan.kind, plan.index] for plan in plans]


async def drop_duplicates(run: SynthRun, samples: Sequence[Sample]) -> list[Sample]:
    """The composed samples that say something new; the others get a failed check."""
    composed = [sample for sample in samples if sample.state == "composed"]
    checks = find_duplicates(composed, run.fingerprints)
    await run.commit(checks)
    return [sample for sample, check in zip(composed, checks, strict=True) if check.state == "passed"]
