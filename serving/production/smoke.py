"""The smoke test: a forced call through the whole application, parsed and validated, before a model takes over.

Of a model that is served without token masks an answer is asked; whether it was a legal call is noted.
"""

import json
import time
from typing import Any

import httpx2
import jsonschema_rs

from schemas.errors import TerminalError
from schemas.serve import SmokeCall
from serving.api.app import create_app
from serving.call_formats.format import CallFormat
from serving.swap import Served

_TIMEOUT_S = 300
_MOST_WORDS = 200
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1, "maxLength": 24},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
    },
    "required": ["city", "unit", "days"],
    "additionalProperties": False,
}
_REQUEST: dict[str, Any] = {
    "model": "smoke-test",
    "messages": [{"role": "user", "content": "What is the weather in Paris for the next 3 days, in celsius?"}],
    "tools": [
        {"type": "function", "function": {"name": "get_forecast", "description": "Weather.", "parameters": _SCHEMA}}
    ],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "max_tokens": 128,
    "temperature": 0,
}


async def make_smoke_call(served: Served, call_format: CallFormat) -> SmokeCall:
    """Ask the model for one call.

    Raises:
        TerminalError: none came, or it is not legal; says what came instead. Without token masks: no answer came.
    """
    started = time.monotonic()
    app = create_app(served.engine, call_format, served.template)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://smoke") as client:
        answer = await client.post("/v1/chat/completions", json=_REQUEST, timeout=_TIMEOUT_S)
    if not served.engine.is_constrained:
        return _note_free(answer, served.engine.model_name, time.monotonic() - started)
    try:
        function = answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]
        name, arguments = function["name"], function["arguments"]
        jsonschema_rs.Draft202012Validator(_SCHEMA).validate(json.loads(arguments))
    except (KeyError, IndexError, TypeError, ValueError, jsonschema_rs.ValidationError) as error:
        raise TerminalError(
            f"{served.engine.model_name} failed its smoke test: a legal call of get_forecast was expected, and HTTP "
            f"{answer.status_code} came ({type(error).__name__}): {answer.text[:500]}"
        ) from error
    if name != "get_forecast":
        raise TerminalError(f"{served.engine.model_name} failed its smoke test: it called {name}, not get_forecast.")
    return SmokeCall(name=name, arguments=arguments, seconds=time.monotonic() - started)


def _note_free(answer: httpx2.Response, model_name: str, seconds: float) -> SmokeCall:
    """What came where anything may come."""
    try:
        message = answer.json()["choices"][0]["message"]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise TerminalError(
            f"{model_name} failed its smoke test: an answer of whatever kind was expected, and HTTP "
            f"{answer.status_code} came: {answer.text[:500]}"
        ) from error
    calls = message.get("tool_calls")
    if not calls:
        words = (message["content"] or "")[:_MOST_WORDS]
        return SmokeCall(name=None, arguments=None, is_legal=False, words=words, seconds=seconds)
    name, arguments = calls[0]["function"]["name"], calls[0]["function"]["arguments"]
    is_legal = len(calls) == 1 and name == "get_forecast" and _is_valid(arguments)
    return SmokeCall(name=name, arguments=arguments, is_legal=is_legal, seconds=seconds)


def _is_valid(arguments: str) -> bool:
    try:
        return jsonschema_rs.Draft202012Validator(_SCHEMA).is_valid(json.loads(arguments))
    except (ValueError, RecursionError):
        return False
