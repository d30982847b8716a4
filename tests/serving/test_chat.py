"""The chat on the terminal: one message, and a conversation with a person."""

import io
import json
from typing import Any

import pytest

from schemas.errors import EXIT_FELL_SHORT, RequestRefusedError
from serving.chat import ChatOptions, chat
from serving.tools import Toolbox
from tests.serving.scripted_model import Says, ScriptedModel, serving
from tests.serving.test_tool_loop import TOOLS

CALLING = Says("Let me see.", (("get_weather", '{"city": "Rio"}'),))
ASKING = Says(calls=(("find_pets", '{"kind": "dog"}'),))


def say(script: ScriptedModel, message: str | None, toolbox: Toolbox = TOOLS, **options: Any) -> int:
    is_json = options.pop("is_json", False)
    with serving(script.handle) as address:
        return chat(address, toolbox, ChatOptions(**options), message=message, is_json=is_json)


def type_lines(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_one_message_shows_calls_results_and_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    script = ScriptedModel([CALLING, Says("It is [bold]sunny[/]\x1b[31m.")])
    assert say(script, "Weather?", system="Be brief.", request={"temperature": 0}) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Let me see.",
        "→ get_weather(city='Rio')",
        "← get_weather: sunny in Rio",
        "It is [bold]sunny[/][31m.",
    ]
    assert script.requests[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert script.requests[0]["temperature"] == 0


def test_json_is_the_whole_conversation_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert say(ScriptedModel([CALLING, Says("Sunny.")]), "Weather?", is_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["outcome"], printed["answer"], printed["steps"]) == ("answered", "Sunny.", 2)
    assert [each["role"] for each in printed["messages"]] == ["user", "assistant", "tool", "assistant"]


def test_a_message_that_gets_no_answer_exits_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert say(ScriptedModel([CALLING]), "Weather?", max_steps=1) == EXIT_FELL_SHORT
    assert "no answer after 1 steps" in capsys.readouterr().out
    assert say(ScriptedModel([ASKING]), "Pets?") == EXIT_FELL_SHORT
    assert "GET /pets/dog" in (out := capsys.readouterr().out)
    assert "give a base URL" in out


def test_a_refusal_of_one_message_is_an_error() -> None:
    with pytest.raises(RequestRefusedError, match="illegal"):
        say(ScriptedModel([Says("illegal", status=422)]), "Weather?")


def test_a_conversation_goes_on_until_the_person_leaves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = ScriptedModel([CALLING, Says("Sunny."), Says("no", status=400), Says("Hello.")])
    type_lines(monkeypatch, "/tools", "Weather?", "", "broken", "/what", "/reset", "Hi", "/quit", "never")
    assert say(script, None) == 0
    out = capsys.readouterr().out
    assert "scripted at http://127.0.0.1" in out
    assert "city, wait?" in out
    assert "answers 400" in out
    assert "a new conversation" in out
    assert out.count("/reset begin anew") == 2
    assert [each["role"] for each in script.requests[2]["messages"]] == [
        "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip
    assert script.requests[-1]["messages"] == [{"role": "user", "content": "Hi"}]


def test_the_person_gives_the_results_of_calls_without_a_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = ScriptedModel([ASKING, Says("A dog."), ASKING, Says("never"), Says("Hello.")])
    type_lines(monkeypatch, "Pets?", '[{"name": "Rex"}]', "More?", "", "Hi")
    assert say(script, None) == 0
    assert script.requests[1]["messages"][-1] == {
        "role": "tool",
        "tool_call_id": "c0",
        "content": '[{"name": "Rex"}]',
    }
    assert script.requests[3]["messages"][-1] == {"role": "user", "content": "Hi"}
    assert "your last message is taken back" in capsys.readouterr().out
