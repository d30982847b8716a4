"""Values for arguments: legal by the schema, chosen by what the parameter means.

A parameter `city` gets Lisbon (北京 in a Chinese request), `page_size` 25, `order_id` with the example XG20260418
another id of that shape.
"""

import math
import random
import re
from typing import Any

from llm.offline.documents import Parameter, read_parameter, read_parameters
from llm.offline.inventing import Inventor
from llm.offline.patterns import compile_pattern, write_match
from llm.offline.ranges import order_values
from llm.offline.words import CHINESE

_LONGEST_EXAMPLE = 44
_MAX_DEPTH = 4
_EXAMPLE = re.compile(
    r"(?:such as|e\.g\.,?|for example,?|for instance,?|例如|比如|如)[:：]?\s*[`'\"“]?([^`'\",;，；。“”()（）\n]{1,44})"
)
_TRIES = 12
_MOST_NESTED = 2
_RANGES: dict[str, tuple[float, float]] = {
    "limit": (5, 50), "offset": (10, 200), "small": (2, 9), "year": (2019, 2026), "month": (2, 12), "id": (1042, 98765),
    "timestamp": (1767225600, 1798675200), "amount": (15, 950), "percent": (15, 95), "temperature": (16, 28),
    "age": (19, 78), "minutes": (15, 180), "distance": (2, 120), "weight": (2, 90), "count": (3, 40), "rate": (2, 20),
}  # fmt: skip
_REAL_RANGES: dict[str, tuple[float, float]] = {
    "latitude": (-60, 65), "longitude": (-120, 140), "rate": (0.1, 0.95), "weight": (0.5, 40), "amount": (5, 400),
    "distance": (1, 60), "temperature": (16, 28),
}  # fmt: skip
_SHARE = (0.1, 0.95)
_SHAPED = frozenset(["month", "date", "time", "datetime", "currency", "country_code", "language_code", "airport"])
"""Meanings whose texts have a usual shape, which a pattern in the document mostly asks for."""


_FREE_TEXTS = frozenset(["note", "message", "reason", "title", "tag", "query", "problem"])
_SURE = frozenset(["id", "token", "uuid", "person", "url", "email", "message", "note"])
"""Meanings that an example found in another pool does not change."""


class ValueWriter:
    """Chooses values for one request; the language decides which names and texts occur in it."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self._language = language
        self._rng = rng
        self._inventor = Inventor(language, rng)
        self._used: set[str] = set()

    def write_value(self, parameter: Parameter, depth: int = 0) -> Any:
        """A legal value for a parameter."""
        schema = parameter.schema
        if "const" in schema:
            return schema["const"]
        options = [option for option in schema.get("enum") or () if option is not None and option != ""]
        if options:
            others = [option for option in options if option != schema.get("default")]
            return self._rng.choice(others or options)
        if parameter.kind == "boolean":
            default = schema.get("default")
            return not default if isinstance(default, bool) else self._rng.random() < 0.75
        if parameter.kind == "array":
            return self._write_array(parameter, depth)
        if parameter.kind == "object":
            return self._write_object(schema, depth, parameter.label_en)
        if parameter.kind in ("integer", "number"):
            return self._write_number(parameter)
        return None if parameter.kind == "null" else self._write_string(parameter)

    def choose_members(self, parameters: dict[str, Parameter], most_optional: int) -> list[Parameter]:
        """Required members and up to `most_optional` others, in the order of the document."""
        optional = [p for p in parameters.values() if not p.is_required and not _is_plumbing(p)]
        chosen = {p.name for p in self._rng.sample(optional, min(most_optional, len(optional)))}
        return [p for p in parameters.values() if p.is_required or p.name in chosen]

    def write_members(self, chosen: list[Parameter], depth: int = 0) -> dict[str, Any]:
        """A value for each of the members, ranges in order."""
        values = {parameter.name: self.write_value(parameter, depth) for parameter in chosen}
        return order_values(values, {parameter.name: parameter.schema for parameter in chosen}, self._rng)

    def _write_object(self, schema: dict[str, Any], depth: int, owner: str) -> dict[str, Any]:
        members = read_parameters(schema, owner)
        if not members:
            return {} if not schema.get("minProperties") else {"note": self._inventor.invent("note")}
        required = sum(p.is_required for p in members.values())
        least = max(1 if not required else 0, int(schema.get("minProperties") or 0) - required)
        most = least if depth >= 1 else max(least, self._rng.randint(0, _MOST_NESTED))
        chosen = self.choose_members(members, most)
        if depth >= _MAX_DEPTH:
            chosen = [p for p in chosen if p.is_required]
        return self.write_members(chosen, depth + 1)

    def _write_array(self, parameter: Parameter, depth: int) -> list[Any]:
        schema = parameter.schema
        items = schema.get("items")
        item = read_parameter(parameter.name, items if isinstance(items, dict) else {}, True)
        if item.meaning == "word" and item.kind == parameter.kind:
            return []
        described = {key: schema[key] for key in ("description",) if key in schema}  # with examples of one element
        item = item._replace(meaning=parameter.meaning, schema={**described, **item.schema})
        is_big = item.kind in ("object", "array")
        least, most = int(schema.get("minItems") or 1), int(schema.get("maxItems") or 99)
        if item.meaning == "word" and "enum" not in item.schema:
            most = max(least, min(most, len(_find_examples({**schema, **item.schema})) or most))
        count = max(least, min(most, 1 if is_big and depth else self._rng.choice((1, 2) if is_big else (1, 2, 2, 3))))
        values: list[Any] = []
        for _ in range(count * 3):
            value = self.write_value(item, depth + 1)
            if len(values) < count and value not in values:
                values.append(value)
        while len(values) < least and not schema.get("uniqueItems"):
            values.append(self.write_value(item, depth + 1))
        return values

    def _write_number(self, parameter: Parameter) -> int | float:
        schema, is_whole, meaning = parameter.schema, parameter.kind == "integer", parameter.meaning
        least, most = _bounds(schema, is_whole)
        examples = [value for value in schema.get("examples") or () if _fits_number(value, is_whole, least, most)]
        if examples and self._rng.random() < 0.15:
            return float(self._rng.choice(examples)) if not is_whole else int(self._rng.choice(examples))
        is_real = not is_whole and (meaning in _REAL_RANGES or schema.get("maximum") == 1)
        usual = _REAL_RANGES.get(meaning, _SHARE) if is_real else _RANGES.get(meaning, _RANGES["count"])
        low, high = _fit_range(usual, least, most)
        if is_real:
            value: int | float = round(self._rng.uniform(low, high), 4 if "itude" in meaning else 2)
        else:
            value = self._rng.randint(math.ceil(low), max(math.ceil(low), math.floor(high)))
        if meaning in ("limit", "offset") and high - low >= 20:
            value = max(math.ceil(low), value // 5 * 5)
        step = schema.get("multipleOf")
        if step:
            value = max(1, round(value / step)) * step
            value = int(value) if is_whole else round(value, 6)
        return value if most is None or value <= most else most

    def _write_string(self, parameter: Parameter) -> str:
        schema = parameter.schema
        for attempt in range(_TRIES):
            text = self._try_string(parameter, attempt)
            if text and _fits_string(text, schema) and (text not in self._used or attempt > 6):
                self._used.add(text)
                return text
        return self._force_string(schema)

    def _try_string(self, parameter: Parameter, attempt: int) -> str | None:
        """The document's own format first, then its examples' shape, then its pattern, then what the name means."""
        schema, rng, meaning = parameter.schema, self._rng, parameter.meaning
        examples = _find_examples(schema)
        if (schema.get("format") or meaning in _SHAPED) and attempt < 2 and not schema.get("examples"):
            return self._inventor.invent(meaning, parameter.label_en)
        if schema.get("format") and attempt < 4:
            return self._inventor.invent(meaning, parameter.label_en)
        if "pattern" in schema and attempt < 5:
            if examples and attempt < 3:
                return _vary_example(rng.choice(examples), rng)
            return write_match(schema["pattern"], rng)
        meaning = (meaning not in _SURE and examples and self._inventor.find_pool(examples[0])) or meaning
        is_native = bool(examples) and not self._is_foreign(examples[0], meaning)
        if is_native and attempt < 4 and rng.random() < self._example_share(examples[0], meaning):
            return _vary_example(rng.choice(examples), rng)
        return self._inventor.invent(meaning, parameter.label_en)

    def _example_share(self, example: str, meaning: str) -> float:
        """How often the document's own example is taken: mostly where the pool's texts are of another kind."""
        if meaning in ("word", "id", "token", "name"):
            return 1.0 if meaning == "word" else 0.85
        if meaning in _FREE_TEXTS:
            return 0.7
        return 0.3 if self._inventor.is_like_pool(example, meaning) else 0.9

    def _is_foreign(self, example: str, meaning: str) -> bool:
        """Whether an example is in the other language and there is something better."""
        return bool(CHINESE.search(example)) != (self._language == "zh") and self._inventor.has_pool(meaning)

    def _force_string(self, schema: dict[str, Any]) -> str:
        if "pattern" in schema:
            return write_match(schema["pattern"], self._rng) or ""
        least, most = int(schema.get("minLength") or 1), int(schema.get("maxLength") or 40)
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "".join(self._rng.choice(letters) for _ in range(min(most, max(least, 6))))


def _find_examples(schema: dict[str, Any]) -> list[str]:
    """Examples of the schema, or the one that its description names."""
    listed = [one for one in schema.get("examples") or () if isinstance(one, str) and _is_example(one)]
    found = _EXAMPLE.search(str(schema.get("description") or ""))
    if listed or found is None or len(found.group(1)) >= _LONGEST_EXAMPLE:
        return listed
    named = found.group(1).split(". ")[0].strip(" .`'\"")
    return [named] if named else []


def _is_example(text: str) -> bool:
    return 0 < len(text) <= 60 and not re.search("[\n，]", text)


def _is_plumbing(parameter: Parameter) -> bool:
    """Members that no person would bring up: credentials, page tokens, raw headers."""
    return parameter.meaning in ("token", "password", "base64", "pointer", "mime") or parameter.name.lower().startswith(
        "x-"
    )


def _bounds(schema: dict[str, Any], is_whole: bool) -> tuple[float | None, float | None]:
    least, most = schema.get("minimum"), schema.get("maximum")
    step = 1 if is_whole else 0.01
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, int | float) and not isinstance(above, bool):
        least = above + step
    if isinstance(below, int | float) and not isinstance(below, bool):
        most = below - step
    return least, most


def _fit_range(usual: tuple[float, float], least: float | None, most: float | None) -> tuple[float, float]:
    """The usual range within the schema's bounds; moved where the two do not meet."""
    low, high = usual
    if least is not None and least > low:
        low, high = least, max(high, least + high - low) if least >= high else high
    if most is not None and most < high:
        low, high = min(low, most) if least is None else max(least, min(low, most)), most
    return low, high


def _fits_number(value: Any, is_whole: bool, least: float | None, most: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def _fits_string(text: str, schema: dict[str, Any]) -> bool:
    if not int(schema.get("minLength") or 0) <= len(text) <= int(schema.get("maxLength") or 10_000):
        return False
    pattern = schema.get("pattern")
    compiled = compile_pattern(pattern) if pattern else None
    return compiled is None or bool(compiled.search(text))


def _vary_example(example: str, rng: random.Random) -> str:
    """Another text of the same shape: other digits after the first, everything else kept."""
    if not re.search(r"\d", example) or re.fullmatch(
        r"\d{4}-\d\d.*|[\d:]*:\d\d|(?:19|20)\d\d(?:\d{4})?|\d{1,3}|v?\d+(\.\d+)+", example
    ):
        return example
    text = re.sub(r"(?<=\d)\d", lambda _: str(rng.randrange(10)), example)
    return re.sub(r"(?<!\d)\d(?!\d)", lambda _: str(rng.randint(1, 9)), text)
