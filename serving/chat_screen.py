"""What the chat prints: words as they come, calls and results in a line or two, the tools as a table."""

import contextlib
import json
import re
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serving.tool_loop import ModelCall, Observer
from serving.tools import ToolResult

with contextlib.suppress(ImportError):  # not on Windows
    import readline  # noqa: F401 (gives input() history and line editing)

_MOST_SHOWN = 400
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ChatScreen(Observer):
    """Prints; an `Observer` of the tool loop."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_line_open = False

    def greet(self, model: str, address: str, tools: int) -> None:
        """Who is there."""
        self._console.print(f"[bold]{escape(model)}[/] at {escape(address)}, {tools} tools")

    def ask(self, what: str = "you") -> str | None:
        """A line of the person's, stripped; None where there are no more. Ctrl-C begins the line anew."""
        while True:
            try:
                return input(self._prompt(what)).strip()
            except EOFError:
                self._console.print()
                return None
            except KeyboardInterrupt:
                self._console.print()

    def _prompt(self, what: str) -> str:
        """Given to input(), so that line editing knows its width: \\1 and \\2 enclose what takes no place."""
        if not self._console.is_terminal or self._console.no_color:
            return f"{what} › "
        return f"\1\33[1;32m\2{_printable(what)} ›\1\33[0m\2 "

    def say_words(self, text: str) -> None:
        """More of the model's words."""
        self._console.print(_printable(text), end="", markup=False, soft_wrap=True)
        self._is_line_open = True

    def end_words(self) -> None:
        """End the line of words, where there is one."""
        if self._is_line_open:
            self._console.print()
        self._is_line_open = False

    def see_call(self, call: ModelCall, shown: str) -> None:
        """A call, in one line."""
        self.end_words()
        head = "" if shown.startswith(call.name) else f"[bold]{escape(call.name)}[/]  "
        self._console.print(f"[cyan]→ {head}{escape(_brief(shown))}[/]", soft_wrap=True)

    def see_result(self, call: ModelCall, result: ToolResult) -> None:
        """A result, in one line; with its name, since several may come in any order."""
        color = "red" if result.is_error else "dim"
        self._console.print(f"[{color}]← {escape(call.name)}: {escape(_brief(result.content))}[/]", soft_wrap=True)

    def show_note(self, text: str) -> None:
        """A remark of ours."""
        self._console.print(f"[dim]{escape(text)}[/]")

    def show_error(self, text: str) -> None:
        """What went wrong."""
        self._console.print(f"[red]{escape(_printable(text))}[/]")

    def show_tools(self, definitions: Sequence[dict[str, Any]]) -> None:
        """The tools and what they take."""
        if not definitions:
            self.show_note("no tools; give some with --tools FILE")
            return
        table = Table("function", "takes", "does", box=None, header_style="dim")
        for definition in definitions:
            function = definition["function"]
            words = (function.get("description") or "").strip().splitlines()
            table.add_row(escape(function["name"]), escape(_takes(function)), escape(words[0] if words else ""))
        self._console.print(table)


def _takes(function: dict[str, Any]) -> str:
    """`city, days?`"""
    schema = function.get("parameters") or {}
    required = schema.get("required", [])
    return ", ".join(name if name in required else f"{name}?" for name in schema.get("properties", {}))


def _brief(text: str) -> str:
    """One line, not too long; JSON without its white space."""
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    line = " ".join(_printable(text).split())
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"


def _printable(text: str) -> str:
    """Without what a terminal obeys."""
    return _CONTROL.sub("", text)
