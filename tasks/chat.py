"""`callmill chat`: the tools out of files, the model behind a URL or loaded here, and the conversation over both."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import TerminalError, UsageError
from tasks.ingest import ingest_documents

_START_S, _STOP_S = 60.0, 10.0


@dataclass(frozen=True)
class ChatCommand:
    """What was typed."""

    model: str
    """A folder, or a server's URL."""
    tools: tuple[Path, ...] = ()
    base_url: str | None = None
    headers: tuple[str, ...] = ()
    message: str | None = None
    system: str | None = None
    api_key: str | None = None
    tool_choice: str = "auto"
    max_steps: int = 8
    max_tokens: int | None = None
    temperature: float | None = None
    call_format: str = "hermes"


def chat_with_model(command: ChatCommand, is_json: bool) -> int:
    """Chat; returns the exit status.

    Raises:
        CallmillError: a file, the model, or the server is not what it should be.
    """
    from serving.chat import ChatOptions, chat
    from serving.tools import Toolbox

    toolbox = Toolbox(_load_tools(command))
    request: dict[str, Any] = {"max_tokens": command.max_tokens, "temperature": command.temperature}
    options = ChatOptions(
        system=command.system,
        api_key=command.api_key,
        tool_choice=command.tool_choice,
        max_steps=command.max_steps,
        request={name: value for name, value in request.items() if value is not None},
    )
    with _running_model(command) as url:
        return chat(url, toolbox, options, message=command.message, is_json=is_json)


def _load_tools(command: ChatCommand) -> list[Any]:
    from serving.http_tools import HttpSender, make_http_tools
    from serving.python_tools import load_python_tools

    if command.base_url and "://" not in command.base_url:
        raise UsageError(f"--base-url {command.base_url} is no URL; write it as http://{command.base_url}.")
    headers = dict(_read_header(each) for each in command.headers)
    sender = HttpSender(command.base_url, headers) if command.base_url else None
    found: list[Any] = []
    for path in command.tools:
        if path.suffix == ".py":
            found += load_python_tools(path)
            continue
        for one in ingest_documents([path]):
            if one.document.state == "rejected":
                raise UsageError(f"{path} is no document of functions: {one.document.reason}, {one.document.detail}.")
            found += make_http_tools([each for each in one.functions if each.state == "accepted"], sender)
    return found


def _read_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"--header {text} is no header; write it as NAME:VALUE.")
    return name.strip(), value.strip()


@contextlib.contextmanager
def _running_model(command: ChatCommand) -> Iterator[str]:
    """The URL of the model; one that is a folder runs in this process meanwhile."""
    if "://" in command.model:
        yield command.model
        return
    if not Path(command.model).is_dir():
        raise UsageError(f"There is no model folder {command.model}; give a folder, or a URL such as http://host:8000.")
    from serving.api.app import create_app
    from serving.api.run import Server, listen
    from serving.call_formats.open import open_call_format
    from serving.embedded.open import EmbeddedOptions, open_embedded

    opened = open_embedded(Path(command.model), EmbeddedOptions())
    app = create_app(opened.engine, open_call_format(command.call_format), opened.loaded.tokenizer)
    is_up = threading.Event()
    server = Server(app, lambda url: is_up.set())
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=asyncio.run, args=(server.serve([listener]),), daemon=True)
    thread.start()
    try:
        if not is_up.wait(_START_S):
            raise TerminalError(f"The model's server did not answer within {_START_S:.0f} s.")
        yield server.url
    finally:
        server.should_exit = True
        thread.join(_STOP_S)
