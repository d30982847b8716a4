"""UTF-8 seen from its bytes: which characters a beginning may still become."""

from functools import lru_cache

_LEADS = ((0xC2, 0xDF, 2), (0xE0, 0xEF, 3), (0xF0, 0xF4, 4))
_LEAST = {2: 0x80, 3: 0x800, 4: 0x10000}


def prefix_range(text: bytes) -> tuple[int, int] | None:
    """The code points whose UTF-8 begins with these bytes, as one inclusive range; None: not UTF-8."""
    if text[0] < 0x80:
        return (text[0], text[0]) if len(text) == 1 else None
    size = next((size for low, high, size in _LEADS if low <= text[0] <= high), 0)
    if not size or len(text) > size or any(not 0x80 <= byte < 0xC0 for byte in text[1:]):
        return None
    known = text[0] & (0x7F >> size)
    for byte in text[1:]:
        known = known << 6 | byte & 0x3F
    unknown = 6 * (size - len(text))
    low = max(known << unknown, _LEAST[size])
    high = min((known + 1 << unknown) - 1, 0x10FFFF)
    return (low, high) if low <= high else None


@lru_cache(maxsize=4096)
def first_bytes(ranges: tuple[tuple[int, int], ...]) -> frozenset[int]:
    """The bytes that characters of these ranges begin with."""
    found: set[int] = set()
    for low, high in ranges:
        found |= set(range(low, min(high, 0x7F) + 1))
        if high >= 0x80:
            found |= set(range(chr(max(low, 0x80)).encode()[0], chr(high).encode()[0] + 1))
    return frozenset(found)
