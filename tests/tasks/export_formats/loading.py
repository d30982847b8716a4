"""How each tool takes a row in, in a few lines of our own: what it makes of roles, calls, results and tools.

Read from LLaMA-Factory 0.9.6.dev (sharegpt converter, function formatter), ms-swift 4.6.dev (messages preprocessor,
agent templates) and axolotl 0.18 (chat_template strategy), and tried with those programs themselves.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.export import ExportFormat
from serving.call_formats.hermes import Hermes
from tests.tasks.export_formats.dialogues import Said


class Loaded(NamedTuple):
    """A row as the tool has it."""

    said: list[Said]
    tools: list[dict[str, Any]]
    learnt: list[bool]
    """Of each answer, in order."""


def load_openai(row: dict[str, Any]) -> Loaded:
    """Nested, ids and weights included; the one form that keeps results as they came."""
    read = []
    for message in row["messages"]:
        functions = [call["function"] for call in message.get("tool_calls") or ()]
        wanted = [(function["name"], json.loads(function["arguments"])) for function in functions]
        read.append(Said(message["role"], message["content"] or "", wanted))
    learnt = [message.get("weight") != 0 for message in row["messages"] if message["role"] == "assistant"]
    return Loaded(read, row["tools"], learnt)


def load_hermes(row: dict[str, Any]) -> Loaded:
    """Text alone; calls are what our own reader of the Hermes form, and vLLM's, find in it."""
    tools = json.loads(row["tools"])
    read = []
    for turn in row["conversations"]:
        match turn["from"], turn["value"]:
            case "system", text:
                own = text.split("# Functions\n")[0].strip() if tools else text
                shown = re.findall(r"^\{.*\}$", text.split("<tools>")[1].split("</tools>")[0], re.M) if tools else []
                assert [json.loads(line) for line in shown] == tools
                read += [Said("system", own, [])] if own else []
            case "human", text:
                read.append(Said("user", text, []))
            case "tool", text:
                results = re.findall(r"<tool_response>\n(.*?)\n</tool_response>", text, re.S)
                read += [Said("tool", result, []) for result in results]
            case "gpt", text:
                answer = Hermes().parse(text)
                assert text.count("</tool_call>") == len(answer.calls)  # vLLM ends a call at the first
                wanted = [(call.name, json.loads(call.arguments)) for call in answer.calls]
                read.append(Said("assistant", answer.content, wanted))
            case other:
                raise AssertionError(other)
    return Loaded(read, tools, [True for one in read if one.role == "assistant"])


def load_llamafactory(row: dict[str, Any]) -> Loaded:
    """Odd places ask, even ones answer, or the whole row is skipped; a call's text is JSON, or stands in marks."""
    turns = row["conversations"]
    asks, answers = ("human", "observation"), ("gpt", "function_call")
    assert all(turn["from"] in (answers if place % 2 else asks) for place, turn in enumerate(turns))
    assert len(turns) % 2 == 0
    read = [Said("system", row["system"], [])] if row["system"] else []
    for turn in turns:
        match turn["from"], turn["value"]:
            case "human", text:
                read.append(Said("user", text, []))
            case "gpt", text:
                read.append(Said("assistant", text, []))
            case "observation", text:
                read += [Said("tool", one, []) for one in text.split("\n</tool_response>\n<tool_response>\n")]
            case _, text:
                marked = re.search(r"<tool_call>(.*?)</tool_call>", text, re.S)
                words = text.replace(marked[0], "").removesuffix("\n") if marked else ""
                wanted = json.loads(marked[1] if marked else text)
                read.append(Said("assistant", words, [(call["name"], call["arguments"]) for call in wanted]))
    return Loaded(read, json.loads(row["tools"]) if row["tools"] else [], [True for turn in turns[1::2]])


def load_ms_swift(row: dict[str, Any]) -> Loaded:
    """Neighbours of one answer are joined: words, then calls; every content is text."""
    read: list[Said] = []
    learnt: list[bool] = []
    previous = ""
    for message in row["messages"]:
        role, content = message["role"], message["content"]
        assert isinstance(content, str)
        assert role in ("system", "user", "assistant", "tool_call", "tool_response")
        if role == "tool_call":
            call = json.loads(content)
            if previous not in ("assistant", "tool_call"):
                read.append(Said("assistant", "", []))
                learnt.append(message["loss"])
            assert message["loss"] is learnt[-1]
            last = read[-1]
            read[-1] = Said(
                "assistant", last.words.removesuffix("\n"), [*last.calls, (call["name"], call["arguments"])]
            )
        else:
            assert role != previous or role == "tool_response"  # else it would glue them
            read.append(Said("tool" if role == "tool_response" else role, content, []))
            learnt += [message["loss"]] if role == "assistant" else []
        previous = role
    return Loaded(read, json.loads(row["tools"]) if row["tools"] else [], learnt)


def load_axolotl(row: dict[str, Any]) -> Loaded:
    """JSON text becomes messages; the arguments' text becomes an object; `training` says what is learnt."""
    messages = json.loads(row["messages"])
    loaded = load_openai({"messages": messages, "tools": json.loads(row["tools"])})
    assert all(isinstance(message["content"], str) for message in messages)  # templates add to it
    answers = [message for message in messages if message["role"] == "assistant"]
    return loaded._replace(learnt=[message.get("training", True) for message in answers])


LOADERS: dict[ExportFormat, Callable[[dict[str, Any]], Loaded]] = {
    "openai": load_openai,
    "hermes": load_hermes,
    "llamafactory": load_llamafactory,
    "ms-swift": load_ms_swift,
    "axolotl": load_axolotl,
}
