"""What the official OpenAI client must see of any server whose model makes legal calls; see clients.py."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import openai
import pytest
from openai.types.chat import ChatCompletion

SCHEMAS: dict[str, dict[str, Any]] = {
    "get_weather": {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "Rome"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "get_weather_map": {
        "type": "object",
        "properties": {"zoom": {"type": "integer", "minimum": 0, "maximum": 20}, "dark": {"type": "boolean"}},
        "required": ["zoom"],
        "additionalProperties": False,
    },
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "description": f"Calls {name}.", "parameters": schema}}
    for name, schema in SCHEMAS.items()
]
ASK: list[Any] = [{"role": "user", "content": "What is the weather?"}]
ATTEMPTS = 5
"""A random model may run into its limit; a server that is right answers one of so many whole."""


def check_call(name: str, arguments: str) -> None:
    """Offered, and valid."""
    jsonschema.validate(json.loads(arguments), SCHEMAS[name])


def until_calls(ask: Callable[[], Any], finish: Callable[[Any], str]) -> Any:
    for _ in range(ATTEMPTS):
        answer = ask()
        if finish(answer) != "length":
            return answer
    raise AssertionError(f"{ATTEMPTS} answers in a row were cut by their limit")


def _check_completion(answer: ChatCompletion, least: int, most: int) -> None:
    usage = answer.usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens > 0
    choice = answer.choices[0]
    calls = choice.message.tool_calls or []
    assert choice.finish_reason == ("tool_calls" if calls else "stop")
    assert least <= len(calls) <= most
    assert len({call.id for call in calls}) == len(calls)
    for call in calls:
        assert call.type == "function"
        check_call(call.function.name, call.function.arguments)


MODES: list[tuple[dict[str, Any], int, int]] = [
    ({"tool_choice": "none"}, 0, 0),
    ({}, 0, 99),
    ({"tool_choice": "auto", "parallel_tool_calls": False}, 0, 1),
    ({"tool_choice": "required"}, 1, 99),
    ({"tool_choice": "required", "parallel_tool_calls": False}, 1, 1),
    ({"tool_choice": {"type": "function", "function": {"name": "get_weather_map"}}}, 1, 99),
]
"""Options of a request, and how many calls it may be answered with."""


def check_openai(base_url: str, api_key: str = "none") -> None:
    """The official client: every tool choice, whole and streamed; models; usage; errors."""
    client = openai.OpenAI(base_url=f"{base_url}/v1", api_key=api_key, max_retries=0)
    model = client.models.list().data[0].id
    for options, least, most in MODES:
        asked: dict[str, Any] = {"model": "any-name", "messages": ASK, "tools": TOOLS, "max_tokens": 512, **options}
        answer = until_calls(
            lambda asked=asked: client.chat.completions.create(**asked),  # type: ignore[misc]
            lambda each: str(each.choices[0].finish_reason),
        )
        assert answer.model == model
        _check_completion(answer, least, most)
        streamed = until_calls(
            lambda asked=asked: accumulate(client.chat.completions.create(**asked, stream=True)),  # type: ignore[misc]
            lambda each: str(each["finish"]),
        )
        _check_accumulated(streamed, least, most)
    _check_openai_errors(client)
    client.close()


def accumulate(stream: Any) -> dict[str, Any]:
    """A streamed answer put together as clients do: role once, deltas in order, one finish."""
    said: dict[str, Any] = {"content": "", "calls": [], "finish": None, "chunks": 0}
    for chunk in stream:
        assert chunk.object == "chat.completion.chunk"
        assert said["finish"] is None, "nothing follows the end"
        said["chunks"] += 1
        (choice,) = chunk.choices
        assert (choice.delta.role == "assistant") == (said["chunks"] == 1)
        said["content"] += choice.delta.content or ""
        for delta in choice.delta.tool_calls or []:
            if delta.index == len(said["calls"]):
                assert delta.id
                assert delta.type == "function"
                said["calls"].append({"id": delta.id, "name": delta.function.name, "arguments": ""})
            else:
                assert delta.index == len(said["calls"]) - 1
                assert delta.id is None
            said["calls"][-1]["arguments"] += delta.function.arguments
        said["finish"] = choice.finish_reason
    return said


def _check_accumulated(said: dict[str, Any], least: int, most: int) -> None:
    assert said["finish"] == ("tool_calls" if said["calls"] else "stop")
    assert least <= len(said["calls"]) <= most
    for call in said["calls"]:
        check_call(call["name"], call["arguments"])


def _check_openai_errors(client: openai.OpenAI) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"messages": []}, "messages"),
        ({"temperature": 9}, "temperature"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tool_choice": {"type": "function", "function": {"name": "unknown"}}}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ]
    for wrong, param in refused:
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(**{"model": "m", "messages": ASK, "tools": TOOLS, **wrong})
        assert caught.value.param == param
        assert caught.value.type == "invalid_request_error"
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="m", input="x")


def check_openai_async(base_url: str, api_key: str = "none", clients: int = 4) -> None:
    """The official asynchronous client: several at once, whole and streamed."""

    async def ask_all() -> None:
        async with openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=api_key, max_retries=0) as client:
            await asyncio.gather(*(_ask_async(client) for _ in range(clients)))

    asyncio.run(ask_all())


async def _ask_async(client: openai.AsyncOpenAI) -> None:
    asked: dict[str, Any] = {"model": "m", "messages": ASK, "tools": TOOLS, "max_tokens": 512}
    answer = await client.chat.completions.create(**asked, tool_choice="required")
    if answer.choices[0].finish_reason != "length":
        _check_completion(answer, 1, 99)
    usage = None
    stream = await client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    async for chunk in stream:
        assert usage is None, "usage comes last"
        usage = chunk.usage
    assert usage is not None
    assert usage.completion_tokens > 0


def check_openai_responses(base_url: str, api_key: str = "none") -> None:
    """The official client's Responses interface, with a tool's result sent back."""
    client = openai.OpenAI(base_url=f"{base_url}/v1", api_key=api_key, max_retries=0)
    tools: Any = [{**tool["function"], "type": "function", "strict": False} for tool in TOOLS]
    asked: dict[str, Any] = {"model": "m", "tools": tools, "tool_choice": "required", "max_output_tokens": 512}
    said: list[Any] = [{"role": "user", "content": "What is the weather?"}]
    answer = until_calls(
        lambda: client.responses.create(input=said, **asked),
        lambda each: "length" if each.status == "incomplete" else "stop",
    )
    calls = [item for item in answer.output if item.type == "function_call"]
    assert calls
    for call in calls:
        check_call(call.name, call.arguments)
        said += [call, {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    after = client.responses.create(input=said, **{**asked, "tool_choice": "none"})
    assert after.output[0].type == "message"
    assert after.usage is not None
    assert after.usage.output_tokens > 0
    _check_responses_stream(client, asked)
    client.close()


def _check_responses_stream(client: openai.OpenAI, asked: dict[str, Any]) -> None:
    with client.responses.stream(input="What is the weather?", **asked) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] in ("response.completed", "response.incomplete")
    for item in final.output:
        if item.type == "function_call":
            check_call(item.name, item.arguments)
