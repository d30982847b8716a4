"""Whole numbers and decimals within bounds, as they are spelled: no exponent, no leading zeros, no -0.

A decimal has at most as many digits as keep it apart from a bound that it may not equal (15 significant digits are
always told apart by a double), so that what the text says and what a reader makes of it fall on the same side.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from serving.grammar.language import CharSet, Choice, Literal, Node, Repeat, char_set, choice, sequence

DIGIT = char_set((0x30, 0x39))
INTEGER_LIMIT = 10**18 - 1
"""Largest whole number where nothing bounds it: what 64 bits hold in every language."""
DECIMAL_LIMIT = 10**15 - 1
"""Largest whole part of a decimal: what a double holds exactly."""
MOST_DECIMALS = 17
NOTHING = Choice(())


@dataclass(frozen=True)
class Bounds:
    """Values between two bounds; None is no bound."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: Fraction | int) -> bool:
        """Whether a value lies within."""
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        return above and below

    def whole(self, limit: int) -> tuple[int, int]:
        """First and last whole number within; an open side ends at the limit, or beyond it if the other side does."""
        low, high = self.low, self.high
        first = None if low is None else floor(low) + 1 if self.low_open else ceil(low)
        last = None if high is None else ceil(high) - 1 if self.high_open else floor(high)
        first = _side(first, -limit, last, -1)
        return first, _side(last, limit, first, 1)

    def negated(self) -> "Bounds":
        """The same on the other side of zero."""
        low = None if self.high is None else -self.high
        high = None if self.low is None else -self.low
        return Bounds(low, high, self.high_open, self.low_open)

    def at_least(self, low: Fraction, is_open: bool) -> "Bounds":
        """These and a lower bound."""
        if self.low is not None and (self.low > low or (self.low == low and self.low_open)):
            return self
        return Bounds(low, self.high, is_open, self.high_open)

    def at_most(self, high: Fraction, is_open: bool) -> "Bounds":
        """These and an upper bound."""
        return self.negated().at_least(-high, is_open).negated()


def _side(bound: int | None, limit: int, other: int | None, sign: int) -> int:
    if bound is not None:
        return bound
    if other is None or other * sign < abs(limit):
        return limit
    return sign * (int("9" * len(str(abs(other)))) * 10 + 9)


def spell_integers(first: int, last: int) -> Node:
    """Whole numbers from first to last."""
    options: list[Node] = []
    if first < 0 and first <= last:
        options.append(sequence("-", _naturals(max(1, -last), -first)))
    if last >= 0 and first <= last:
        options.append(_naturals(max(0, first), last))
    return choice(options)


def spell_decimals(bounds: Bounds, decimals: int, is_broken: bool = False) -> Node:
    """Numbers with a point in them; `is_broken`: 1.0 is not one of them."""
    bounds = _within_doubles(bounds)
    negative = bounds.negated().at_least(Fraction(0), True)
    sides = [("", bounds.at_least(Fraction(0), False)), ("-", negative)]
    options = [sequence(sign, part) for sign, side in sides for part in _unsigned_decimals(side, decimals, is_broken)]
    return choice(options)


def room_for_decimals(bounds: Bounds) -> int:
    """How many digits after the point keep a decimal apart from both bounds."""
    edges = [abs(edge) for edge in (bounds.low, bounds.high) if edge is not None]
    return min([MOST_DECIMALS, *(15 - 1 - _magnitude(edge) for edge in edges if 0 < edge <= DECIMAL_LIMIT)])


def decimals_of(value: Fraction) -> str | None:
    """Digits after the point of a number between 0 and 1; None if they have no end."""
    digits = ""
    while value and len(digits) < 400:
        value *= 10
        digits += str(floor(value))
        value -= floor(value)
    return None if value else digits


def _within_doubles(bounds: Bounds) -> Bounds:
    """Without what lies beyond the whole numbers that doubles hold: there is nothing after the point there."""
    edge = Fraction(DECIMAL_LIMIT + 1)
    if bounds.high is None or bounds.high > edge:
        bounds = bounds.at_most(edge, True)
    return bounds.at_least(-edge, True) if bounds.low is None or bounds.low < -edge else bounds


def _magnitude(value: Fraction) -> int:
    """The power of ten of the leading digit."""
    shift = 0
    while value < 1 and shift < MOST_DECIMALS:
        value, shift = value * 10, shift + 1
    return len(str(floor(value))) - 1 - shift


def _unsigned_decimals(bounds: Bounds, decimals: int, is_broken: bool) -> list[Node]:
    limit = 10**7 - 1 if is_broken else DECIMAL_LIMIT
    decimals = min(decimals, 8) if is_broken else decimals
    bounds = bounds.at_most(Fraction(limit + 1), True)
    low, high = bounds.low or Fraction(0), bounds.high or Fraction(0)
    if low > high or decimals < 1:
        return []
    first, last = floor(low), floor(high)
    lowest = ("", True) if is_broken else None
    begin = _Edge(decimals_of(low - first) or "", bounds.low_open) if low > first or bounds.low_open else None
    end = _Edge(decimals_of(high - last) or "", bounds.high_open)
    zero = _Edge(*lowest) if lowest else None
    options: list[Node] = []
    if first == last:
        return _pointed(Literal(str(first)), _fraction(begin or zero, end, decimals, False))
    if begin is not None:
        options += _pointed(Literal(str(first)), _fraction(begin, None, decimals, False))
        first += 1
    if first <= last - 1:
        options += _pointed(_naturals(first, last - 1), _fraction(zero, None, decimals, False))
    return options + _pointed(Literal(str(last)), _fraction(zero, end, decimals, False))


def _pointed(whole: Node, fraction: Node) -> list[Node]:
    return [] if fraction == NOTHING else [sequence(whole, ".", fraction)]


@dataclass(frozen=True)
class _Edge:
    """A bound on the digits that follow: not below (or above) 0.digits; open: not equal either."""

    digits: str
    is_open: bool


def _fraction(low: _Edge | None, high: _Edge | None, room: int, may_end: bool = True) -> Node:
    if low is not None and not low.digits.strip("0") and not low.is_open:
        low = None
    if high is not None and not high.digits.strip("0"):
        if high.is_open or low is not None:
            return NOTHING
        return Repeat(Literal("0"), 0 if may_end else 1, room) if room else Literal("")
    if low is None and high is None:
        return Repeat(DIGIT, 0 if may_end else 1, room) if room else Literal("")
    options: list[Node] = [Literal("")] if may_end and low is None else []
    if room:
        options += _digit_steps(low, high, room)
    kept = [each for each in options if each != NOTHING]
    return choice(kept)


def _digit_steps(low: _Edge | None, high: _Edge | None, room: int) -> list[Node]:
    first = -1 if low is None else int(low.digits[:1] or "0")
    last = 10 if high is None else int(high.digits[0])
    rest_low = None if low is None else _Edge(low.digits[1:], low.is_open)
    rest_high = None if high is None else _Edge(high.digits[1:], high.is_open)
    if first > last:
        return []
    if first == last:
        return [_after(str(first), _fraction(rest_low, rest_high, room - 1))]
    options: list[Node] = []
    if low is not None:
        options.append(_after(str(first), _fraction(rest_low, None, room - 1)))
    if first + 1 <= last - 1:
        between = _digits(first + 1, last - 1)
        options.append(sequence(between, Repeat(DIGIT, 0, room - 1)) if room > 1 else between)
    if high is not None:
        options.append(_after(str(last), _fraction(None, rest_high, room - 1)))
    return options


def _after(digit: str, rest: Node) -> Node:
    return NOTHING if rest == NOTHING else sequence(digit, rest)


def _digits(first: int, last: int) -> Node:
    return Literal(str(first)) if first == last else CharSet(((0x30 + first, 0x30 + last),))


def _naturals(low: int, high: int) -> Node:
    if low > high:
        return NOTHING
    if low == 0:
        return choice(["0", _naturals(1, high)]) if high else Literal("0")
    options: list[Node] = []
    full: list[int] = []
    for length in range(len(str(low)), len(str(high)) + 1):
        first, last = max(low, 10 ** (length - 1)), min(high, 10**length - 1)
        if first == 10 ** (length - 1) and last == 10**length - 1:
            full.append(length)
        else:
            options.append(_same_length(str(first), str(last)))
    if full:
        rest = Repeat(DIGIT, full[0] - 1, full[-1] - 1)
        options.append(sequence(_digits(1, 9), rest) if full[-1] > 1 else _digits(1, 9))
    return choice(options)


def _same_length(low: str, high: str) -> Node:
    if not low:
        return Literal("")
    count = len(low) - 1
    if low[0] == high[0]:
        return sequence(low[0], _same_length(low[1:], high[1:]))
    if not low.strip("0") and not high.strip("9"):
        return Repeat(DIGIT, count + 1, count + 1)
    first, last = int(low[0]), int(high[0])
    options: list[Node] = []
    if low[1:].strip("0"):
        options.append(sequence(low[0], _same_length(low[1:], "9" * count)))
        first += 1
    if high[1:].strip("9"):
        options.append(sequence(high[0], _same_length("0" * count, high[1:])))
        last -= 1
    if first <= last:
        rest = Repeat(DIGIT, count, count) if count else Literal("")
        options.append(sequence(_digits(first, last), rest))
    return choice(options)
