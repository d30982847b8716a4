"""Several requests made one, part after part, values untouched."""

import functools
import random
import re
from typing import NamedTuple

from llm.offline.words import load_data

_BRIDGE = re.compile(
    r"^(?:now|then|next|anyway|and|so|yes|no|那现在|接下来|然后|所以|算了|还是)"
    r"(?:, |,|，| |(?=[\u4e00-\u9fff]))(?:now )?"
)
_TRAILING = re.compile(r"[\s.。!！,，]+$")


def combine_queries(queries: list[str], language: str, rng: random.Random) -> str:
    """One message that asks for every part in order."""
    frames = load_data("frames")[language]
    trimmed = [_trim(query, language) for query in queries]
    text = str(rng.choice(frames["starts"])) + _end(trimmed[0][:1].upper() + trimmed[0][1:], language)
    for number, part in enumerate(trimmed[1:], start=2):
        is_last = number == len(trimmed) and len(trimmed) > 2
        connector = rng.choice(frames["last_connectors" if is_last else "connectors"])
        text += ("" if language == "zh" else " ") + connector + _end(_lower_first(part), language)
    return text + (rng.choice(frames["closers"]) if rng.random() < 0.3 else "")


class _Edges(NamedTuple):
    openers: tuple[str, ...]
    closers: tuple[str, ...]


@functools.cache
def _edges(language: str) -> _Edges:
    """What a request may begin or end with that asks for nothing; longest first."""
    frames = load_data("frames")[language]
    openers, closers = {*frames["openers"]}, {*frames["closers"]}
    openers |= {reason + (" " if language == "en" else "") for reason in frames["reasons"]}
    for frame in (frame for style in frames["styles"] for frame in style["frames"]):
        before, after = re.split(r"\{[dD]o\}", frame)[0] if "o}" in frame else "", frame.rpartition("{details}")[2]
        greeting = re.match(
            r"(?:(?!\{).)*[.!?:。！？：] ?"
            r"|(?:Okay|Alright|Right|Good|Hi|Hello|Hey|Dear|您好|你好|嗨|好的|行|嗯)[^.!?{]*?[,，] ?",
            before,
        )
        openers.add(greeting.group() if greeting else "")
        closers.add(after)
    keep = [
        sorted({edge for edge in edges if edge.strip(" .。")}, key=lambda edge: (-len(edge), edge))
        for edges in (openers, closers)
    ]
    return _Edges(tuple(keep[0]), tuple(keep[1]))


def _trim(query: str, language: str) -> str:
    """A part without its greetings and its thanks."""
    edges = _edges(language)
    for _ in range(3):
        opener = next(
            (one for one in edges.openers if query.lower().startswith(one.lower()) and len(query) > len(one) + 4), ""
        )
        query = query[len(opener) :]
        closer = next((one for one in edges.closers if query.endswith(one) and len(query) > len(one) + 4), "")
        query = _BRIDGE.sub("", query[: len(query) - len(closer)].strip())
    return query


def _end(part: str, language: str) -> str:
    if part.endswith(("?", "？", '"', "”", "!", "！")):
        return part
    return _TRAILING.sub("", part) + ("。" if language == "zh" else ".")


def _lower_first(part: str) -> str:
    if re.match(r"I\b|I'|[A-Z][A-Za-z]*[A-Z0-9]|\W", part):
        return part
    return part[:1].lower() + part[1:]
