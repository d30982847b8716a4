"""The tools of a conversation: checks what the model gives, runs it, and turns whatever happens into a result."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jsonschema_rs

from schemas.errors import UsageError

MOST_RESULT = 32_768
"""Characters of a result that the model gets to see."""


@dataclass(frozen=True)
class ToolResult:
    """What a call gave back."""

    content: str
    is_error: bool = False


class Tool(Protocol):
    """Something that can be called."""

    @property
    def definition(self) -> dict[str, Any]:
        """OpenAI chat form: {"type": "function", "function": {"name", "description", "parameters"}}."""
        ...

    @property
    def can_run(self) -> bool:
        """Whether `run` gives a result; otherwise the call is only shown."""
        ...

    def describe(self, arguments: dict[str, Any]) -> str:
        """What the call does, in one line for a person."""
        ...

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Make the call; whatever goes wrong is a result too."""
        ...

    async def close(self) -> None:
        """End what it holds open."""
        ...


class Toolbox:
    """Tools by name.

    Args:
        tools: in the order in which they are offered.
        timeout_s: longest that a call may take.

    Raises:
        UsageError: two have one name, or a schema is none.
    """

    def __init__(self, tools: Sequence[Tool], *, timeout_s: float = 60.0) -> None:
        self._tools: dict[str, Tool] = {}
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._timeout_s = timeout_s
        for tool in tools:
            self._add(tool)

    @property
    def definitions(self) -> list[dict[str, Any]]:
        """As a request offers them."""
        return [tool.definition for tool in self._tools.values()]

    def can_run(self, name: str) -> bool:
        """Whether a call of that name gets a result here; one of no known name does: an error."""
        return name not in self._tools or self._tools[name].can_run

    def describe(self, name: str, arguments: str) -> str:
        """What a call does, in one line for a person."""
        if self.find_problem(name, arguments):
            return f"{name}({arguments})"
        return self._tools[name].describe(json.loads(arguments))

    def find_problem(self, name: str, arguments: str) -> str | None:
        """Why a call can't be run, in words for the model, or None."""
        if name not in self._tools:
            return f"There is no function '{name}'; expected one of {', '.join(self._tools) or 'none'}."
        try:
            value = json.loads(arguments)
        except ValueError as error:
            return f"The arguments of '{name}' are no JSON ({error}); expected one JSON object."
        problems = [
            f"{'.'.join(map(str, error.instance_path)) or 'arguments'}: {error.message}"
            for error in self._validators[name].iter_errors(value)
        ]
        if not problems and not isinstance(value, dict):
            problems = ["expected one JSON object"]
        return f"The arguments of '{name}' are not valid: {'; '.join(problems)}." if problems else None

    async def run(self, name: str, arguments: str) -> ToolResult:
        """Check a call and make it; whatever goes wrong is a result that says so.

        Args:
            name: of the function.
            arguments: JSON text, as the model wrote it.
        """
        problem = self.find_problem(name, arguments)
        if problem:
            return ToolResult(problem, is_error=True)
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await self._tools[name].run(json.loads(arguments))
        except TimeoutError:
            return ToolResult(f"'{name}' gave nothing within {self._timeout_s:g} s.", is_error=True)
        return ToolResult(shorten(result.content), result.is_error)

    async def close(self) -> None:
        """End what the tools hold open."""
        await asyncio.gather(*(tool.close() for tool in self._tools.values()))

    def _add(self, tool: Tool) -> None:
        function = tool.definition["function"]
        name = function["name"]
        if name in self._tools:
            raise UsageError(
                f"Two tools are named '{name}'; a model could not tell them apart. Give fewer files, or rename one."
            )
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        try:
            self._validators[name] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise UsageError(f"The parameters of '{name}' are no JSON schema ({error}); mend them.") from error
        self._tools[name] = tool


def shorten(text: str, most: int = MOST_RESULT) -> str:
    """The beginning of a text that is too long, and how much is missing."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters are left out)"
