"""Texts by meaning: names and places from pools, dates, addresses and numbers made up."""

import functools
import random
import re
import uuid

from llm.offline.words import load_data

_PASSWORD_WORDS = ("Maple", "River", "Falcon", "Harbor")


class Inventor:
    """Makes up texts in one language."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self._language = language
        self._rng = rng
        self._pools: dict[str, list[str]] = load_data("pools")[language]

    def has_pool(self, meaning: str) -> bool:
        """Whether texts of this meaning differ by language."""
        return meaning in self._pools

    def find_pool(self, example: str) -> str | None:
        """Meaning of the pool that holds a document's example: a room such as "kitchen" is a room of a house."""
        return _pool_index().get(example.lower())

    def is_like_pool(self, example: str, meaning: str) -> bool:
        """Whether an example is written as the pool's texts are: with capitals, with digits, or without."""
        pool = self._pools.get(meaning)
        return not pool or _looks(example) == _looks(pool[0])

    def invent(self, meaning: str, label: str = "") -> str:
        """A text for a parameter; the label tells a start date from an end date."""
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

    def _make_slug(self, label: str) -> str:
        name: str = self._rng.choice(load_data("pools")["en"]["name"])
        return name.lower().replace(" ", "-")

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
        return f"{self._rng.choice(_PASSWORD_WORDS)}-{self._rng.randint(1000, 9999)}-{self._rng.choice('xyzkw')}"

    def _make_pointer(self, label: str) -> str:
        return f"/{self._rng.choice(self._pools['field_name'])}"

    def _make_plate(self, label: str) -> str:
        if self._language == "zh":
            letters = "ABCDEFGH"
            digits = self._rng.randint(100, 999)
            return f"{self._rng.choice('浙京沪粤苏川')}{self._rng.choice(letters)}{self._rng.choice(letters)}{digits}6"
        return f"KR {self._rng.randint(100, 999)} {self._rng.choice(('LM', 'ZT', 'AB', 'WX'))}"

    def _make_id(self, label: str) -> str:
        words = label.split()
        number = self._rng.randint(1042, 98765)
        if len(words) > 1 and self._rng.random() < 0.4:
            return f"{words[0][:3].upper()}-{number}" if words[0].isascii() else str(number)
        return str(number)


@functools.cache
def _pool_index() -> dict[str, str]:
    """Meaning by text, in both languages; texts of several meanings are left out."""
    found: dict[str, set[str]] = {}
    for pools in load_data("pools").values():
        for meaning, texts in pools.items():
            for text in texts:
                found.setdefault(text.lower(), set()).add(meaning)
    return {text: next(iter(meanings)) for text, meanings in found.items() if len(meanings) == 1}


def _looks(text: str) -> tuple[bool, bool]:
    return text[:1].islower(), bool(re.search(r"\d", text))
