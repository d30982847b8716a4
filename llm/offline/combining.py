"""Several requests made one, part after part, values untouched."""

import functools
import random
import re

from llm.offline.words import load_data

_TRAILING = re.compile(r"[\s.。!！,，]+$")


def combine_queries(queries: list[str], language: str, rng: random.Random) -> str:
    """One message that asks for every part in order."""
    frames = load_data("frames")[language]
    trimmed = [_trim(query, language) for query in queries]
    text = rng.choice(frames["starts"]) + _end(trimmed[0], language)
    for number, part in enumerate(trimmed[1:], start=2):
        is_last = number == len(trimmed) and len(trimmed) > 2
        connector = rng.choice(frames["last_connectors" if is_last else "connectors"])
        text += ("" if language == "zh" else " ") + connector + _end(_lower_first(part), language)
    return text + (rng.choice(frames["closers"]) if rng.random() < 0.3 else "")


@functools.cache
def _edges(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    frames = load_data("frames")[language]
    openers = [*frames["openers"], "Good morning! ", "Good evening, ", "Hi! ", "Hello! ", "Dear team, ", "Dear support, ",
               "Hello, ", "Good day, ", "Hi there, I hope you are well. ", "您好，", "早上好！", "嗨，在吗？", "尊敬的客服：您好，"]  # fmt: skip
    closers = [*frames["closers"], " Kind regards", " With best regards", " Thank you so much.", " Many thanks.", " Thanks a lot.", " Thank you!",
               "此致敬礼", "祝好。", "谢谢您。"]  # fmt: skip
    return tuple(sorted(set(openers), key=len, reverse=True)), tuple(sorted(set(closers), key=len, reverse=True))


def _trim(query: str, language: str) -> str:
    """A part without its greeting and its thanks."""
    openers, closers = _edges(language)
    opener = next((one for one in openers if query.startswith(one) and len(query) > len(one) + 4), "")
    query = query[len(opener) :]
    closer = next((one for one in closers if query.endswith(one) and len(query) > len(one) + 4), "")
    return query[: len(query) - len(closer)].strip()


def _end(part: str, language: str) -> str:
    if part.endswith(("?", "？", '"', "”", "!", "！")):
        return part
    return _TRAILING.sub("", part) + ("。" if language == "zh" else ".")


def _lower_first(part: str) -> str:
    if re.match(r"I\b|I'|[A-Z][A-Za-z]*[A-Z0-9]|\W", part):
        return part
    return part[:1].lower() + part[1:]
