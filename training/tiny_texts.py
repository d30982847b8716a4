"""A few hundred lines made in code, for the tokenizer of a tiny model to learn from: JSON, English, Chinese."""

import json
import random

NAMES = ("get_weather", "search_flights", "book_hotel", "convert_currency", "create_event", "list_files", "send_mail")
KEYS = ("city", "date", "amount", "unit", "query", "limit", "is_public", "name", "description", "type", "properties")
VALUES = ("Paris", "Beijing", "2026-01-01", "celsius", "kilometers", "http://example.com/api", "[email protected]")
SUBJECTS = ("The weather", "A flight", "The hotel", "This file", "Your meeting", "The function", "One answer")
VERBS = ("costs", "starts", "is found", "was booked", "has been sent", "will be called", "returns")
ENDS = ("tomorrow morning", "in the city", "with two arguments", "for three people", "without a key", "as requested")
CHINESE = ("天气", "北京", "明天", "航班", "酒店", "预订", "的", "是", "请问", "多少", "文件", "会议", "城市", "查询")
MARKS = ('{"name": "', '", "arguments": {"', '"}}\n', '": {"type": "', '", "required": ["', "\n{}\n", "[[", "]]", "}}")


def make_texts(seed: int, lines: int = 400) -> list[str]:
    """Lines of JSON, English and Chinese, the same for the same seed."""
    source = random.Random(seed)
    makers = (_json_line, _schema_line, _english_line, _chinese_line, _marks_line)
    return [makers[number % len(makers)](source) for number in range(lines)]


def _json_line(source: random.Random) -> str:
    arguments = {key: _value(source) for key in source.sample(KEYS, 3)}
    return json.dumps({"name": source.choice(NAMES), "arguments": arguments}, ensure_ascii=False)


def _schema_line(source: random.Random) -> str:
    properties = {key: {"type": source.choice(("string", "integer", "boolean"))} for key in source.sample(KEYS, 2)}
    return json.dumps({"type": "object", "properties": properties, "required": list(properties)}, indent=2)


def _english_line(source: random.Random) -> str:
    return f"{source.choice(SUBJECTS)} {source.choice(VERBS)} {source.choice(ENDS)}, {source.randint(0, 9999)} times."


def _chinese_line(source: random.Random) -> str:
    return "".join(source.choices(CHINESE, k=6)) + "。"


def _marks_line(source: random.Random) -> str:
    return "".join(source.choices(MARKS, k=4))


def _value(source: random.Random) -> object:
    return source.choice((source.choice(VALUES), source.randint(-500, 9999), source.random() < 0.5, None, [1, 2.5]))
