"""A chat on the terminal with a model that may call tools; one message with `--message`, its whole story with `--json`.

Calls of functions without a server are shown as the HTTP request they stand for, and the person says what came back.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.console import Console

from schemas.errors import EXIT_FELL_SHORT, CallmillError
from serving.chat_model import OpenAIChat
from serving.chat_screen import ChatScreen
from serving.tool_loop import Conversation, ModelCall, run_tools
from serving.tools import Toolbox

_HELP = "/tools what can be called · /reset begin anew · /quit (or Ctrl-D) leave · Ctrl-C stops an answer"


@dataclass(frozen=True)
class ChatOptions:
    """How to chat."""

    model: str | None = None
    """None: the first that the server lists."""
    api_key: str | None = None
    system: str | None = None
    """The system message."""
    tool_choice: Any = "auto"
    """Of each message's first step."""
    max_steps: int = 8
    request: dict[str, Any] = field(default_factory=dict)
    """Fields of every request, such as {"temperature": 0, "max_tokens": 256}."""


def chat(
    base_url: str,
    toolbox: Toolbox,
    options: ChatOptions | None = None,
    *,
    message: str | None = None,
    is_json: bool = False,
) -> int:
    """Chat until the person leaves, or say one message.

    Args:
        base_url: of any OpenAI-compatible API.
        toolbox: what the model may call.
        options: how.
        message: None: a conversation with the person at the terminal.
        is_json: with a message: print the conversation as one JSON document, everything else on stderr.

    Returns:
        The exit status: 0, or EXIT_FELL_SHORT where a message did not come to an answer.

    Raises:
        CallmillError: with a message: the model can't be asked, or refuses.
    """
    options = options or ChatOptions()
    screen = ChatScreen(Console(stderr=is_json, highlight=False))
    with asyncio.Runner() as runner:
        session = _Session(base_url, toolbox, options, screen, runner)
        try:
            if message is None:
                session.converse()
                return 0
            return session.say_once(message, is_json)
        finally:
            runner.run(session.close())


class _Session:
    """One conversation. The loop runs only while the model is at work, so that Ctrl-C and input stay simple."""

    def __init__(
        self, base_url: str, toolbox: Toolbox, options: ChatOptions, screen: ChatScreen, runner: asyncio.Runner
    ) -> None:
        self._toolbox = toolbox
        self._options = options
        self._screen = screen
        self._runner = runner
        self._model = OpenAIChat(
            base_url, options.model, api_key=options.api_key, options=options.request, on_words=screen.say_words
        )
        self._messages = self._first_messages()

    async def close(self) -> None:
        """Close the connections."""
        await self._toolbox.close()
        await self._model.close()

    def say_once(self, message: str, is_json: bool) -> int:
        """One message, without anyone to ask."""
        conversation = self._run([*self._messages, {"role": "user", "content": message}], self._options)
        if conversation.pending:
            self._screen.show_note("these calls have no server to run on; give a base URL to send them to")
        if is_json:
            print(json.dumps(_as_json(conversation), ensure_ascii=False, indent=2))
        return 0 if conversation.outcome == "answered" else EXIT_FELL_SHORT

    def converse(self) -> None:
        """Until the person leaves."""
        self._screen.greet(self._runner.run(self._model.model()), self._model.base_url, len(self._toolbox.definitions))
        self._screen.show_note(_HELP)
        commands: dict[str, Callable[[], None]] = {
            "/tools": lambda: self._screen.show_tools(self._toolbox.definitions),
            "/reset": self._reset,
            "/help": lambda: self._screen.show_note(_HELP),
        }
        while (words := self._screen.ask()) is not None and words not in {"/quit", "/exit"}:
            if words.startswith("/"):
                commands.get(words, commands["/help"])()
            elif words:
                self._take_turn(words)

    def _reset(self) -> None:
        self._messages = self._first_messages()
        self._screen.show_note("a new conversation")

    def _first_messages(self) -> list[dict[str, Any]]:
        return [{"role": "system", "content": self._options.system}] if self._options.system else []

    def _take_turn(self, words: str) -> None:
        """One message to its answer; where it fails or is stopped, it was never said."""
        try:
            conversation = self._run([*self._messages, {"role": "user", "content": words}], self._options)
            while conversation.outcome == "needs_results":
                results = self._ask_results(conversation.pending)
                left = replace(
                    self._options, max_steps=self._options.max_steps - conversation.steps, tool_choice="auto"
                )
                if results is None or left.max_steps < 1:
                    return
                conversation = self._run([*conversation.messages, *results], left)
            self._messages = list(conversation.messages)
        except CallmillError as error:
            self._screen.show_error(str(error))
        except KeyboardInterrupt:
            self._screen.show_note("stopped; your last message is taken back")

    def _run(self, messages: Sequence[dict[str, Any]], options: ChatOptions) -> Conversation:
        work = run_tools(
            self._model,
            messages,
            self._toolbox,
            max_steps=options.max_steps,
            tool_choice=options.tool_choice,
            observer=self._screen,
        )
        try:
            conversation = self._runner.run(work)
        finally:
            self._screen.end_words()
        notes = {
            "step_limit": f"no answer after {self._options.max_steps} steps",
            "cut": "the answer is cut off by its token limit",
        }
        if conversation.outcome in notes:
            self._screen.show_note(notes[conversation.outcome])
        return conversation

    def _ask_results(self, pending: Sequence[ModelCall]) -> list[dict[str, Any]] | None:
        """What the person says that the calls gave; None: nothing, the turn is taken back."""
        results = []
        for call in pending:
            text = self._screen.ask(f"result of {call.name}")
            if not text:
                self._screen.show_note("no result; your last message is taken back")
                return None
            results.append({"role": "tool", "tool_call_id": call.id, "content": text})
        return results


def _as_json(conversation: Conversation) -> dict[str, Any]:
    return {**asdict(conversation), "answer": conversation.answer}
