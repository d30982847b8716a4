"""What the model may say in answer to one request: words, calls, or either; made from its tools and tool_choice."""

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema_rs

from serving.call_formats.format import CallFormat
from serving.grammar.document import build_validator
from serving.grammar.language import Grammar, Literal, Reference, SchemaGrammar, sequence
from serving.grammar.machine import Machine
from serving.grammar.plain import is_plain
from serving.grammar.schema import SchemaRefusedError, compile_schema
from serving.grammar.shortest import ShortestWords
from serving.refusals import RefusedError

_log = logging.getLogger(__name__)

MOST_KNOWN = 1024
"""Schemas kept compiled, the longest unused given up first."""

NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}


class ArgumentsLanguage:
    """One JSON schema, compiled once for all requests that offer it."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Compile what might be refused now, and the rest when it is called.

        Raises:
            SchemaRefusedError: calls of it can't be promised.
        """
        self.schema = schema
        self._machines: dict[str, Machine] = {}
        if not is_plain(schema):
            _ = self.validator, ShortestWords(self.compiled.grammar.rules)  # which the machine begins with

    @cached_property
    def compiled(self) -> SchemaGrammar:
        """The grammar of the arguments."""
        return compile_schema(self.schema)

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        """What has the last word."""
        return build_validator(self.schema)

    def grammar(self, tail: str) -> Grammar:
        """Arguments and the mark that follows them: a token may hold the end of the one and the start of the other."""
        own = self.compiled.grammar
        word = sequence(Reference(own.start), Literal(tail))
        return Grammar({**own.rules, "arguments and tail": word}, "arguments and tail")

    def machine(self, tail: str) -> Machine:
        """The machine that reads arguments and tail."""
        machine = self._machines.get(tail)
        if machine is None:
            machine = self._machines[tail] = Machine(self.grammar(tail))
        return machine


class LateLanguage(ArgumentsLanguage):
    """A schema that is compiled when its function is called, if ever."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._machines = {}


@dataclass(frozen=True)
class OfferedFunction:
    """A function that may be called."""

    name: str
    language: ArgumentsLanguage

    @property
    def arguments(self) -> SchemaGrammar:
        """The grammar of its arguments, and what that had to leave out."""
        return self.language.compiled

    def find_problem(self, arguments: str) -> str | None:
        """What is wrong with spelled arguments, in one line; None: nothing."""
        try:
            value = json.loads(arguments, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            return f"the arguments are not JSON: {error}"
        for problem in self.language.validator.iter_errors(value):
            place = json.dumps(list(problem.instance_path), ensure_ascii=False)
            return f"{place}: {problem.message[:300]}"
        return None


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


@dataclass(frozen=True)
class CallLanguage:
    """The answers that are legal."""

    call_format: CallFormat
    functions: tuple[OfferedFunction, ...]
    may_talk: bool
    """none and auto: an answer in words is legal."""
    most_calls: int | None
    """none, or nothing offered: 0; a named function, or parallel_tool_calls false: 1; otherwise no limit."""
    is_free: bool = False
    """Whether nothing holds the model to this: its calls go out as they stand, whatever they name and hold."""


def build_language(
    tools: Sequence[dict[str, Any]],
    tool_choice: Any,
    parallel_tool_calls: bool,
    call_format: CallFormat,
    is_free: bool = False,
) -> CallLanguage:
    """Read a request's tools and choice (OpenAI chat form).

    Args:
        tools: `[{"type": "function", "function": {"name", "description", "parameters"}}]`; already shape-checked.
        tool_choice: "none", "auto", "required", {"type": "function", "function": {"name"}}, {"type": "allowed_tools",
            "allowed_tools": {"mode", "tools"}} or None (auto).
        parallel_tool_calls: False: one call at most.
        call_format: how calls are spelled.
        is_free: nothing is promised, so no schema is refused, and `required` is a wish.

    Raises:
        RefusedError: 400, naming the parameter (`tools[3].function.parameters`) and what can't be promised.
    """
    functions = tuple(_offer(tool["function"], place, is_free) for place, tool in enumerate(tools))
    _check_names(functions)
    mode, chosen = _read_choice(tool_choice, functions)
    if mode == "required" and not chosen:
        raise RefusedError("tool_choice asks for a call, but no tools are offered.", param="tool_choice")
    is_named = isinstance(tool_choice, dict) and tool_choice.get("type") == "function"
    most = 1 if (is_named or not parallel_tool_calls) and not is_free else None
    may_talk = mode != "required" or is_free
    return CallLanguage(call_format, chosen, may_talk, 0 if mode == "none" or not chosen else most, is_free)


def _offer(function: dict[str, Any], place: int, is_free: bool) -> OfferedFunction:
    name = str(function.get("name") or "")
    if not name.isprintable() or not name or name != name.strip() or '"' in name or "\\" in name:
        raise RefusedError(
            f"The function name {name!r} can't be called: expected printable characters without quotes, backslashes "
            "or blanks at its ends.",
            param=f"tools[{place}].function.name",
        )
    schema = function.get("parameters")
    schema = NO_ARGUMENTS if schema is None or schema == {} else schema
    if is_free:
        return OfferedFunction(name, LateLanguage(schema))
    try:
        return OfferedFunction(name, _LANGUAGES.get(_as_object(schema)))
    except Exception as error:  # whatever a schema does to the compiler, it is this request's fault alone
        if not isinstance(error, SchemaRefusedError):
            _log.warning("A schema broke the compiler.", exc_info=True)
        reason = error if isinstance(error, SchemaRefusedError) else f"it can't be compiled ({type(error).__name__})"
        message = f"Calls of {name} can't be promised to be legal: {reason}"
        raise RefusedError(
            message, param=f"tools[{place}].function.parameters", code="invalid_function_parameters"
        ) from None


def _check_names(functions: tuple[OfferedFunction, ...]) -> None:
    seen: set[str] = set()
    for place, function in enumerate(functions):
        if function.name in seen:
            message = f"Two tools are named {function.name}; a call of it would be ambiguous: rename one."
            raise RefusedError(message, param=f"tools[{place}].function.name")
        seen.add(function.name)


def _read_choice(choice: Any, functions: tuple[OfferedFunction, ...]) -> tuple[str, tuple[OfferedFunction, ...]]:
    if choice is None or choice in ("auto", "none", "required"):
        return choice or "auto", functions
    if isinstance(choice, dict) and choice.get("type") == "function":
        return "required", _named([choice], functions)
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools", choice)
        if allowed.get("mode") in ("auto", "required") and isinstance(allowed.get("tools"), list):
            return allowed["mode"], _named(allowed["tools"], functions)
    expected = 'none, auto, required or {"type": "function", "function": {"name": …}}'
    raise RefusedError(f"tool_choice is {json.dumps(choice)[:200]}; expected {expected}.", param="tool_choice")


def _named(choices: list[Any], functions: tuple[OfferedFunction, ...]) -> tuple[OfferedFunction, ...]:
    by_name = {function.name: function for function in functions}
    names = [(each.get("function") or {}).get("name") or each.get("name") for each in choices]
    for name in names:
        if name not in by_name:
            offered = ", ".join(list(by_name)[:10]) or "none"
            message = f"tool_choice names {name!r}, which is not among the offered tools ({offered})."
            raise RefusedError(message, param="tool_choice")
    return tuple(by_name[str(name)] for name in dict.fromkeys(names))


class _Languages:
    """Compiled schemas by their text; the order of properties counts."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, ArgumentsLanguage] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, schema: dict[str, Any]) -> ArgumentsLanguage:
        """Known, or compiled now."""
        key = json.dumps(schema)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        language = ArgumentsLanguage(schema)
        with self._lock:
            self._known[key] = language
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return language


def _as_object(schema: Any) -> dict[str, Any]:
    """Arguments are an object whether or not the schema says so.

    Raises:
        SchemaRefusedError: it says that they are something else.
    """
    if not isinstance(schema, dict):
        raise SchemaRefusedError(f"parameters is {json.dumps(schema)[:100]}; expected a JSON schema of an object.")
    kind = schema.get("type", "object")
    if kind != "object":
        raise SchemaRefusedError(f"its parameters have the type {json.dumps(kind)[:100]}; expected object.")
    return schema if "type" in schema else {**schema, "type": "object"}


_LANGUAGES = _Languages()
