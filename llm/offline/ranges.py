"""Parameters that are the two ends of a range, such as check_in and check_out: which are, and whether in order."""

import datetime
import functools
import random
import re
from typing import Any, NamedTuple

from llm.offline.words import split_name

_ENDS: tuple[tuple[str, str], ...] = (
    ("start", "end"), ("starts", "ends"), ("start", "stop"), ("begin", "end"), ("from", "to"), ("from", "until"),
    ("since", "until"), ("after", "before"), ("first", "last"), ("min", "max"), ("minimum", "maximum"),
    ("lower", "upper"), ("low", "high"), ("earliest", "latest"), ("in", "out"), ("departure", "return"),
    ("depart", "return"), ("outbound", "return"), ("outbound", "inbound"), ("pickup", "return"), ("pickup", "dropoff"),
    ("checkin", "checkout"), ("arrival", "departure"),
)  # fmt: skip
_MEASURED = frozenset(["start", "min", "minimum", "lower", "low"])
"""First ends whose numbers are in order too; from_account and to_account are not."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?)?")
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?Z?")
_LONGEST_DAYS = 14


class Range(NamedTuple):
    """Names of the parameter where a range begins and of the one where it ends."""

    low: str
    high: str
    is_measured: bool


@functools.lru_cache(maxsize=10_000)
def find_ranges(names: tuple[str, ...]) -> tuple[Range, ...]:
    """Pairs of names that differ only in the word for the end: first_day and last_day, from and to."""
    by_words = {split_name(name): name for name in names}
    found = []
    for words, name in by_words.items():
        for low, high in _ENDS:
            for index in (index for index, word in enumerate(words) if word == low):
                other = by_words.get((*words[:index], high, *words[index + 1 :]))
                if other and not (low == "arrival" and ("flight" in words or "airport" in words)):
                    found.append(Range(name, other, low in _MEASURED and words[-1] not in ("id", "code")))
    return tuple(found)


def order_values(values: dict[str, Any], schemas: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The same values with the ends of ranges in order; a range of days becomes a short one."""
    ordered = dict(values)
    for pair in find_ranges(tuple(values)):
        low, high = ordered[pair.low], ordered[pair.high]
        if isinstance(low, str) and isinstance(high, str) and _DAY.match(low) and _DAY.match(high):
            ordered[pair.high] = _add_days(low, rng.randint(1, _LONGEST_DAYS)) + high[10:]
        elif _is_reversed(pair, low, high, may_be_clock=True) and _may_swap(
            low, high, schemas[pair.low], schemas[pair.high]
        ):
            ordered[pair.low], ordered[pair.high] = high, low
    return ordered


def find_reversed(values: Any) -> list[str]:
    """Ranges that end before they begin, anywhere in a call's arguments; "check_out before check_in"."""
    if isinstance(values, list):
        return [one for value in values for one in find_reversed(value)]
    if not isinstance(values, dict):
        return []
    pairs = find_ranges(tuple(values))
    found = [f"{one.high} before {one.low}" for one in pairs if _is_reversed(one, values[one.low], values[one.high])]
    return found + [one for value in values.values() for one in find_reversed(value)]


def _is_reversed(pair: Range, low: Any, high: Any, may_be_clock: bool = False) -> bool:
    if isinstance(low, str) and isinstance(high, str):
        is_clock = may_be_clock and _CLOCK.fullmatch(low) and _CLOCK.fullmatch(high)  # a night shift ends earlier
        return bool(is_clock or (_MOMENT.fullmatch(low) and _MOMENT.fullmatch(high))) and low > high
    numbers = [one for one in (low, high) if isinstance(one, int | float) and not isinstance(one, bool)]
    return pair.is_measured and len(numbers) == 2 and numbers[0] > numbers[1]


def _may_swap(low: Any, high: Any, low_schema: dict[str, Any], high_schema: dict[str, Any]) -> bool:
    return type(low) is type(high) and _fits(high, low_schema) and _fits(low, high_schema)


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value lies within the bounds of another parameter; a closed set or a step is left alone."""
    if {"enum", "const", "multipleOf", "pattern", "exclusiveMinimum", "exclusiveMaximum"} & schema.keys():
        return False
    return isinstance(value, str) or bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _add_days(day: str, count: int) -> str:
    return (datetime.date.fromisoformat(day[:10]) + datetime.timedelta(days=count)).isoformat()
