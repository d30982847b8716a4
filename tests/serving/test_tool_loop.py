"""The tool loop over a scripted OpenAI-compatible server."""

import asyncio
import json
import time
from typing import Any

import pytest

from schemas.errors import RequestRefusedError, TerminalError, TransientError
from serving.chat_model import OpenAIChat, complete_url
from serving.http_tools import make_http_tools
from serving.python_tools import PythonTool
from serving.tool_loop import Conversation, ModelCall, Observer, run_tools
from serving.tools import Toolbox, ToolResult
from tests.serving.scripted_model import Says, ScriptedModel, serving
from tests.serving.test_http_tools import FUNCTIONS

QUESTION = [{"role": "user", "content": "Weather?"}]


async def get_weather(city: str, wait: float = 0.0) -> str:
    """Get the weather."""
    await asyncio.sleep(wait)
    return f"sunny in {city}"


def slow_time(city: str) -> float:
    """Get the time."""
    time.sleep(0.1)
    return 12.0


TOOLS = Toolbox([PythonTool(get_weather), PythonTool(slow_time), *make_http_tools(FUNCTIONS[:1])])


def run(script: ScriptedModel, toolbox: Toolbox = TOOLS, **options: Any) -> Conversation:
    async def talk(address: str) -> Conversation:
        model = OpenAIChat(address)
        try:
            return await run_tools(model, QUESTION, toolbox, **options)
        finally:
            await model.close()

    with serving(script.handle) as address:
        return asyncio.run(talk(address))


def test_calls_run_until_the_model_answers_in_words() -> None:
    script = ScriptedModel([Says("Let me see.", (("get_weather", '{"city": "Rio"}'),)), Says("Sunny!")])
    conversation = run(script, tool_choice="required")
    assert (conversation.outcome, conversation.answer, conversation.steps) == ("answered", "Sunny!", 2)
    assert (conversation.prompt_tokens, conversation.completion_tokens) == (20, 6)
    assert [each["role"] for each in conversation.messages] == ["user", "assistant", "tool", "assistant"]
    assert conversation.messages[2] == {"role": "tool", "tool_call_id": "c0", "content": "sunny in Rio"}
    first, second = script.requests
    assert (first["model"], first["tool_choice"], second["tool_choice"]) == ("scripted", "required", "auto")
    assert [each["function"]["name"] for each in first["tools"]] == ["get_weather", "slow_time", "find_pets"]
    assert second["messages"] == list(conversation.messages[:3])


def test_parallel_calls_run_side_by_side_and_results_keep_their_order() -> None:
    calls = (
        ("get_weather", '{"city": "A", "wait": 0.2}'),
        ("slow_time", '{"city": "B"}'),
        ("slow_time", '{"city": "C"}'),
        ("nothing", "{}"),
        ("get_weather", '{"city": 3}'),
    )
    started = time.perf_counter()
    conversation = run(ScriptedModel([Says(calls=calls), Says("Done.")]))
    assert time.perf_counter() - started < 2
    results = [each for each in conversation.messages if each["role"] == "tool"]
    assert [each["tool_call_id"] for each in results] == ["c0", "c1", "c2", "c3", "c4"]
    assert [each["content"] for each in results[:3]] == ["sunny in A", "12.0", "12.0"]
    assert "no function 'nothing'" in results[3]["content"]
    assert "not valid" in results[4]["content"]


def test_a_model_that_never_answers_ends_at_the_step_limit() -> None:
    conversation = run(ScriptedModel([Says(calls=(("slow_time", '{"city": "A"}'),))]), max_steps=3)
    assert (conversation.outcome, conversation.steps, conversation.answer) == ("step_limit", 3, "")
    assert conversation.messages[-1]["role"] == "tool"


def test_a_cut_answer_is_cut_and_its_call_none() -> None:
    conversation = run(ScriptedModel([Says("Well", (("slow_time", '{"ci'),), finish_reason="length")]))
    assert (conversation.outcome, conversation.answer) == ("cut", "Well")
    assert "tool_calls" not in conversation.messages[-1]


def test_calls_without_a_server_wait_for_their_results() -> None:
    calls = (("slow_time", '{"city": "A"}'), ("find_pets", '{"kind": "dog"}'))
    conversation = run(ScriptedModel([Says(calls=calls)]))
    assert conversation.outcome == "needs_results"
    assert conversation.pending == (ModelCall("c1", "find_pets", '{"kind": "dog"}'),)
    assert conversation.messages[-1]["tool_call_id"] == "c0"


def test_an_observer_sees_calls_before_results() -> None:
    seen: list[str] = []

    class Notes(Observer):
        def see_call(self, call: ModelCall, shown: str) -> None:
            seen.append(shown)

        def see_result(self, call: ModelCall, result: ToolResult) -> None:
            seen.append(result.content)

    run(ScriptedModel([Says(calls=(("get_weather", '{"city": "Rio"}'),)), Says("Sunny!")]), observer=Notes())
    assert seen == ["get_weather(city='Rio')", "sunny in Rio"]


@pytest.mark.parametrize(
    ("status", "family"), [(400, RequestRefusedError), (422, RequestRefusedError), (401, TerminalError)]
)
def test_errors_of_the_server_are_of_our_families(status: int, family: type[Exception]) -> None:
    with pytest.raises(family, match=f"answers {status}: .*the reason"):
        run(ScriptedModel([Says("the reason", status=status)]))


def test_no_server_is_an_error_that_may_heal() -> None:
    with pytest.raises(TransientError, match="can't be reached"):
        asyncio.run(OpenAIChat("http://127.0.0.1:9", "m").answer(QUESTION, [], "auto"))


def test_a_stream_that_is_broken_off_is_an_error() -> None:
    error = b'data: {"error": {"message": "the call is not legal", "type": "x", "param": null, "code": null}}\n\n'

    def handle(request: Any) -> Any:
        reply = ScriptedModel([Says("never")]).handle(request)
        return type(reply)(body=error, headers={"content-type": "text/event-stream"}) if request.body else reply

    async def ask(address: str) -> None:
        await OpenAIChat(address).answer(QUESTION, [], "auto")

    with serving(handle) as address, pytest.raises(RequestRefusedError, match="not legal"):
        asyncio.run(ask(address))


def test_urls_gain_their_version() -> None:
    assert complete_url("http://a:8000/") == "http://a:8000/v1"
    assert complete_url("https://a/api/v2/") == "https://a/api/v2"
    with pytest.raises(TerminalError, match="is no URL"):
        complete_url("models/mine")


def test_a_conversation_can_be_written_down() -> None:
    conversation = run(ScriptedModel([Says("Hello.")]))
    assert json.loads(json.dumps(conversation.messages)) == [*QUESTION, {"role": "assistant", "content": "Hello."}]
