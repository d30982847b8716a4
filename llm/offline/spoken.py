"""How values are said: 2026-03-05 as "5 March 2026", full_time as "full time", 4 as "four", and back again by looking
for every such form in a request."""

import functools
import re
from typing import Any, NamedTuple

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_NUMBER_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_NUMBERS_ZH = ["零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)$")
_TIME = re.compile(r"(\d\d):(\d\d)(?::00)?(?:Z|[+-]\d\d:\d\d)?$")
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$")
_MONTH = re.compile(r"(\d{4})-(\d\d)$")
_IDENTIFIER = re.compile(r"[a-z]+\d?(?:[_-][a-z]+)+$|[A-Z]+(?:_[A-Z]+)+$|[a-z]+(?:[A-Z][a-z]+)+$")


class Forms(NamedTuple):
    """Ways to say one value; a value in two parts (a date and a time) needs one form of each part."""

    parts: tuple[tuple[str, ...], ...]


@functools.lru_cache(maxsize=20_000)
def _string_forms(text: str, language: str) -> Forms:
    found = _DATETIME.match(text)
    if found:
        return Forms((_date_forms(found.group(1), language), _time_forms(found.group(2), language)))
    if _DATE.match(text):
        return Forms((_date_forms(text, language),))
    if _TIME.match(text):
        return Forms((_time_forms(text, language),))
    month = _MONTH.match(text)
    if month and 1 <= int(month.group(2)) <= 12:
        year, number = month.group(1), int(month.group(2))
        spoken = f"{year}年{number}月" if language == "zh" else f"{_MONTHS[number - 1]} {year}"
        return Forms(((spoken, text),))
    if _IDENTIFIER.match(text):
        plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
        plain = re.sub("[_-]", " ", plain)
        return Forms(((plain.lower(), text, text.replace("_", "-")),))
    return Forms(((text,),))


def find_forms(value: Any, language: str) -> Forms:
    """Every way to say a string or number that a reader undoes; the first of each part is the usual one."""
    if isinstance(value, str):
        return _string_forms(value, language)
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
    forms = [text]
    if isinstance(value, int | float) and abs(value) >= 1000 and float(value).is_integer():
        forms.append(f"{int(value):,}")
    if isinstance(value, float) and value.is_integer():
        forms.append(repr(value))
    if isinstance(value, int) and 0 <= value <= 12:
        forms.append(_NUMBER_WORDS[value] if language == "en" else _NUMBERS_ZH[value])
        if language == "zh" and value == 2:
            forms.append("二")
    return Forms((tuple(forms),))


def _date_forms(text: str, language: str) -> tuple[str, ...]:
    year, month, day = (int(piece) for piece in text.split("-"))
    if not 1 <= month <= 12:
        return (text,)
    if language == "zh":
        return (f"{year}年{month}月{day}日", f"{year}年{month}月{day}号", text)
    name = _MONTHS[month - 1]
    ordinal = _ordinal(day)
    return (
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{name} {ordinal}, {year}",
        f"the {ordinal} of {name} {year}",
        f"{ordinal} of {name} {year}",
        text,
        f"{name} {day} {year}",
    )


def _time_forms(text: str, language: str) -> tuple[str, ...]:
    hour, minute = int(text[:2]), int(text[3:5])
    if language == "zh":
        half = "上午" if hour < 12 else ("中午" if hour == 12 else ("下午" if hour < 18 else "晚上"))
        rest = "" if minute == 0 else ("半" if minute == 30 else f"{minute}分")
        return (text[:5], f"{half}{hour if hour <= 12 else hour - 12}点{rest}", f"{hour}点{rest}", text)
    half, twelve = ("am" if hour < 12 else "pm"), hour % 12 or 12
    short = f"{twelve} {half}" if minute == 0 else f"{twelve}:{minute:02d} {half}"
    return (text[:5], short, short.replace(" ", ""), text, f"{twelve}:{minute:02d} {half}")


def _ordinal(day: int) -> str:
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


class Text:
    """A request in which values are looked for; what was found is taken, so that one mention explains one value."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = text.lower() if len(text.lower()) == len(text) else text
        self.taken = [False] * len(text)

    def find_spans(self, form: str) -> list[tuple[int, int]]:
        """Places where a form stands as a word of its own."""
        spans, needle = [], form.lower()
        if not needle:
            return []
        start = self.folded.find(needle)
        while start >= 0:
            end = start + len(needle)
            if not self._joins(start, -1, needle[0]) and not self._joins(end - 1, 1, needle[-1]):
                spans.append((start, end))
            start = self.folded.find(needle, start + 1)
        return spans

    def _joins(self, edge: int, step: int, letter: str) -> bool:
        """Whether the text goes on across an edge, as in 5|0, 5|.2 or Lis|bon."""
        beside = self.folded[edge + step] if 0 <= edge + step < len(self.folded) else " "
        if not (letter.isascii() and letter.isalnum()):
            return False
        if beside.isascii() and beside.isalnum():
            return not (letter.isdigit() and beside.isalpha() and step > 0 and _is_unit(self.folded, edge))
        if letter.isdigit() and beside in ".,-/:":
            after = self.folded[edge + 2 * step : edge + 2 * step + 1] if edge + 2 * step >= 0 else ""
            return after.isdigit()
        return beside == "_"

    def take(self, start: int, end: int) -> None:
        """Mark a span as explained."""
        self.taken[start:end] = [True] * (end - start)

    def is_free(self, start: int, end: int) -> bool:
        """Whether no part of a span is explained yet."""
        return not any(self.taken[start:end])


def _is_unit(text: str, edge: int) -> bool:
    """Whether the letters after a number are a unit or an ordinal: 5km, 3rd, 10am."""
    return bool(re.match(r"(?:[kc]?m|k?g|h|min|s|st|nd|rd|th|am|pm|%)\b", text[edge + 1 : edge + 5]))
