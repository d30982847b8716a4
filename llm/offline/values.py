"""Values for arguments: legal by the schema, chosen by what the parameter means.

A parameter `city` gets Lisbon (北京 in a Chinese request), `page_size` 25, `order_id` with the example XG20260418 another
id of that shape.
"""

import random
import re
import uuid
from typing import Any

from llm.offline.documents import Parameter, read_parameter, read_parameters
from llm.offline.patterns import compile_pattern, write_match
from llm.offline.words import CHINESE, load_data

_LONGEST_EXAMPLE = 44
_MAX_DEPTH = 4
_EXAMPLE = re.compile(
    r"(?:such as|e\.g\.,?|for example,?|for instance,?|例如|比如|如)[:：]?\s*[`'\"“]?([^`'\",;，；。“”()（）\n]{1,44})"
)
_TRIES = 12
_MOST_NESTED = 2
_RANGES = {
    "limit": (5, 50), "offset": (10, 200), "small": (2, 9), "year": (2019, 2026), "month": (2, 12), "timestamp": (1767225600, 1798675200),
    "id": (1042, 98765), "amount": (15, 950), "percent": (15, 95), "temperature": (16, 28), "age": (19, 78), "minutes": (15, 180),
    "distance": (2, 120), "weight": (2, 90), "count": (3, 40), "rate": (2, 20),
}  # fmt: skip
_REAL = {"latitude": (-60.0, 65.0), "longitude": (-120.0, 140.0), "rate": (0.1, 0.95), "weight": (0.5, 40.0), "amount": (5.0, 400.0),
         "distance": (1.0, 60.0), "temperature": (16.0, 28.0)}  # fmt: skip


class ValueWriter:
    """Chooses values for one request; the language decides which names and texts occur in it."""

    def __init__(self, language: str, rng: random.Random, share_optional: float = 0.3) -> None:
        self._language = language
        self._rng = rng
        self._share_optional = share_optional
        self._pools: dict[str, list[str]] = load_data("pools")[language]
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

    def _write_object(self, schema: dict[str, Any], depth: int, owner: str) -> dict[str, Any]:
        members = read_parameters(schema, owner)
        if not members:
            return {} if not schema.get("minProperties") else {"note": self._choose("note")}
        required = sum(p.is_required for p in members.values())
        least = max(1 if not required else 0, int(schema.get("minProperties") or 0) - required)
        most = least if depth >= 1 else max(least, self._rng.randint(0, _MOST_NESTED))
        chosen = self.choose_members(members, most)
        if depth >= _MAX_DEPTH:
            chosen = [p for p in chosen if p.is_required]
        return {p.name: self.write_value(p, depth + 1) for p in chosen}

    def _write_array(self, parameter: Parameter, depth: int) -> list[Any]:
        schema = parameter.schema
        items = schema.get("items")
        item = read_parameter(parameter.name, items if isinstance(items, dict) else {}, True)
        if item.meaning == "word" and item.kind == parameter.kind:
            return []
        item = item._replace(meaning=parameter.meaning)
        is_big = item.kind in ("object", "array")
        least, most = int(schema.get("minItems") or 1), int(schema.get("maxItems") or 99)
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
        schema, is_whole = parameter.schema, parameter.kind == "integer"
        low, high = _RANGES.get(parameter.meaning, _RANGES["count"])
        if parameter.meaning in _REAL and not is_whole:
            low, high = (int(bound) for bound in _REAL[parameter.meaning])
        least, most = _bounds(schema, is_whole)
        examples = [value for value in schema.get("examples") or () if _fits_number(value, is_whole, least, most)]
        if examples and self._rng.random() < 0.15:
            return self._rng.choice(examples)  # type: ignore[no-any-return]
        low = low if least is None or (most is not None and low > most) else max(low, int(least))
        if least is not None and low < least:
            low = int(least) + (1 if least > int(least) else 0)
        high = max(low, high) if most is None else max(low, min(high, int(most)) if high > low else int(most))
        if most is not None and low > most:
            return most if least is None or most >= least else least
        step = schema.get("multipleOf")
        value: int | float = self._rng.randint(low, high)
        if parameter.meaning in ("limit", "offset") and high - low >= 20:
            value = max(low, value // 5 * 5)
        if step:
            value = max(1 if value > 0 else 0, round(value / step)) * step
            return int(value) if is_whole else round(value, 6)
        if not is_whole and (parameter.meaning in _REAL or schema.get("maximum") == 1):
            top, bottom = (
                float(high if most is None else min(high, most)),
                float(low if least is None else max(low, least)),
            )
            if parameter.meaning == "rate" and most is None:
                bottom, top = _REAL["rate"] if least is None or least <= 0 else (bottom, top)
            value = round(self._rng.uniform(bottom, top), 4 if "tude" in parameter.meaning else 2)
        return value if not is_whole else int(value)

    def _write_string(self, parameter: Parameter) -> str:
        schema = parameter.schema
        for attempt in range(_TRIES):
            text = self._try_string(parameter, attempt)
            if text and _fits_string(text, schema) and (text not in self._used or attempt > 6):
                self._used.add(text)
                return text
        return self._force_string(schema)

    def _try_string(self, parameter: Parameter, attempt: int) -> str | None:
        schema, rng = parameter.schema, self._rng
        examples = [
            e for e in schema.get("examples") or () if isinstance(e, str) and 0 < len(e) <= 60 and "\n" not in e
        ]
        found = _EXAMPLE.search(str(schema.get("description") or ""))
        if found and not examples:
            examples = [found.group(1).split(". ")[0].strip(" .`'\"")] if len(found.group(1)) < _LONGEST_EXAMPLE else []
        is_foreign = (
            bool(examples)
            and (bool(CHINESE.search(examples[0])) != (self._language == "zh"))
            and parameter.meaning in self._pools
        )
        if schema.get("format") and attempt < 2:
            return self._choose(parameter.meaning, parameter.label_en)
        if "pattern" in schema and attempt < 5:
            if examples and attempt < 3:
                return _vary_example(rng.choice(examples), rng)
            return write_match(schema["pattern"], rng)
        is_generic = parameter.meaning in ("word", "id", "token", "name")
        if (
            examples
            and not is_foreign
            and attempt < 4
            and schema.get("format") is None
            and rng.random() < (0.85 if is_generic else 0.3)
        ):
            return _vary_example(rng.choice(examples), rng)
        return self._choose(parameter.meaning, parameter.label_en)

    def _force_string(self, schema: dict[str, Any]) -> str:
        if "pattern" in schema:
            return write_match(schema["pattern"], self._rng) or ""
        least, most = int(schema.get("minLength") or 1), int(schema.get("maxLength") or 40)
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "".join(self._rng.choice(letters) for _ in range(min(most, max(least, 6))))

    def _choose(self, meaning: str, label: str = "") -> str:
        maker = getattr(self, f"_make_{meaning}", None)
        if maker is not None:
            return str(maker(label))
        return self._rng.choice(self._pools.get(meaning) or self._pools["word"])

    def _make_date(self, label: str) -> str:
        year = self._rng.randint(1962, 2004) if "birth" in label else 2026
        month = self._rng.randint(1, 6) if re.search("start|from|begin|check ?in", label) else self._rng.randint(7, 12)
        return f"{year}-{month:02d}-{self._rng.randint(1, 28):02d}"

    def _make_time(self, label: str) -> str:
        return f"{self._rng.randint(7, 20):02d}:{self._rng.choice((0, 15, 30, 45)):02d}"

    def _make_datetime(self, label: str) -> str:
        return f"{self._make_date(label)}T{self._make_time(label)}:00Z"

    def _make_month(self, label: str) -> str:
        return f"2026-{self._rng.randint(1, 12):02d}"

    def _make_year(self, label: str) -> str:
        return str(self._rng.randint(2019, 2026))

    def _make_email(self, label: str) -> str:
        first, last = self._rng.choice(load_data("pools")["en"]["person"]).lower().split()[:2]
        return f"{first}.{last}@{self._rng.choice(self._pools['domain'])}"

    def _make_phone(self, label: str) -> str:
        if self._language == "zh":
            return f"13{self._rng.randint(100000000, 999999999)}"
        return f"+{self._rng.choice((44, 49, 351, 47))}{self._rng.randint(600000000, 799999999)}"

    def _make_url(self, label: str) -> str:
        return f"https://{self._rng.choice(self._pools['domain'])}/{self._rng.choice(self._pools['url_path'])}"

    def _make_image_url(self, label: str) -> str:
        return f"https://{self._rng.choice(self._pools['domain'])}/{self._rng.choice(self._pools['image_name'])}"

    def _make_uuid(self, label: str) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _make_ip(self, label: str) -> str:
        return f"10.{self._rng.randint(0, 250)}.{self._rng.randint(0, 250)}.{self._rng.randint(2, 250)}"

    def _make_ipv6(self, label: str) -> str:
        return f"2001:db8::{self._rng.randint(16, 60000):x}"

    def _make_postcode(self, label: str) -> str:
        return str(self._rng.randint(100000, 699999) if self._language == "zh" else self._rng.randint(10115, 89999))

    def _make_coordinates(self, label: str) -> str:
        return f"{self._rng.uniform(-60, 65):.3f},{self._rng.uniform(-120, 140):.3f}"

    def _make_token(self, label: str) -> str:
        return "".join(
            self._rng.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(self._rng.choice((10, 12, 16)))
        )

    def _make_base64(self, label: str) -> str:
        return self._rng.choice(("aGVsbG8gd29ybGQ=", "cXVhcnRlcmx5IHJlcG9ydA==", "c2lnbmVkIGNvbnRyYWN0"))

    def _make_password(self, label: str) -> str:
        return f"{self._rng.choice(('Maple', 'River', 'Falcon', 'Harbor'))}-{self._rng.randint(1000, 9999)}-{self._rng.choice('xyzkw')}"

    def _make_pointer(self, label: str) -> str:
        return f"/{self._rng.choice(self._pools['field_name'])}"

    def _make_plate(self, label: str) -> str:
        return f"KR {self._rng.randint(100, 999)} {self._rng.choice(('LM', 'ZT', 'AB', 'WX'))}"

    def _make_id(self, label: str) -> str:
        words = label.split()
        number = self._rng.randint(1042, 98765)
        if len(words) > 1 and self._rng.random() < 0.4:
            return f"{words[0][:3].upper()}-{number}" if words[0].isascii() else str(number)
        return str(number)


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
    if not re.search(r"\d", example) or re.fullmatch(r"\d{4}-\d\d.*|[\d:]{4,8}|\d{1,3}|v?\d+(\.\d+)+", example):
        return example
    text = re.sub(r"(?<=\d)\d", lambda _: str(rng.randrange(10)), example)
    return re.sub(r"(?<!\d)\d(?!\d)", lambda _: str(rng.randint(1, 9)), text)
