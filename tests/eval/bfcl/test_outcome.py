"""Honest refusals, questions and broken calls are told apart."""

import time

import pytest

from eval.bfcl.outcome import classify_text

UNPARSABLE = (
    '{"name": "get_weather", "arguments": {"city": "Paris"}}',
    '```json\n[{"name": "f", "parameters": {}}]\n```',
    "I will look it up: {'function': 'f', 'args': {'a': 1}}",
    '<tool_call>\n{"name": "f"',
    "<tool_call>f</tool_call>",
    "<function=get_weather>{}</function>",
    "<|python_tag|>f",
    "<｜tool▁calls▁begin｜>f",
    "[TOOL_CALLS] f",
    "functools[{}]",
    "Action: f\nAction Input: {}",
    "[get_weather(city='Paris')]",
    "[f(a=1), g(b=2)]",
    "[f()]",
    '[f("x")]',
    "get_weather(city='Paris')",
    "```python\nf(a=1)\n```",
    "```tool_code\nf()\n```",
    "[f(a=1), f(a=1), f(a=",
    "Sure! [get_weather(city='Paris')]",
)
ASKED_BACK = (
    "Which city do you mean?",
    "Please provide the departure date.",
    "I can do that. Could you tell me the size",
    "I need to know the city first.",
    "I would need more information about the flight.",
    "To book it I'll need your passport number.",
    "Let me know which date suits you.",
    "The city is missing. What is it? Is there anything else I can help with?",
    "请提供出发城市。",
    "请问您想查询哪个城市的天气？",
    "我还需要知道您的出发日期。",
    "您能否提供订单号",
    "您要订哪一天的呢",
    "麻烦您告诉我房间的尺寸。",
)
REFUSED = (
    "None of the given functions can do that.",
    "I'm sorry, I cannot book flights. Is there anything else I can help you with?",
    "There is no tool for this. Let me know if you have other questions!",
    "How else can I help you? I have no such function.",
    'I have no function that answers "what is love?".',
    "The capital of France is Paris.",
    "The function area(radius) does not fit here.",
    "See [the docs](https://example.org) for more.",
    "The user's request needs a weather service, which is not offered.",
    "抱歉，没有可用的函数。",
    "很抱歉，我无法查询天气。还有其他问题吗？",
    "现有工具都不能完成这个请求。如有其他需要，请随时告诉我。",
    "no",
    "{}",
)


@pytest.mark.parametrize("text", UNPARSABLE)
def test_what_plainly_tries_to_be_a_call_is_unparsable(text: str) -> None:
    assert classify_text(text) == "unparsable"


@pytest.mark.parametrize("text", ASKED_BACK)
def test_a_question_or_a_request_asks_back(text: str) -> None:
    assert classify_text(text) == "asked_back"


@pytest.mark.parametrize("text", REFUSED)
def test_other_words_refuse(text: str) -> None:
    assert classify_text(text) == "refused"


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_nothing_is_empty(text: str | None) -> None:
    assert classify_text(text) == "empty"


@pytest.mark.parametrize("part", ["[f(a=1), ", "f(", "“", "\n ", '"', "Action ", "[[", "a. "])
def test_an_endless_repetition_is_read_quickly(part: str) -> None:
    start = time.perf_counter()
    classify_text(part * 5_000)
    assert time.perf_counter() - start < 1
