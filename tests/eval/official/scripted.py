"""An `ask` that knows BFCL's answers, and gives a right one, a wrong one, none, a broken one or an error in turn."""

import json
from collections.abc import Iterable
from typing import Any, Literal

from eval.official.relay import RelayReply, RelayRequest
from schemas.evaluation import Case
from tests.eval.scripted_endpoint import right_calls

Behaviour = Literal["right", "wrong", "empty", "broken", "error"]
BEHAVIOURS: tuple[Behaviour, ...] = ("right", "wrong", "empty", "broken", "error")


class ScriptedModel:
    """Knows each case by its first question; cases behave as their place says, or all as told."""

    def __init__(self, cases: Iterable[Case], behaviour: Behaviour | None = None) -> None:
        self._cases = {_key(case.messages): (place, case) for place, case in enumerate(cases)}
        self.behaviour = behaviour
        self.asked: list[str] = []

    async def ask(self, request: RelayRequest) -> RelayReply:
        """Answer one request."""
        place, case = self._cases[_key(request.messages)]
        self.asked.append(case.case_id)
        behaviour = self.behaviour or BEHAVIOURS[place % len(BEHAVIOURS)]
        if behaviour == "error":
            return RelayReply(error="made to fail", status=500)
        calls = [] if behaviour == "empty" else make_calls(case)
        if behaviour == "wrong":
            calls = [(f"not_{name}", arguments) for name, arguments in calls]
        message = as_tool_calls(calls) if request.tools else _as_text(calls)
        if behaviour == "broken":
            message = json.loads(json.dumps(message).replace('}"', '"').replace(")]", "]"))
        return RelayReply(message, "stop", prompt_tokens=7, completion_tokens=3)


def make_calls(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """What the possible answer allows first; for a case without one, a call of its first function."""
    if not case.possible_answer and case.functions:
        return [(case.functions[0]["name"], {})]
    return right_calls(case)


def _key(messages: Iterable[dict[str, Any]]) -> str:
    """The words of the user; prompt mode puts its own system message before them."""
    return json.dumps([each["content"] for each in messages if each["role"] == "user"])


def as_tool_calls(calls: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The message of a model that calls functions; no calls: an empty text."""
    if not calls:
        return {"role": "assistant", "content": ""}
    made = [
        {
            "id": f"call_{place}",
            "type": "function",
            "function": {"name": name.replace(".", "_"), "arguments": json.dumps(arguments)},
        }
        for place, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def _as_text(calls: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    written = [f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})" for name, given in calls]
    return {"role": "assistant", "content": f"[{', '.join(written)}]" if written else ""}
