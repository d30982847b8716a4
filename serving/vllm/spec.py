"""A language as text: what our HTTP application sends and vLLM's engine process reads, in a comment of a grammar.

vLLM's own checks see a grammar of one letter; the scheduler of ours (scheduler.py) reads the comment instead.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from serving.call_formats.format import CallFormat
from serving.calls import CallLanguage, LateLanguage, OfferedFunction

MARK = "# callmill: "
_REST = '\nroot ::= "x"\n'


def write_spec(language: CallLanguage, max_tokens: int) -> str:
    """The language and the answer's budget, as the grammar of a request to vLLM."""
    spec = {
        "call_format": language.call_format.name,
        "functions": [[function.name, function.language.schema] for function in language.functions],
        "may_talk": language.may_talk,
        "most_calls": language.most_calls,
        "max_tokens": max_tokens,
    }
    return MARK + json.dumps(spec) + _REST  # json.dumps leaves no line break in the comment


@dataclass(frozen=True)
class ReadSpec:
    """What came."""

    language: CallLanguage
    max_tokens: int


def read_spec(text: str, open_format: Callable[[str], CallFormat], know: Callable[[str], LateLanguage]) -> ReadSpec:
    """Read what `write_spec` wrote.

    Args:
        text: the whole grammar.
        open_format: call formats by name.
        know: languages by their schema's text.

    Raises:
        ValueError: it is not of ours.
    """
    if not text.startswith(MARK):
        raise ValueError(f"A grammar of ours begins with {MARK!r}; this one begins {text[:40]!r}.")
    spec = json.loads(text[len(MARK) :].partition("\n")[0])
    functions = tuple(OfferedFunction(name, know(json.dumps(schema))) for name, schema in spec["functions"])
    call_format = open_format(spec["call_format"])
    return ReadSpec(CallLanguage(call_format, functions, spec["may_talk"], spec["most_calls"]), spec["max_tokens"])
