"""The smoke test: a forced call through the whole application, parsed and validated, before a model takes over."""

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
        TerminalError: none came, or it is not legal; says what came instead.
    """
    started = time.monotonic()
    app = create_app(served.engine, call_format, served.template)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://smoke") as client:
        answer = await client.post("/v1/chat/completions", json=_REQUEST, timeout=_TIMEOUT_S)
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
