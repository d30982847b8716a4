"""A conversation to a sample of ours: one request, the functions offered, the answer; or why it cannot be one.

A sample ends with the first answer that calls; what was said before stands before it. A conversation that never calls
ends with its first answer.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from schemas.function import Split
from schemas.imported import CallRead, Conversation, RowReason, Turn
from schemas.record import canonical_json, content_id
from schemas.sample import Call, Kind, Sample
from schemas.verdict import CallReason
from tasks.check_arguments import ArgumentChecker
from tasks.cleaning.clean_text import script_of
from tasks.compose import chat_messages
from tasks.importing.functions import FunctionShelf, Offer
from tasks.importing.read_rows import RawRow

Stage = Literal["read", "clean", "compose", "check"]


class SampleMade(NamedTuple):
    """A sample, composed or rejected, and what was left out of it."""

    sample: Sample
    functions_left_out: int = 0
    turns_left_out: int = 0


class RejectedRowError(Exception):
    """The row makes no sample.

    Args:
        stage: clean, compose or check.
        reason: of the closed lists.
        detail: for a person.
    """

    def __init__(self, stage: Stage, reason: RowReason | CallReason, detail: str) -> None:
        super().__init__(detail)
        self.stage = stage
        self.reason = reason
        self.detail = detail


class _Ending(NamedTuple):
    """Where the sample ends."""

    before: tuple[Turn, ...]
    answer: Turn
    turns_left_out: int


def sample_id_of(job_id: str, row: RawRow) -> str:
    """Content hash of the job and the row's place."""
    return content_id(job_id, row.position)


class SampleMaker:
    """Makes the samples of one set.

    Args:
        job_id: of the import.
        writer: who wrote the rows.
        domain: of all of them.
        shelf: gets the rows' functions.
    """

    def __init__(self, job_id: str, writer: str, domain: str, shelf: FunctionShelf) -> None:
        self._job_id = job_id
        self._writer = writer
        self._domain = domain
        self._shelf = shelf
        self._arguments = ArgumentChecker()

    def make(self, row: RawRow, conversation: Conversation) -> SampleMade:
        """The row's sample, with every call checked against its function's schema."""
        try:
            ending = find_ending(conversation.turns)
            offers = _offers_by_name(self._shelf, conversation)
            called = _called_offers(offers, ending.answer)
            split = _split_of(called, offers)
            kept = [one for one in offers.values() if one in called or _is_usable(one, split)]
            calls = self._check_calls(offers, ending.answer)
        except RejectedRowError as error:
            kind = probable_kind(conversation)
            return SampleMade(self.reject(row, error.stage, error.reason, error.detail, kind))
        common = self._common(row, split)
        messages = (
            *(_message_of(turn) for turn in ending.before[:-1]),
            *chat_messages(common["sample_id"], ending.before[-1].text, calls, ending.answer.text),
        )
        query = "\n".join(turn.text for turn in ending.before if turn.role == "user")
        function_ids = [one.function.function_id for one in called] or [kept[0].function.function_id]
        sample = Sample(
            **{**common, "language": "zh" if script_of([query]) == "zh" else "en"},
            kind=kind_of(calls, len(kept)),
            query=query,
            tools=tuple(one.function.tool for one in kept),
            messages=messages,
            calls=calls,
            function_ids=tuple(dict.fromkeys(function_ids)),
            offered_ids=tuple(one.function.function_id for one in kept),
            state="composed",
        )
        return SampleMade(sample, len(offers) - len(kept), ending.turns_left_out)

    def reject(self, row: RawRow, stage: Stage, reason: str, detail: str, kind: Kind = "simple") -> Sample:
        """A row without a sample; its own text is stored beside."""
        return Sample(
            **self._common(row, "train"), kind=kind, query=None, tools=(), messages=(), calls=(), function_ids=(),
            offered_ids=(), state="rejected", stage=stage, reason=reason, detail=detail,
        )  # fmt: skip

    def _common(self, row: RawRow, split: Split) -> dict[str, Any]:
        return {
            "sample_id": sample_id_of(self._job_id, row), "index": row.position, "language": "en",
            "domain": self._domain, "split": split, "pair_ids": (), "answer_ids": (), "source": self._writer,
        }  # fmt: skip

    def _check_calls(self, offers: dict[str, Offer], answer: Turn) -> tuple[Call, ...]:
        calls = []
        for given in answer.calls:
            function = offers[given.name].function
            call = Call(name=function.name, arguments=given.arguments)
            problem = self._arguments.find_problem(call, function)
            if problem:
                raise RejectedRowError("check", problem.reason, f"{function.name}: {problem.detail}")
            calls.append(call)
        if len({canonical_json(call.model_dump(mode="json")) for call in calls}) < len(calls):
            raise RejectedRowError("compose", "same_call_twice", "the answer makes the very same call twice")
        return tuple(calls)


def find_ending(turns: Sequence[Turn]) -> _Ending:
    """The first answer that calls, else the first answer.

    Raises:
        RejectedRowError: nobody asks, or nothing answers.
    """
    asked = next((place for place, turn in enumerate(turns) if turn.role == "user" and turn.text.strip()), None)
    if asked is None:
        raise RejectedRowError("compose", "no_request", "no message of a user")
    answers = [place for place in range(asked + 1, len(turns)) if turns[place].role == "assistant"]
    calling = [place for place in answers if turns[place].calls]
    spoken = [place for place in answers if turns[place].text.strip()]
    if not calling and not spoken:
        raise RejectedRowError("compose", "no_answer", "neither a call nor words answer the request")
    end = calling[0] if calling else spoken[0]
    before = tuple(turn for turn in turns[asked:end] if turn.text.strip() and turn.role != "tool")
    if before[-1].role != "user":
        raise RejectedRowError("compose", "no_request", f"the answer follows a message of the {before[-1].role}")
    return _Ending(before, turns[end], len(turns) - end - 1)


def kind_of(calls: Sequence[Call | CallRead], offered: int) -> Kind:
    """BFCL's kind, by the number of calls and of functions offered."""
    if not calls:
        return "irrelevance"
    if len(calls) == 1:
        return "simple" if offered == 1 else "multiple"
    return "parallel" if offered == 1 else "parallel_multiple"


def probable_kind(conversation: Conversation) -> Kind:
    """Of a row that is rejected: as it would be were nothing wrong with it."""
    calls = next((turn.calls for turn in conversation.turns if turn.calls), ())
    return kind_of(calls, len(conversation.tools))


def _offers_by_name(shelf: FunctionShelf, conversation: Conversation) -> dict[str, Offer]:
    if not conversation.tools:
        raise RejectedRowError("clean", "no_functions", "the row offers no function")
    offers: dict[str, Offer] = {}
    for tool in conversation.tools:
        offer = shelf.offer(tool)
        if offers.setdefault(offer.given_name, offer) is not offer:
            raise RejectedRowError("clean", "same_name_twice", f"two functions are called '{offer.given_name}'")
    clean = [offer.function.name for offer in offers.values()]
    if len(set(clean)) < len(clean):
        raise RejectedRowError("clean", "same_name_twice", "two functions share a name once it is cleaned")
    return offers


def _called_offers(offers: dict[str, Offer], answer: Turn) -> list[Offer]:
    for call in answer.calls:
        if call.name not in offers:
            detail = f"called '{call.name[:100]}', offered {', '.join(offers)[:200]}"
            raise RejectedRowError("check", "wrong_func_name", detail)
        function = offers[call.name].function
        if function.state != "accepted":
            raise RejectedRowError("clean", "bad_function", f"{function.name}: {function.reason}: {function.detail}")
    return [offers[name] for name in dict.fromkeys(call.name for call in answer.calls)]


def _split_of(called: Sequence[Offer], offers: dict[str, Offer]) -> Split:
    """Of the functions called; of the first usable one where none is."""
    splits = list(dict.fromkeys(one.function.split for one in called))
    if len(splits) > 1:
        raise RejectedRowError("clean", "mixed_splits", f"its calls are of the splits {', '.join(splits)}")
    usable = [one.function.split for one in offers.values() if one.function.state == "accepted"]
    if not usable:
        first = next(iter(offers.values())).function
        raise RejectedRowError("clean", "bad_function", f"{first.name}: {first.reason}: {first.detail}")
    return splits[0] if splits else usable[0]


def _is_usable(offer: Offer, split: Split) -> bool:
    """Another split's function is never offered, not even as a distractor."""
    return offer.function.state == "accepted" and offer.function.split == split


def _message_of(turn: Turn) -> dict[str, Any]:
    return {"role": turn.role, "content": turn.text}
