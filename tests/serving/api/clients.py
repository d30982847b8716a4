"""What clients of all kinds must see of any server whose model makes legal calls, even one that speaks nonsense.

`check_openai("http://127.0.0.1:8000")` and its neighbours; they assert protocol and legality, never sense.
"""

import json
import os
from typing import Any

import pytest

from tests.serving.api.openai_clients import (
    ASK,
    TOOLS,
    check_call,
    check_openai,
    check_openai_async,
    check_openai_responses,
    until_calls,
)


def check_litellm(base_url: str, api_key: str = "none") -> None:
    """LiteLLM as an OpenAI provider: whole, streamed, refused."""
    # Its list of prices would be fetched from the web first.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    def ask(**options: Any) -> Any:
        return litellm.completion(
            model="openai/any",
            api_base=f"{base_url}/v1",
            api_key=api_key,
            messages=ASK,
            tools=TOOLS,
            max_tokens=512,
            num_retries=0,
            **options,
        )

    answer = until_calls(lambda: ask(tool_choice="required"), lambda each: str(each.choices[0].finish_reason))
    for call in answer.choices[0].message.tool_calls:
        check_call(call.function.name, call.function.arguments)
    chunks = list(ask(tool_choice="required", stream=True))
    built: Any = litellm.stream_chunk_builder(chunks)
    if built.choices[0].finish_reason == "tool_calls":
        for call in built.choices[0].message.tool_calls:
            check_call(call.function.name, call.function.arguments)
    with pytest.raises(litellm.BadRequestError):  # type: ignore[attr-defined]
        ask(tool_choice={"type": "function", "function": {"name": "unknown"}})


def check_langchain(base_url: str, api_key: str = "none") -> None:
    """LangChain's ChatOpenAI: bound tools, streamed chunks, and a tool's result sent back."""
    from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    chat = ChatOpenAI(
        model="any", base_url=f"{base_url}/v1", api_key=SecretStr(api_key), max_retries=0, max_completion_tokens=512
    )
    bound = chat.bind_tools(TOOLS, tool_choice="required")
    ask = HumanMessage("What is the weather?")
    answer: AIMessage = until_calls(lambda: bound.invoke([ask]), lambda each: each.response_metadata["finish_reason"])
    assert answer.tool_calls
    assert not answer.invalid_tool_calls
    for call in answer.tool_calls:
        check_call(call["name"], json.dumps(call["args"]))
    whole: AIMessageChunk | None = None
    for chunk in bound.stream([ask]):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    if whole.response_metadata["finish_reason"] == "tool_calls":
        for call in whole.tool_calls:
            check_call(call["name"], json.dumps(call["args"]))
    results = [ToolMessage("sunny", tool_call_id=str(call["id"])) for call in answer.tool_calls]
    after = chat.bind_tools(TOOLS, tool_choice="none").invoke([ask, answer, *results])
    assert isinstance(after, AIMessage)
    assert not after.tool_calls


CHECKS = {
    "openai": check_openai,
    "openai-async": check_openai_async,
    "openai-responses": check_openai_responses,
    "litellm": check_litellm,
    "langchain": check_langchain,
}
"""Every client by name."""
