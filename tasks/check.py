"""Let a judge read every candidate, several independent draws each; what is not clearly good is rejected."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from prefect import task

from llm.ask import Asked, ask, make_request
from prompts.render import render
from schemas.answer import Request
from schemas.sample import Sample
from schemas.settings import TeacherSettings
from schemas.verdict import CallJudgement, Check, RefusalJudgement, Vote
from tasks.batches import HEALING, Batch, ask_all, repairs_of, run_batches
from tasks.compose import compact
from tasks.plan import Catalog
from tasks.synth_run import SynthRun

CALLS_PROMPT = "judge_calls.v1"
REFUSAL_PROMPT = "judge_refusal.v1"
_MIN_VALID_DRAWS = 2


class Verdict(NamedTuple):
    """The semantic check of one sample with the votes it rests on."""

    check: Check
    votes: tuple[Vote, ...]


def judge_request(sample: Sample, catalog: Catalog, teacher: TeacherSettings) -> Request:
    """The question to the judge; it holds the sample and nothing about how it was made."""
    if sample.kind == "irrelevance":
        offered = [compact(catalog.functions[function_id]) for function_id in sample.offered_ids]
        answer = sample.messages[-1]["content"]
        rendered = render(REFUSAL_PROMPT, offered=offered, query=sample.query, answer=answer)
    else:
        offered_functions = [catalog.functions[function_id] for function_id in sample.offered_ids]
        rendered = render(
            CALLS_PROMPT,
            called=[f.tool["function"] for f in offered_functions if f.function_id in sample.function_ids],
            others=[compact(f) for f in offered_functions if f.function_id not in sample.function_ids],
            query=sample.query,
            calls=[call.model_dump(mode="json") for call in sample.calls],
        )
    return make_request(
        rendered,
        model=teacher.judge_model_name,
        temperature=teacher.judge_temperature,
        max_tokens=teacher.max_tokens,
        answer_model=judgement_of(sample),
    )


def judgement_of(sample: Sample) -> type[CallJudgement] | type[RefusalJudgement]:
    """The form of the judge's answer."""
    return RefusalJudgement if sample.kind == "irrelevance" else CallJudgement


def read_vote(sample: Sample, draw: int, asked: Asked[CallJudgement | RefusalJudgement]) -> Vote:
    """One draw's verdict: pass only if every question is answered well."""
    judgement = asked.value
    if judgement is None:
        return Vote(
            sample_id=sample.sample_id, draw=draw, answer_ids=asked.answer_ids, is_valid=False,
            verdict=None, reasons=(),
            evidence=f"{asked.reason}: {asked.detail}",
        )  # fmt: skip
    if isinstance(judgement, RefusalJudgement):
        answers = {
            "semantic:other_function_serves": not judgement.any_serves,
            "semantic:not_a_refusal": judgement.is_refusal,
        }
    else:
        has_others = len(sample.offered_ids) > len(sample.function_ids)
        answers = {
            "semantic:name_not_offered": judgement.names_offered,
            "semantic:argument_not_of_function": judgement.arguments_belong,
            "semantic:value_not_from_query": judgement.values_from_query,
            "semantic:request_not_solved": judgement.request_solved,
            "semantic:other_function_serves": not (has_others and judgement.other_serves),
        }
    reasons = tuple(reason for reason, is_good in answers.items() if not is_good)
    return Vote(
        sample_id=sample.sample_id, draw=draw, answer_ids=asked.answer_ids, is_valid=True,
        verdict="fail" if reasons else "pass", reasons=reasons, evidence=judgement.evidence,
    )  # fmt: skip


def decide(sample: Sample, votes: Sequence[Vote]) -> Check:
    """Most valid draws must pass; a tie rejects; fewer than two valid draws is not a judgement."""
    valid = [vote for vote in votes if vote.is_valid]
    passes = sum(vote.verdict == "pass" for vote in valid)
    if len(valid) < _MIN_VALID_DRAWS:
        detail = f"{len(valid)} of {len(votes)} draws could be read, expected at least {_MIN_VALID_DRAWS}"
        return Check(
            sample_id=sample.sample_id, check_name="semantic", state="not_judged", reason="not_judged", detail=detail
        )
    if passes > len(valid) - passes:
        return Check(sample_id=sample.sample_id, check_name="semantic", state="passed")
    reasons = Counter(reason for vote in valid for reason in vote.reasons)
    return Check(
        sample_id=sample.sample_id, check_name="semantic", state="failed",
        reason=reasons.most_common(1)[0][0], detail=f"{passes} of {len(valid)} valid draws pass",
    )  # fmt: skip


@task(name="check batch", **HEALING)
async def check_batch(batch: Batch[Sample]) -> list[Check]:
    """Draw, vote and decide on a batch of samples, stored in one commit."""
    run, samples = batch.run, batch.items
    draws = range(run.options.judge_draws)
    requests = [judge_request(sample, batch.catalog, run.teacher) for sample in samples]
    await run.recall(run.client, [(request, draw) for request in requests for draw in draws])
    answers = await ask_all(
        [
            ask(run.client, request, draw, judgement_of(sample))
            for request, sample in zip(requests, samples, strict=True)
            for draw in draws
        ]
    )
    verdicts = []
    for number, sample in enumerate(samples):
        own = answers[number * len(draws) : (number + 1) * len(draws)]
        votes = tuple(read_vote(sample, draw, asked) for draw, asked in zip(draws, own, strict=True))
        verdicts.append(Verdict(decide(sample, votes), votes))
    votes_and_checks = [record for verdict in verdicts for record in (verdict.check, *verdict.votes)]
    await run.commit([*requests, *repairs_of(answers), *votes_and_checks])
    return [verdict.check for verdict in verdicts]


async def check_samples(run: SynthRun, catalog: Catalog, samples: Sequence[Sample]) -> list[Check]:
    """The semantic check of every sample, in their order."""
    missing = [sample for sample in samples if sample.sample_id not in run.checks]
    made = await run_batches(run, catalog, "check", missing, check_batch, run.options.judge_draws)
    run.checks.update({check.sample_id: check for check in made})
    return [run.checks[sample.sample_id] for sample in samples]
