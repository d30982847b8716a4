"""Python functions as tools: the schema from the signature, the descriptions from the docstring.

`def get_weather(city: str, days: int = 1) -> str:` with Google's or Sphinx' way of describing arguments.
"""

import asyncio
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pydantic_core
from pydantic.json_schema import GenerateJsonSchema

from schemas.errors import UsageError
from serving.tools import ToolResult

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECTION = re.compile(
    r"^\s*(Args|Arguments|Parameters|Returns|Yields|Raises|Example|Examples|Note|Notes):\s*$|^\s*:\w+", re.M
)
_ARGUMENT = re.compile(r"^\s*(?::param\s+(?:\w+\s+)?)?\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(\S.*)$")


class PythonTool:
    """One Python function; a `Tool`.

    Raises:
        UsageError: it can't be called by name, or its types have no JSON schema.
    """

    can_run = True

    def __init__(self, function: Callable[..., Any]) -> None:
        self.definition = _define(function)
        self._name: str = self.definition["function"]["name"]
        self._is_async = inspect.iscoroutinefunction(function)
        # Arguments arrive as JSON values; this makes dates, enums and models of them, as the annotations say.
        self._call = pydantic.validate_call(function)

    def describe(self, arguments: dict[str, Any]) -> str:
        """As Python writes the call."""
        return f"{self._name}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Call it; one that is not async in a thread of its own."""
        try:
            if self._is_async:
                value = await self._call(**arguments)
            else:
                value = await asyncio.to_thread(self._call, **arguments)
                value = await value if inspect.isawaitable(value) else value
            return ToolResult(write_value(value))
        except (Exception, SystemExit) as error:
            return ToolResult(f"{type(error).__name__}: {error}", is_error=True)

    async def close(self) -> None:
        """Nothing is open."""


def load_python_tools(path: Path) -> list[PythonTool]:
    """The tools of a file: its list TOOLS where it has one, else every public function that it defines.

    Raises:
        UsageError: the file is missing, fails, or holds no function.
    """
    module = _load_module(path)
    listed = getattr(module, "TOOLS", None)
    functions = list(listed) if listed is not None else _public_functions(module)
    if not functions:
        raise UsageError(f"{path} defines no public function; expected some, or a list TOOLS of functions.")
    wrong = next((each for each in functions if not callable(each)), None)
    if wrong is not None:
        raise UsageError(f"TOOLS in {path} holds {wrong!r}; expected functions.")
    return [PythonTool(function) for function in functions]


def write_value(value: Any) -> str:
    """What a function returned, as the model reads it: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else pydantic_core.to_json(value, fallback=str).decode()


def _public_functions(module: ModuleType) -> list[Callable[..., Any]]:
    """In the order of the file."""
    return [
        value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


def _load_module(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"There is no file {path}; expected a Python file with functions.")
    name = f"callmill_tools_{re.sub(r'[^A-Za-z0-9]', '_', path.stem)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file; expected one that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and forward references look their module up here
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} fails when it is loaded ({type(error).__name__}: {error}); mend it.") from error
    return module


class _Untitled(GenerateJsonSchema):
    """Without titles, which repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _define(function: Callable[..., Any]) -> dict[str, Any]:
    name = getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{function!r} has no name that can be offered; expected letters, digits and _, 64 at most.")
    try:
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(function)  # type: ignore[arg-type]  # pydantic takes functions
        schema = adapter.json_schema(schema_generator=_Untitled)
    except (pydantic.errors.PydanticUserError, NameError) as error:
        raise UsageError(
            f"The types of '{name}' have no JSON schema ({error}); annotate it with plain ones."
        ) from error
    if schema.get("type") != "object":
        raise UsageError(f"'{name}' takes arguments by position only; let them have names.")
    description, arguments = read_docstring(inspect.getdoc(function) or "")
    properties: Mapping[str, Any] = schema.get("properties", {})
    for argument, words in arguments.items():
        if argument in properties:
            properties[argument].setdefault("description", words)
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of the function, and of each argument."""
    section = _SECTION.search(text)
    head = text[: section.start()] if section else text
    arguments: dict[str, str] = {}
    last = ""
    for line in text[section.start() :].splitlines() if section else []:
        found = None if _SECTION.match(line) and ":param" not in line else _ARGUMENT.match(line)
        if found:
            last = found[1]
            arguments[last] = found[2].strip()
        elif last and line.strip() and not _SECTION.match(line):
            arguments[last] += f" {line.strip()}"
        else:
            last = ""
    return head.strip(), arguments
