"""Accepted samples of our own line as cases of an evaluation.

A call {"name": "open_ticket", "arguments": {"tags": ["billing"], "customer": {"id": 7}}} becomes the possible answer
{"open_ticket": {"tags": [["billing"]], "customer": [{"id": [7]}]}}; BFCL's rules then let this very call pass.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.tiers.own_documents import document_of
from schemas.errors import TerminalError
from schemas.evaluation import Case, Tier
from schemas.function import Language, Split
from schemas.record import Record
from schemas.sample import Call, Kind

_RULES: dict[Kind, str] = {
    "simple": "simple_python",
    "multiple": "multiple",
    "parallel": "parallel",
    "parallel_multiple": "parallel_multiple",
    "irrelevance": "irrelevance",
}
_EMPTY_TEXT = " "
"""Equal to "" once BFCL has taken the spaces out; "" itself would mean that the argument may be left out."""


class OwnSample(Record):
    """What an evaluation needs of an accepted sample."""

    sample_id: str
    kind: Kind
    language: Language
    split: Split
    query: str
    tools: tuple[dict[str, Any], ...]
    """OpenAI chat form, in the order offered."""
    messages: tuple[dict[str, Any], ...]
    """OpenAI chat form, without the assistant's answer."""
    calls: tuple[Call, ...]
    function_ids: tuple[str, ...]


def case_from_sample(sample: OwnSample, tier: Tier | None = None) -> Case:
    """A case that the sample's own calls answer rightly.

    Args:
        sample: of any kind.
        tier: what it is counted with; none: its kind, in the suite `kinds`.

    Raises:
        TerminalError: the sample's messages hold the answer, or its calls don't fit the tools.
    """
    if not sample.messages or sample.messages[-1]["role"] == "assistant":
        raise TerminalError(
            f"The messages of sample {sample.sample_id} end with the answer or are none; expected a user's last."
            " Leave the assistant's last message out."
        )
    functions = tuple(document_of(tool, sample.calls) for tool in sample.tools)
    by_name = {function["name"]: function for function in functions}
    return Case(
        case_id=sample.sample_id,
        suite="tiers" if tier else "kinds",
        category=tier or sample.kind,
        rule=_RULES[sample.kind],
        messages=sample.messages,
        functions=functions,
        tools=sample.tools,
        possible_answer=tuple(_answer_of(call, by_name, sample.sample_id) for call in sample.calls),
        source="own",
    )


def is_enterprise(sample: OwnSample) -> bool:
    """Whether a sample is of the hardest tier.

    It is if at least two functions are offered, at least two calls are wanted, and at least one call gives an argument
    whose schema, anywhere in it, is an object with properties of its own, a list, or an enum of two values or more.
    What a schema has beside the arguments that are given does not count: nobody has to write it.
    """
    if len(sample.tools) < 2 or len(sample.calls) < 2:
        return False
    arguments = {
        tool["function"]["name"]: tool["function"]["parameters"].get("properties", {}) for tool in sample.tools
    }
    return any(
        _is_structured(arguments.get(call.name, {}).get(argument))
        for call in sample.calls
        for argument in call.arguments
    )


def _is_structured(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    types = schema.get("type", ())
    if "array" in ([types] if isinstance(types, str) else types) or schema.get("properties"):
        return True
    if len([value for value in schema.get("enum", []) if value is not None]) >= 2:
        return True
    branches = [branch for keyword in ("anyOf", "oneOf", "allOf") for branch in schema.get(keyword, [])]
    return any(_is_structured(inner) for inner in (*branches, schema.get("additionalProperties")))


def _answer_of(call: Call, functions: Mapping[str, Mapping[str, Any]], sample_id: str) -> dict[str, Any]:
    properties = functions[call.name]["parameters"]["properties"] if call.name in functions else {}
    unknown = [name for name in call.arguments if name not in properties]
    if call.name not in functions or unknown:
        what = f"the arguments {unknown} of function '{call.name}'" if unknown else f"function '{call.name}'"
        raise TerminalError(
            f"A call of sample {sample_id} needs {what}, which no tool of it has; offered: {', '.join(functions)}."
            " Make the sample again."
        )
    return {call.name: {name: [_allow(properties[name], value)] for name, value in call.arguments.items()}}


def _allow(schema: Mapping[str, Any], value: Any) -> Any:
    """One alternative in BFCL's form; whatever is deeper than a dict in a list is compared as it stands."""
    if schema["type"] == "dict":
        return _allow_keys(value)
    if schema["type"] == "array" and schema["items"]["type"] == "dict":
        return [_allow_keys(item) for item in value]
    return _allow_text(value)


def _allow_keys(value: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    return {key: [_allow_text(inner)] for key, inner in value.items()}


def _allow_text(value: Any) -> Any:
    return _EMPTY_TEXT if value == "" else value
