"""A believable little job of real records: two documents and a broken one, five samples accepted and three rejected."""

import functools
import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from schemas.answer import Answer, Message, Request
from schemas.dataset import Acceptance
from schemas.document import Document
from schemas.function import Function, Language
from schemas.job import Job, Run, RunEvent
from schemas.record import Record, content_id
from schemas.sample import Call, Kind, Pair, Sample
from schemas.verdict import Check, Vote
from tests.warehouse.small_chat import small_chats
from tests.warehouse.small_evaluation import small_cases, small_scores
from tests.warehouse.small_factory import small_export, small_factory_end
from tests.warehouse.small_general import small_general, small_import
from tests.warehouse.small_preference import small_preference
from tests.warehouse.small_training import small_training
from warehouse.store import Warehouse

RUN_ID = "run-1"
_DAY = "2026-03-01T02:00:"
_WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1, "maximum": 10},
        "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
    },
    "required": ["city"],
}
_FRUIT = {
    "type": "object",
    "properties": {"product": {"type": "string", "description": "水果名称"}},
    "required": ["product"],
}


class SmallJob(NamedTuple):
    """Everything one run of `synth` would store, in the order in which it would."""

    job: Job
    documents: list[Document]
    functions: list[Function]
    requests: list[Request]
    answers: list[Answer]
    pairs: list[Pair]
    samples: list[Sample]
    checks: list[Check]
    votes: list[Vote]
    acceptances: list[Acceptance]
    runs: list[Run]
    events: list[RunEvent]

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.job.job_id

    @property
    def run(self) -> Run:
        """The one attempt at it."""
        return self.runs[0]

    @property
    def records(self) -> list[Record]:
        """All of it."""
        return [self.job, *(record for part in self[1:] for record in part)]


def commit_small_job(folder: Path) -> tuple[Warehouse, SmallJob]:
    """A fresh warehouse in `folder` that holds the job."""
    path = folder / "warehouse.duckdb"
    path.write_bytes(_committed_file())
    return Warehouse(path, wait_s=5), small_job()


@functools.cache
def _committed_file() -> bytes:
    """The warehouse's file, committed once for all tests of a process."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb")
        warehouse.migrate()
        job = small_job()
        chats = small_chats(job.answers[0].answer_id)
        others = (*small_general(), *small_import())
        extra = (*chats, small_export(), small_factory_end(), small_preference(job.samples[0]), *others)
        warehouse.commit([*job.records, *small_cases(), *small_scores(), small_training(), *extra], job.job_id, RUN_ID)
        return warehouse.path.read_bytes()


def small_job() -> SmallJob:
    """Five accepted samples, one per kind; one that the judge fails, one duplicate, one that could not be composed."""
    documents = [
        _document("weather.yaml", "openapi-3.1", "weather", "en"),
        _document("fruit.json", "openai-tools", "fruit", "zh"),
        _document("broken.yaml", "unknown", "broken", "en", reason="not_yaml"),
    ]
    forecast = _function(documents[0], 0, "get_forecast", "Get the forecast of a city.", _WEATHER)
    history = _function(documents[0], 1, "get_history", "Get past weather of a city.", _WEATHER)
    order = _function(documents[1], 0, "create_order", "下单购买水果", _FRUIT)
    functions = [
        forecast,
        history,
        order,
        _function(
            documents[1], 1, "create_order_2", "下单购买水果", _FRUIT, state="merged", merged_into=order.function_id
        ),
        _function(documents[0], 2, "get_everything", "Too much.", _WEATHER, state="rejected", reason="too_large"),
        _function(documents[0], 3, "get_alerts", "Get alerts of a city.", _WEATHER, split="test"),
    ]
    job = Job(
        flow="synth",
        parameters={"samples": 5, "mix": {"simple": 20, "multiple": 20}},
        document_ids=tuple(sorted(document.document_id for document in documents)),
        seed=7,
    )
    writing = _Writing(job.job_id)
    lisbon = writing.pair(forecast, 0, "Will it rain in Lisbon?", {"city": "Lisbon"})
    oslo = writing.pair(forecast, 1, "Weather in Oslo for 3 days, in F", {"city": "Oslo", "days": 3, "unit": "F"})
    berries = writing.pair(order, 0, "我要一盒草莓", {"product": "草莓"})
    refused = writing.pair(history, 0, "How warm was it?", {"days": 3}, reason="missing_required")
    both = "Will it rain in Lisbon, and how will Oslo be for 3 days in F?"
    mixed = "Check Lisbon for rain and order 草莓."
    writing.accept("simple", 0, [lisbon], [forecast], str(lisbon.query))
    writing.accept("multiple", 0, [oslo], [history, forecast], str(oslo.query))
    writing.accept("parallel", 0, [lisbon, oslo], [forecast], both)
    writing.accept("parallel_multiple", 0, [lisbon, berries], [order, forecast], mixed)
    writing.accept("irrelevance", 0, [berries], [history], str(berries.query), words="抱歉,我只能查天气。")
    writing.fail("simple", 1, [oslo], [forecast], "Weather in Bergen", "semantic:value_not_from_query")
    writing.fail("simple", 2, [lisbon], [forecast], str(lisbon.query), "duplicate")
    writing.drop("multiple", 1, refused, [history, forecast])
    return SmallJob(
        job, documents, functions, writing.requests, writing.answers, writing.pairs, writing.samples,
        writing.checks, writing.votes, writing.acceptances, [_run(job)], _events(job),
    )  # fmt: skip


class _Writing:
    """What teacher and judge add, answer by answer."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.requests: list[Request] = []
        self.answers: list[Answer] = []
        self.pairs: list[Pair] = []
        self.samples: list[Sample] = []
        self.checks: list[Check] = []
        self.votes: list[Vote] = []
        self.acceptances: list[Acceptance] = []
        self._functions: dict[str, Function] = {}

    def pair(
        self, function: Function, ordinal: int, query: str, arguments: dict[str, Any], reason: str | None = None
    ) -> Pair:
        self._functions[function.function_id] = function
        call = Call(name=function.name, arguments=arguments)
        pair = Pair(
            pair_id=content_id(self.job_id, function.function_id, ordinal),
            function_id=function.function_id,
            ordinal=ordinal,
            language=function.language,
            query=query,
            call=call,
            state="rejected" if reason else "accepted",
            stage="check" if reason else None,
            reason=reason,
            answer_ids=(self._ask("generate_pair.v1", f"{function.name} {ordinal}", query),),
        )
        self.pairs.append(pair)
        return pair

    def accept(
        self, kind: Kind, index: int, pairs: list[Pair], offered: list[Function], query: str, words: str = ""
    ) -> None:
        sample = self._compose(kind, index, pairs, offered, query, words)
        self.checks.append(Check(sample_id=sample.sample_id, check_name="semantic", state="passed"))
        self._vote(sample, [(), (), ("semantic:request_not_solved",)])
        self.acceptances.append(
            Acceptance(sample_id=sample.sample_id, kind=kind, position=index, accepted_at=f"{_DAY}30+00:00")
        )

    def fail(self, kind: Kind, index: int, pairs: list[Pair], offered: list[Function], query: str, reason: str) -> None:
        sample = self._compose(kind, index, pairs, offered, query, "")
        name = "duplicate" if reason == "duplicate" else "semantic"
        self.checks.append(Check(sample_id=sample.sample_id, check_name=name, state="failed", reason=reason))
        if name == "semantic":
            self._vote(sample, [(reason,), (reason,), ()])

    def drop(self, kind: Kind, index: int, pair: Pair, offered: list[Function]) -> None:
        self.samples.append(
            self._sample(kind, index, [pair], offered).model_copy(
                update={"state": "rejected", "stage": "generate", "reason": "pair_rejected"}
            )
        )

    def _compose(
        self, kind: Kind, index: int, pairs: list[Pair], offered: list[Function], query: str, words: str
    ) -> Sample:
        bare = self._sample(kind, index, pairs, offered)
        calls = () if kind == "irrelevance" else tuple(pair.call for pair in pairs if pair.call)
        written = () if kind in ("simple", "multiple") else (self._ask("combine_queries.v1", bare.sample_id, query),)
        sample = bare.model_copy(
            update={
                "query": query,
                "calls": calls,
                "tools": tuple(function.tool for function in offered),
                "messages": _messages(query, calls, words),
                "answer_ids": (*bare.answer_ids, *written),
            }
        )
        self.samples.append(sample)
        return sample

    def _sample(self, kind: Kind, index: int, pairs: list[Pair], offered: list[Function]) -> Sample:
        return Sample(
            sample_id=content_id(self.job_id, kind, index),
            kind=kind,
            index=index,
            language=pairs[0].language,
            domain=self._functions[pairs[0].function_id].domain,
            split="train",
            query=None,
            tools=(),
            messages=(),
            calls=(),
            function_ids=tuple(dict.fromkeys(pair.function_id for pair in pairs)),
            offered_ids=tuple(function.function_id for function in offered),
            pair_ids=tuple(pair.pair_id for pair in pairs),
            answer_ids=tuple(answer_id for pair in pairs for answer_id in pair.answer_ids),
            source="own",
            state="composed",
        )

    def _vote(self, sample: Sample, reasons: list[tuple[str, ...]]) -> None:
        for draw, named in enumerate(reasons):
            answer_id = self._ask("judge_calls.v1", sample.sample_id, "verdict", draw)
            self.votes.append(
                Vote(
                    sample_id=sample.sample_id,
                    draw=draw,
                    answer_ids=(answer_id,),
                    is_valid=True,
                    verdict="fail" if named else "pass",
                    reasons=named,
                    evidence=f"draw {draw}",
                )
            )

    def _ask(self, prompt: str, question: str, text: str, draw: int = 0) -> str:
        request = Request(
            prompt=prompt, model="tester", messages=(Message(role="user", content=f"{prompt}: {question}"),),
            temperature=0.7, max_tokens=100,
        )  # fmt: skip
        self.requests.append(request)
        self.answers.append(
            Answer(
                answer_id=request.answer_id(draw),
                request_id=request.request_id,
                draw=draw,
                prompt=prompt,
                model="tester",
                served_model="tester-1",
                text=text,
                raw=json.dumps({"content": text}),
                finish_reason="stop",
                prompt_tokens=100,
                completion_tokens=20,
                cost_usd=0.001,
                latency_ms=40.0,
                attempts=1,
                answered_at=f"{_DAY}10+00:00",
            )
        )
        return request.answer_id(draw)


def _messages(query: str, calls: tuple[Call, ...], words: str) -> tuple[dict[str, Any], ...]:
    answer: dict[str, Any] = {"role": "assistant", "content": words}
    if calls:
        answer["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for number, call in enumerate(calls)
        ]
    return {"role": "user", "content": query}, answer


def _document(path: str, form: str, domain: str, language: Language, reason: str | None = None) -> Document:
    return Document.model_validate(
        {
            "document_id": content_id(path),
            "document_path": f"apis/{path}",
            "format": form,
            "title": domain,
            "domain": domain,
            "language": language,
            "state": "rejected" if reason else "parsed",
            "reason": reason,
            "text": f"# {path}",
        }
    )


def _function(
    document: Document, position: int, name: str, description: str, parameters: dict[str, Any], **fields: Any
) -> Function:
    return Function.model_validate(
        {
            "function_id": content_id(document.document_id, position),
            "document_id": document.document_id,
            "document_path": document.document_path,
            "format": document.format,
            "position": position,
            "name": name,
            "description": description,
            "parameters": parameters,
            "domain": document.domain,
            "language": document.language,
            "family_id": content_id(name),
            "split": "train",
            **fields,
        }
    )


def _run(job: Job) -> Run:
    return Run(
        run_id=RUN_ID,
        job_id=job.job_id,
        flow="synth",
        started_at=f"{_DAY}00+00:00",
        settings={"batch_size": 256},
        git_commit=None,
        is_dirty=None,
        packages={"duckdb": "1.5.5"},
        prompts={"judge_calls.v1": "a1"},
        seed=7,
    )


def _events(job: Job) -> list[RunEvent]:
    times = [("started", None, "00"), ("stage_ended", "generate", "20"), ("ended", None, "31")]
    return [
        RunEvent(run_id=RUN_ID, job_id=job.job_id, event_at=f"{_DAY}{second}+00:00", event=event, stage=stage)
        for event, stage, second in times
    ]
