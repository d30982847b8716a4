"""Compose accepted samples into long rows: many functions offered, earlier turns with calls and long results, then the
request whose call is asked for.

Only calls are to be learnt: the words that sum up a result carry `"weight": 0`, and so does an earlier call where,
among so many functions, another might have served too.
"""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from llm.offline.documents import FunctionDocument, read_document
from llm.offline.judging import judge_calls
from llm.offline.reading import read_question
from llm.offline.results import ResultWriter, looks_up, most_records
from prompts.render import render
from schemas.function import Function, Language, Split
from schemas.record import canonical_json, content_id, json_text
from schemas.sample import Call
from tasks.check import CALLS_PROMPT
from tasks.check_arguments import ArgumentChecker
from tasks.cleaning.families import family_of
from tasks.compose import compact

LongReason = Literal["no_history", "wrong_length", "wrong_call", "other_function_serves"]
"""Why an attempt came to nothing."""

_TOOL_SHARES = (0.15, 0.4)  # of the row's tokens
_MOST_OFFERED = 128  # what OpenAI's API takes
_FEWEST_TURNS, _MOST_TURNS = 3, 12
_LENGTH_SLACK = 0.1
_MESSAGE_TOKENS = 6  # marks of role and end
_LEAST_LOOKUPS = 0.6  # of the earlier turns; only what is looked up can be long
_SUMMARIES = {
    "en": ("I found {count} entries. Say so if you need the details of one.", "Done: {count} entries came back."),
    "zh": ("共找到{count}条结果，需要哪一条的详情请告诉我。", "已查询完毕，返回{count}条记录。"),
}
_DONE = {"en": ("It is done.", "That worked."), "zh": ("已经办好了。", "操作成功。")}


class Source(NamedTuple):
    """One accepted sample with a request and calls."""

    sample_id: str
    language: Language
    domain: str
    query: str
    calls: tuple[Call, ...]
    tools: tuple[dict[str, Any], ...]

    @property
    def call_texts(self) -> frozenset[str]:
        """Its calls, to be compared with another's."""
        return frozenset(canonical_json(call.model_dump(mode="json")) for call in self.calls)


class Shelf(NamedTuple):
    """What rows are made from: samples of one split, and every function that any of them offers."""

    sources: tuple[Source, ...]
    functions: dict[str, Function]
    """By name; of two of the same name the first."""
    split: Split


class LongRow(NamedTuple):
    """A composed row."""

    row_id: str
    final: Source
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    made_from: list[str]
    tokens: int


class _Turn(NamedTuple):
    """An earlier request with its calls and results."""

    messages: list[dict[str, Any]]
    tokens: int


@dataclass
class LongComposer:
    """Makes row number n of a seed; the same for the same shelf."""

    shelf: Shelf
    tokens: int
    count: Callable[[str], int]
    seed: int
    checker: ArgumentChecker = field(default_factory=ArgumentChecker)

    def finals(self, language: Language | None) -> list[Source]:
        """Samples whose call may be asked for, in the order of the seed."""
        usable = [source for source in self.shelf.sources if language in (None, source.language)]
        random.Random(f"{self.seed}/long").shuffle(usable)
        return usable

    def compose(self, final: Source, number: int) -> LongRow | LongReason:
        """One row that ends with this sample's calls, or why there is none."""
        rng = random.Random(f"{self.seed}/long/{number}/{final.sample_id}")
        row_id = content_id("long", self.seed, number, final.sample_id, self.tokens)
        if not self._is_right(final):
            return "wrong_call"
        history = self._choose_history(final, rng)
        if not history:
            return "no_history"
        offered = self._choose_offer(final, history, rng)
        if find_rival(final, list(offered.values())):
            return "other_function_serves"
        tools = [offered[name].tool for name in rng.sample(sorted(offered), len(offered))]
        used = self.count(json_text(tools))
        asked = [_user(final), _calls(final, f"{row_id[:8]}_last", 1)]
        used += self._tokens_of(asked)
        messages: list[dict[str, Any]] = []
        for place, source in enumerate(history):
            share = max(0, self.tokens - used) // (len(history) - place)
            turn = self._write_turn(source, f"{row_id[:8]}{place:02d}", share, list(offered.values()), rng)
            messages += turn.messages
            used += turn.tokens
        if abs(used - self.tokens) > _LENGTH_SLACK * self.tokens:
            return "wrong_length"
        made_from = [final.sample_id, *(source.sample_id for source in history)]
        return LongRow(row_id, final, [*messages, *asked], tools, made_from, used)

    def _is_right(self, source: Source) -> bool:
        """Whether every call names an offered function and its arguments are legal."""
        offered = {tool["function"]["name"] for tool in source.tools}
        functions = self.shelf.functions
        return all(
            call.name in offered and self.checker.find_problem(call, functions[call.name]) is None
            for call in source.calls
        )

    def _choose_history(self, final: Source, rng: random.Random) -> list[Source]:
        """Earlier requests in the same language, most of them look-ups, the last one a look-up.

        Nothing is asked for that was done before: no call stands twice in a row.
        """
        others = []
        done = set(final.call_texts)
        for source in rng.sample(self.shelf.sources, len(self.shelf.sources)):
            if source.language == final.language and not done & source.call_texts and self._is_right(source):
                others.append(source)
                done |= source.call_texts
        lookups = [source for source in others if self._is_lookup(source)]
        deeds = [source for source in others if not self._is_lookup(source)]
        turns = rng.randint(_FEWEST_TURNS, _MOST_TURNS)
        chosen = rng.sample(lookups, min(len(lookups), max(1, round(turns * _LEAST_LOOKUPS))))
        chosen += rng.sample(deeds, min(len(deeds), turns - len(chosen)))
        last = chosen[:1] if lookups else []
        rest = chosen[len(last) :]
        rng.shuffle(rest)
        return [*rest, *last] if last else []

    def _is_lookup(self, source: Source) -> bool:
        """Whether as long a list may come back as is wished."""
        return any(
            looks_up(_document(self.shelf.functions[call.name])) and most_records(call.arguments) is None
            for call in source.calls
        )

    def _choose_offer(self, final: Source, history: Sequence[Source], rng: random.Random) -> dict[str, Function]:
        """Functions called anywhere in the row, and others of the split up to a share of its tokens.

        A function that would serve the last request as well is not offered.
        """
        functions = self.shelf.functions
        called = {call.name for source in (final, *history) for call in source.calls}
        offered = {name: functions[name] for name in sorted(called)}
        families = {function.family_id for function in offered.values()}
        room = int(self.tokens * rng.uniform(*_TOOL_SHARES))
        room -= sum(self.count(json_text(function.tool)) for function in offered.values())
        # Another language's functions are the easier ones to pass over, so they come last.
        others = sorted(set(functions) - called)
        rng.shuffle(others)
        others.sort(key=lambda name: functions[name].language != final.language)
        for name in others:
            function = functions[name]
            size = self.count(json_text(function.tool))
            if len(offered) == _MOST_OFFERED or room <= 0:
                break
            if function.family_id in families or size > room or find_rival(final, [*_of(final, functions), function]):
                continue
            offered[name] = function
            families.add(function.family_id)
            room -= size
        return offered

    def _write_turn(
        self, source: Source, mark: str, share: int, offered: Sequence[Function], rng: random.Random
    ) -> _Turn:
        """A request, its calls, their results up to `share` tokens, and a sentence about them."""
        asked = [_user(source), _calls(source, mark, 0 if find_rival(source, offered) else 1)]
        used = self._tokens_of(asked)
        documents = [_document(self.shelf.functions[call.name]) for call in source.calls]
        lists = sum(map(looks_up, documents))
        results, found = [], 0
        for place, (call, document) in enumerate(zip(source.calls, documents, strict=True)):
            writer = ResultWriter(document, source.language, rng)
            if looks_up(document):
                records = list(self._write_records(writer, call, (share - used) // max(1, lists)))
                lists -= 1
                found += len(records)
                content = json_text({"total": len(records), "items": records})
            else:
                content = json_text(writer.write_done(call.arguments))
            results.append(
                {"role": "tool", "tool_call_id": f"call_{mark}_{place}", "name": call.name, "content": content}
            )
            used += self.count(content) + _MESSAGE_TOKENS
        told = _SUMMARIES[source.language] if found else _DONE[source.language]
        words = rng.choice(told).format(count=found)
        said = {"role": "assistant", "content": words, "weight": 0}
        return _Turn([*asked, *results, said], used + self._tokens_of([said]))

    def _write_records(self, writer: ResultWriter, call: Call, room: int) -> Iterator[dict[str, Any]]:
        """At least one record, and as many as fit and are asked for."""
        most = most_records(call.arguments)
        for number in itertools.count(1):
            record = writer.write_record(call.arguments)
            yield record
            size = self.count(json_text(record)) + 1
            room -= size
            if room <= size // 2 or number == most:
                return

    def _tokens_of(self, messages: Sequence[dict[str, Any]]) -> int:
        texts = [each["content"] + (json_text(each["tool_calls"]) if "tool_calls" in each else "") for each in messages]
        return sum(self.count(text) + _MESSAGE_TOKENS for text in texts)


def make_shelf(rows: Sequence[dict[str, Any]], split: Split) -> Shelf:
    """Samples of one request and its calls, and all their functions; of functions of one name the first stays."""
    functions: dict[str, Function] = {}
    for row in rows:
        for tool in row["tools"]:
            functions.setdefault(tool["function"]["name"], to_function(tool, row["language"], split))
    sources = [source for row in rows if (source := _read_source(row, functions)) is not None]
    return Shelf(tuple(sources), functions, split)


def to_function(tool: dict[str, Any], language: Language, split: Split) -> Function:
    """A tool of a data set as a function record, as far as a tool tells."""
    about = tool["function"]
    parameters = about.get("parameters") or {"type": "object", "properties": {}}
    return Function(
        function_id=content_id(tool),
        document_id="",
        document_path="",
        format="data set",
        position=0,
        name=about["name"],
        description=about.get("description") or "",
        parameters=parameters,
        domain="",
        language=language,
        family_id=family_of(about["name"], parameters),
        split=split,
    )


def find_rival(source: Source, offered: Sequence[Function]) -> bool:
    """Whether a function that is not called would serve a request as well: the judge's question, asked of the embedded
    judge, which is quick enough for hundreds of functions a row."""
    called = {call.name for call in source.calls}
    rendered = render(
        CALLS_PROMPT,
        called=[function.tool["function"] for function in offered if function.name in called],
        others=[compact(function) for function in offered if function.name not in called],
        query=source.query,
        calls=[call.model_dump(mode="json") for call in source.calls],
    )
    question = read_question([{"role": role, "content": content} for role, content in rendered.messages])
    return judge_calls(question, random.Random(0)).other_serves


def _of(source: Source, functions: dict[str, Function]) -> list[Function]:
    return [functions[name] for name in dict.fromkeys(call.name for call in source.calls)]


def _document(function: Function) -> FunctionDocument:
    return read_document(json.dumps(function.tool["function"], ensure_ascii=False))


def _read_source(row: dict[str, Any], functions: dict[str, Function]) -> Source | None:
    """A row of one request whose functions are the ones on the shelf."""
    *before, answer = row["messages"]
    asked = [message for message in before if message["role"] != "system"]
    if len(asked) != 1 or asked[0]["role"] != "user" or not answer.get("tool_calls"):
        return None
    calls = tuple(
        Call(name=call["function"]["name"], arguments=json.loads(call["function"]["arguments"] or "{}"))
        for call in answer["tool_calls"]
    )
    tools = tuple(row["tools"])
    known = {tool["function"]["name"]: tool for tool in tools}
    if any(call.name not in known or known[call.name] != functions[call.name].tool for call in calls):
        return None
    return Source(row["sample_id"], row["language"], row["domain"], asked[0]["content"], calls, tools)


def _user(source: Source) -> dict[str, Any]:
    return {"role": "user", "content": source.query}


def _calls(source: Source, mark: str, weight: int) -> dict[str, Any]:
    """The assistant's calls; those of weight 0 are shown and not learnt."""
    calls = [
        {
            "id": f"call_{mark}_{place}",
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
        }
        for place, call in enumerate(source.calls)
    ]
    return {"role": "assistant", "content": "", "tool_calls": calls, **({} if weight else {"weight": 0})}
