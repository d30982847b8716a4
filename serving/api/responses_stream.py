"""/v1/responses as a stream: OpenAI's named events, numbered, from response.created to response.completed."""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Any

from serving.api.events import Finished, read_events
from serving.api.generating import Runner
from serving.api.limits import Visit
from serving.api.question import Ready
from serving.api.responses_spelling import call_item, end_response, message_item, text_part
from serving.api.spelling import new_id
from serving.api.streaming import spell_event
from serving.call_formats.format import ArgumentsDelta, CallEnded, CallStarted, Event, TextDelta


@dataclass
class OpenItem:
    """The item that is growing: words, or the call of `name`."""

    place: int
    name: str | None = None
    id: str = ""
    call_id: str = field(default_factory=lambda: new_id("call_"))
    text: str = ""

    def __post_init__(self) -> None:
        self.id = new_id("fc_" if self.name is not None else "msg_")

    def spell(self, status: str) -> dict[str, Any]:
        """As an item of the output."""
        if self.name is None:
            item = message_item(self.text, status, self.id)
            return item if self.text else item | {"content": []}
        return call_item(self.name, self.text, status, self.id, self.call_id)

    @property
    def address(self) -> dict[str, Any]:
        """Where a delta belongs."""
        address: dict[str, Any] = {"item_id": self.id, "output_index": self.place}
        return address if self.name is not None else address | {"content_index": 0}


class ResponsesStream:
    """The events of one answer."""

    def __init__(self, shell: dict[str, Any], ready: Ready) -> None:
        self._shell = shell
        self._ready = ready
        self._number = 0
        self._items: list[dict[str, Any]] = []
        self._open: OpenItem | None = None

    async def chunks(self, runner: Runner, visit: Visit) -> AsyncGenerator[bytes, None]:
        """Every event that goes out."""
        is_first = True
        async with contextlib.aclosing(read_events(runner, self._ready.generations[0], visit)) as events:
            async for event in events:
                if is_first:
                    is_first = False
                    yield self._spell("response.created", response=self._shell)
                    yield self._spell("response.in_progress", response=self._shell)
                for chunk in self._end(event) if isinstance(event, Finished) else self._add(event):
                    yield chunk

    def _add(self, event: Event) -> Iterator[bytes]:
        match event:
            case TextDelta(text):
                if self._open is None:
                    yield from self._begin(None)
                yield from self._grow("response.output_text.delta", text)
            case CallStarted(_, name):
                yield from self._finish_item("completed")
                yield from self._begin(name)
            case ArgumentsDelta(_, text):
                yield from self._grow("response.function_call_arguments.delta", text)
            case CallEnded():
                yield from self._finish_item("completed")

    def _begin(self, name: str | None) -> Iterator[bytes]:
        item = self._open = OpenItem(len(self._items), name)
        yield self._spell("response.output_item.added", output_index=item.place, item=item.spell("in_progress"))
        if name is None:
            yield self._spell("response.content_part.added", **item.address, part=text_part(""))

    def _grow(self, kind: str, text: str) -> Iterator[bytes]:
        item = self._open
        if item is not None:
            item.text += text
            more: dict[str, Any] = {"logprobs": []} if item.name is None else {}
            yield self._spell(kind, **item.address, delta=text, **more)

    def _finish_item(self, status: str) -> Iterator[bytes]:
        item = self._open
        if item is None:
            return
        self._open = None
        if item.name is None:
            yield self._spell("response.output_text.done", **item.address, text=item.text, logprobs=[])
            yield self._spell("response.content_part.done", **item.address, part=text_part(item.text))
        elif status == "completed":
            done = "response.function_call_arguments.done"
            yield self._spell(done, **item.address, name=item.name, arguments=item.text)
        spelled = item.spell(status)
        self._items.append(spelled)
        yield self._spell("response.output_item.done", output_index=item.place, item=spelled)

    def _end(self, end: Finished) -> Iterator[bytes]:
        is_cut = end.finish == "length"
        yield from self._finish_item("incomplete" if is_cut else "completed")
        # As in a whole answer: nobody should act on the calls of half of one.
        items = [item for item in self._items if not is_cut or item["type"] == "message"]
        response = end_response(self._shell, items, end.finish, self._ready.prompt_tokens, end.tokens)
        yield self._spell("response.incomplete" if is_cut else "response.completed", response=response)

    def _spell(self, kind: str, **fields: Any) -> bytes:
        self._number += 1
        return spell_event({"type": kind, "sequence_number": self._number - 1, **fields}, kind)
